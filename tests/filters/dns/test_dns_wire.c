/* SPDX-License-Identifier: ISC */
#include "filters/dns/dns_wire.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 1024 * 1024, PACKET_MAX = 65536 };

ARENA_TESTS(ARENA_MAX);

struct packet {
    size_t len;
    unsigned char octets[PACKET_MAX];
};

static void octets(struct packet *p, const void *from, size_t count)
{
    assert_true(p->len + count <= PACKET_MAX);
    memcpy(p->octets + p->len, from, count);
    p->len += count;
}

#define OCTETS(packet, literal) octets((packet), "" literal, sizeof(literal) - 1)

static void number(struct packet *p, unsigned n)
{
    octets(p, (unsigned char[]){(unsigned char)(n >> 8), (unsigned char)n}, 2);
}

/* "a.example" as labels, with the root at its end. */
static void name(struct packet *p, const char *text)
{
    struct slice label, rest = slice_of(text);
    while (rest.len) {
        slice_cut(rest, '.', &label, &rest);
        octets(p, (unsigned char[]){(unsigned char)label.len}, 1);
        octets(p, label.ptr, label.len);
    }
    OCTETS(p, "\0");
}

/* A packet that answers `type` of "a.test", which stands at octet 12. */
static void begin(struct packet *p, unsigned rcode, enum dns_type type)
{
    *p = (struct packet){0};
    number(p, 0x1234);
    number(p, 0x8180 | rcode);
    number(p, 1);
    OCTETS(p, "\0\0\0\0\0\0");
    name(p, "a.test");
    number(p, type);
    number(p, 1);
}

#define QNAME "\xc0\x0c"

/* A record of the answer section, with its owner given as octets. */
static void record_of(struct packet *p, const char *owner, size_t owner_size, unsigned type,
                      const void *data, size_t size)
{
    octets(p, owner, owner_size);
    number(p, type);
    number(p, 1);
    OCTETS(p, "\0\0\0\x3c");
    number(p, (unsigned)size);
    octets(p, data, size);
    unsigned count = (unsigned)p->octets[6] << 8 | p->octets[7];
    p->octets[6] = (unsigned char)((count + 1) >> 8);
    p->octets[7] = (unsigned char)(count + 1);
}

#define RECORD(packet, owner, type, data)                                                          \
    record_of((packet), "" owner, sizeof(owner) - 1, (type), "" data, sizeof(data) - 1)

/* Read from an allocation of exactly its size, so that sanitizers see a step too far. */
static struct dns_answer read_prefix(const struct packet *p, size_t len, enum dns_type type)
{
    struct dns_answer answer;
    char *copy = malloc(len + !len);
    memcpy(copy, p->octets, len);
    dns_wire_read((struct slice){copy, len}, type, arena, &answer);
    free(copy);
    return answer;
}

static struct dns_answer read_all(const struct packet *p, enum dns_type type)
{
    return read_prefix(p, p->len, type);
}

static void assert_text(struct slice got, const char *expected)
{
    if (!slice_eq(got, slice_of(expected)))
        fail_msg("'%.*s' instead of '%s'", SLICE_ARGS(got), expected);
}

TEST(test_addresses)
{
    struct packet p;
    char text[46];
    begin(&p, 0, DNS_A);
    RECORD(&p, QNAME, DNS_A, "\xc0\0\2\1");
    RECORD(&p, QNAME, DNS_A, "\xc0\0\2\2");
    struct dns_answer got = read_all(&p, DNS_A);
    assert_int_equal(got.status, DNS_FOUND);
    assert_int_equal(got.count, 2);
    assert_false(got.authenticated);
    ip_text(&got.records[1].ip, text);
    assert_string_equal(text, "192.0.2.2");
    begin(&p, 0, DNS_AAAA);
    RECORD(&p, QNAME, DNS_AAAA, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
    got = read_all(&p, DNS_AAAA);
    assert_int_equal(got.status, DNS_FOUND);
    ip_text(&got.records[0].ip, text);
    assert_string_equal(text, "2001:db8::1");
}

TEST(test_an_address_of_the_wrong_size_is_a_failure)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    RECORD(&p, QNAME, DNS_A, "\xc0\0\2\1\0");
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
    begin(&p, 0, DNS_A);
    RECORD(&p, QNAME, DNS_A, "");
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
    begin(&p, 0, DNS_AAAA);
    RECORD(&p, QNAME, DNS_AAAA, "\xc0\0\2\1");
    assert_int_equal(read_all(&p, DNS_AAAA).status, DNS_FAILED);
}

TEST(test_names_are_decompressed_and_made_small)
{
    struct packet p;
    begin(&p, 0, DNS_MX);
    RECORD(&p, "\1A\4tEsT\0", DNS_MX, "\0\x0a\2MX" QNAME);
    RECORD(&p, QNAME, DNS_MX, "\xff\xff\0");
    RECORD(&p, "\1a\xc0\x0e", DNS_MX, "\0\0\3mx2\xc0\x0e");
    struct dns_answer got = read_all(&p, DNS_MX);
    assert_int_equal(got.status, DNS_FOUND);
    assert_int_equal(got.count, 3);
    assert_int_equal(got.records[0].preference, 10);
    assert_text(got.records[0].text, "mx.a.test");
    assert_int_equal(got.records[1].preference, 65535);
    assert_text(got.records[1].text, "");
    assert_text(got.records[2].text, "mx2.test");
}

TEST(test_odd_octets_of_a_name_are_escaped)
{
    struct packet p;
    begin(&p, 0, DNS_PTR);
    RECORD(&p, QNAME, DNS_PTR, "\7a.b\\\0\xff \4tEst\0");
    assert_text(read_all(&p, DNS_PTR).records[0].text, "a\\046b\\092\\000\\255\\032.test");
}

TEST(test_strings_are_joined)
{
    struct packet p;
    begin(&p, 0, DNS_TXT);
    RECORD(&p, QNAME, DNS_TXT, "\3v=s\0\4pf1 \1\0");
    RECORD(&p, QNAME, DNS_TXT, "\0");
    struct dns_answer got = read_all(&p, DNS_TXT);
    assert_int_equal(got.count, 2);
    assert_true(slice_eq(got.records[0].text, SLICE("v=spf1 \0")));
    assert_int_equal(got.records[1].text.len, 0);
}

TEST(test_strings_past_their_record_are_a_failure)
{
    struct packet p;
    begin(&p, 0, DNS_TXT);
    RECORD(&p, QNAME, DNS_TXT, "\4abc");
    RECORD(&p, QNAME, DNS_TXT, "\3abc");
    assert_int_equal(read_all(&p, DNS_TXT).status, DNS_FAILED);
    begin(&p, 0, DNS_TXT);
    RECORD(&p, QNAME, DNS_TXT, "");
    assert_int_equal(read_all(&p, DNS_TXT).status, DNS_FAILED);
}

TEST(test_cnames_are_followed_in_order)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    RECORD(&p, QNAME, DNS_CNAME, "\1B\xc0\x0e");
    RECORD(&p, "\1b\4test\0", 46, "signature");
    RECORD(&p, "\1b\4test\0", DNS_CNAME, "\1c\0");
    RECORD(&p, "\1b\4test\0", DNS_A, "\xc0\0\2\1");
    RECORD(&p, "\1C\0", DNS_A, "\xc0\0\2\2");
    RECORD(&p, QNAME, DNS_A, "\xc0\0\2\3");
    struct dns_answer got = read_all(&p, DNS_A);
    assert_int_equal(got.status, DNS_FOUND);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.records[0].ip.bytes[3], 2);
}

TEST(test_a_cname_that_is_asked_for_is_an_answer)
{
    struct packet p;
    begin(&p, 0, DNS_CNAME);
    RECORD(&p, QNAME, DNS_CNAME, "\1b\xc0\x0e");
    RECORD(&p, "\1b\4test\0", DNS_CNAME, "\1c\0");
    struct dns_answer got = read_all(&p, DNS_CNAME);
    assert_int_equal(got.count, 1);
    assert_text(got.records[0].text, "b.test");
}

TEST(test_a_cname_loop_has_no_data)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    for (int i = 0; i < 200; i++) {
        RECORD(&p, QNAME, DNS_CNAME, "\1b\xc0\x0e");
        RECORD(&p, "\1b\4test\0", DNS_CNAME, QNAME);
    }
    assert_int_equal(read_all(&p, DNS_A).status, DNS_NO_DATA);
}

TEST(test_absence_and_failure_are_told_apart)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    assert_int_equal(read_all(&p, DNS_A).status, DNS_NO_DATA);
    begin(&p, 3, DNS_A);
    assert_int_equal(read_all(&p, DNS_A).status, DNS_NO_NAME);
    RECORD(&p, QNAME, DNS_CNAME, "\1b\xc0\x0e");
    assert_int_equal(read_all(&p, DNS_A).status, DNS_NO_NAME);
    for (unsigned rcode = 1; rcode < 16; rcode++) {
        begin(&p, rcode, DNS_A);
        RECORD(&p, QNAME, DNS_A, "\xc0\0\2\1");
        struct dns_answer got = read_all(&p, DNS_A);
        assert_int_equal(got.status, rcode == 3 ? DNS_NO_NAME : DNS_FAILED);
        assert_int_equal(got.count, 0);
    }
}

TEST(test_what_is_no_whole_answer_is_a_failure)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    p.octets[2] |= 0x02; /* truncated */
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
    begin(&p, 0, DNS_A);
    p.octets[2] &= 0x7f; /* a query */
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
    begin(&p, 0, DNS_A);
    p.octets[5] = 0; /* without a question */
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
    begin(&p, 0, DNS_A);
    p.octets[7] = 1; /* with a record that is missing */
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
}

TEST(test_records_of_others_do_not_count)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    RECORD(&p, "\1x\xc0\x0e", DNS_A, "\xc0\0\2\1");
    RECORD(&p, "\7a\\.test\0", DNS_A, "\xc0\0\2\1");
    RECORD(&p, "\6a.test\0", DNS_A, "\xc0\0\2\1");
    RECORD(&p, QNAME, DNS_AAAA, "\xc0\0\2\1");
    RECORD(&p, QNAME, DNS_A, "\xc0\0\2\1");
    p.octets[p.len - 11] = 3; /* class CHAOS */
    assert_int_equal(read_all(&p, DNS_A).status, DNS_NO_DATA);
}

static void owner_fails(const char *owner, size_t size)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    record_of(&p, owner, size, DNS_A, "\xc0\0\2\1", 4);
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
}

#define OWNER_FAILS(owner) owner_fails("" owner, sizeof(owner) - 1)

TEST(test_names_that_lead_nowhere_are_failures)
{
    OWNER_FAILS("\xc0\x18");          /* to itself */
    OWNER_FAILS("\1a\xc0\x18");       /* to its own beginning */
    OWNER_FAILS("\xc0\x19");          /* into itself */
    OWNER_FAILS("\xff\xff");          /* past the end */
    OWNER_FAILS("\x80\0");            /* a label of no kind */
    OWNER_FAILS("\x41\0");            /* another */
    OWNER_FAILS("\1a\1b\1c\xc0\x1a"); /* round and round */
}

TEST(test_a_chain_of_pointers_has_an_end)
{
    for (unsigned hops = 126; hops <= 130; hops++) {
        struct packet p;
        begin(&p, 0, DNS_A);
        size_t chain = p.len + 12; /* in the data of a record that is skipped */
        unsigned char data[2 * 130];
        for (unsigned i = 0; i < hops; i++) {
            unsigned target = i ? (unsigned)chain + 2 * (i - 1) : 12;
            data[2 * i] = (unsigned char)(0xc0 | target >> 8);
            data[2 * i + 1] = (unsigned char)target;
        }
        record_of(&p, QNAME, 2, 99, data, 2 * (size_t)hops);
        unsigned last = (unsigned)chain + 2 * (hops - 1);
        record_of(&p, (char[]){(char)(0xc0 | last >> 8), (char)last}, 2, DNS_A, "\xc0\0\2\1", 4);
        assert_int_equal(read_all(&p, DNS_A).status, hops < 128 ? DNS_FOUND : DNS_FAILED);
    }
}

TEST(test_a_name_has_at_most_255_octets)
{
    for (int last = 61; last <= 62; last++) {
        struct packet p;
        unsigned char data[300], *at = data;
        for (int label = 0; label < 4; label++) {
            int length = label == 3 ? last : 63;
            *at++ = (unsigned char)length;
            memset(at, 1, (size_t)length);
            at += length;
        }
        *at++ = 0;
        begin(&p, 0, DNS_PTR);
        record_of(&p, QNAME, 2, DNS_PTR, data, (size_t)(at - data));
        struct dns_answer got = read_all(&p, DNS_PTR);
        assert_int_equal(got.status, last == 61 ? DNS_FOUND : DNS_FAILED);
        if (got.count)
            assert_int_equal(got.records[0].text.len, (63 * 3 + 61) * 4 + 3);
    }
}

TEST(test_a_target_fills_its_record)
{
    struct packet p;
    begin(&p, 0, DNS_PTR);
    RECORD(&p, QNAME, DNS_PTR, "\1b\0x");
    assert_int_equal(read_all(&p, DNS_PTR).status, DNS_FAILED);
    begin(&p, 0, DNS_PTR);
    RECORD(&p, QNAME, DNS_PTR, "\1b");
    RECORD(&p, "\0", 99, "");
    assert_int_equal(read_all(&p, DNS_PTR).status, DNS_FAILED);
    begin(&p, 0, DNS_MX);
    RECORD(&p, QNAME, DNS_MX, "\0");
    assert_int_equal(read_all(&p, DNS_MX).status, DNS_FAILED);
}

TEST(test_caps)
{
    struct packet p;
    begin(&p, 0, DNS_A);
    for (unsigned i = 0; i < DNS_WIRE_RECORDS_MAX; i++)
        RECORD(&p, QNAME, DNS_A, "\xc0\0\2\1");
    assert_int_equal(read_all(&p, DNS_A).count, DNS_WIRE_RECORDS_MAX);
    RECORD(&p, QNAME, DNS_A, "\xc0\0\2\1");
    assert_int_equal(read_all(&p, DNS_A).status, DNS_FAILED);
    unsigned char text[256];
    memset(text, 'x', sizeof text);
    text[0] = 255;
    begin(&p, 0, DNS_TXT);
    for (unsigned i = 0; i < DNS_WIRE_TEXT_MAX / 255; i++)
        record_of(&p, QNAME, 2, DNS_TXT, text, sizeof text);
    assert_int_equal(read_all(&p, DNS_TXT).status, DNS_FOUND);
    record_of(&p, QNAME, 2, DNS_TXT, text, sizeof text);
    assert_int_equal(read_all(&p, DNS_TXT).status, DNS_FAILED);
}

TEST(test_a_full_arena_is_a_failure)
{
    struct packet p;
    begin(&p, 0, DNS_TXT);
    for (int i = 0; i < 10; i++)
        RECORD(&p, QNAME, DNS_TXT, "\3abc");
    for (size_t room = 1; room < 2000; room += 7) {
        struct arena *small = arena_new(room);
        struct dns_answer got;
        dns_wire_read((struct slice){(char *)p.octets, p.len}, DNS_TXT, small, &got);
        assert_int_equal(got.status, arena_failed(small) ? DNS_FAILED : DNS_FOUND);
        assert_int_equal(got.count, got.status == DNS_FOUND ? 10 : 0);
        arena_free(&small);
    }
}

TEST(test_every_prefix_is_a_failure)
{
    struct packet p;
    begin(&p, 0, DNS_MX);
    RECORD(&p, QNAME, DNS_CNAME, "\1b\xc0\x0e");
    RECORD(&p, "\1b\4test\0", DNS_MX, "\0\1\2mx\xc0\x0e");
    RECORD(&p, "\1b\xc0\x0e", DNS_MX, "\0\2\3mx2\xc0\x0e");
    for (size_t len = 0; len < p.len; len++)
        assert_int_equal(read_prefix(&p, len, DNS_MX).status, DNS_FAILED);
    assert_int_equal(read_all(&p, DNS_MX).count, 2);
}

/* Whatever one octet becomes: no more than an answer or a failure. */
TEST(test_every_octet_changed)
{
    struct packet p;
    begin(&p, 0, DNS_TXT);
    RECORD(&p, QNAME, DNS_CNAME, "\1b\xc0\x0e");
    RECORD(&p, "\1b\4test\0", DNS_TXT, "\3abc\2de");
    for (size_t at = 0; at < p.len; at++)
        for (unsigned value = 0; value < 256; value++) {
            unsigned char before = p.octets[at];
            p.octets[at] = (unsigned char)value;
            struct dns_answer got = read_all(&p, DNS_TXT);
            assert_int_equal(got.count > 0, got.status == DNS_FOUND);
            p.octets[at] = before;
            arena_reset(arena);
        }
}

TEST(test_a_question_escapes_what_is_not_plain)
{
    char out[DNS_QUESTION_SIZE];
    assert_true(dns_question(SLICE("Sel_1._DomainKey.Example.com"), out));
    assert_string_equal(out, "sel_1._domainkey.example.com");
    assert_true(dns_question(SLICE("a\\b\"\0.\xff;/ "), out));
    assert_string_equal(out, "a\\092b\\034\\000.\\255\\059\\047\\032");
}

TEST(test_a_question_that_cannot_be_asked)
{
    char out[DNS_QUESTION_SIZE], longest[254];
    static const struct slice names[] = {{"", 0}, {".", 1}, {"a..b", 4}, {".a", 2}, {"a.", 2}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(dns_question(names[i], out));
    memset(longest, '\xff', sizeof longest);
    for (size_t i = 63; i < sizeof longest; i += 64)
        longest[i] = '.';
    assert_true(dns_question((struct slice){longest, 253}, out));
    assert_int_equal(strlen(out), 250 * 4 + 3);
    assert_false(dns_question((struct slice){longest, 254}, out));
    longest[63] = 'x';
    assert_false(dns_question((struct slice){longest, 253}, out));
}
