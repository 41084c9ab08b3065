/* SPDX-License-Identifier: ISC */
#include "common/record.h"

#include "tests/harness/unit.h"

#include <string.h>

ARENA_TESTS(64 << 20);

enum { ROOM = 160 * 1024 };

static struct facts facts;

static struct value names(size_t count)
{
    struct value *items = arena_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = value_text(SLICE("192.0.2.0/24 is listed, and a text of some length with it"));
    return (struct value){.state = VALUE_KNOWN, .list = {items, count, false}};
}

static struct record a_record(void)
{
    static const struct record_recipient recipients[] = {
        {{"u@example.com", 13}, {NULL, 0}, {NULL, 0}},
        {{"v@example.com", 13}, {"reject", 6}, {"550 5.7.1 no", 12}}};
    static const struct slice rules[] = {{"light", 5}, {"dark", 4}}, observed[] = {{"odd", 3}};
    static const struct record_points points[] = {{{"links", 5}, 2.5}, {{"helo", 4}, -1}};
    static const struct record_edit edits[] = {{{"header add", 10}, {"X-A", 3}, {"1", 1}, 0},
                                               {{"strip", 5}, {NULL, 0}, {"gone", 4}, 7}};
    static struct record_keyed keyed[1];
    facts = (struct facts){.unexamined = false};
    facts.fact[FACT_HELO] = value_text(SLICE("h.example"));
    facts.fact[FACT_TLS_SNI] = value_absent();
    facts.fact[FACT_SPF_RESULT] = value_unknown();
    facts.fact[FACT_DNSBL_LISTS] = names(2);
    keyed[0] = (struct record_keyed){FACT_HEADER, SLICE("header[\"x\"]"), names(1)};
    struct record r = {.time = 1795860000123,
                       .client = {.family = 4, .bytes = {192, 0, 2, 1}},
                       .id = SLICE("0123456789.1"),
                       .verdict = SLICE("reject"),
                       .subject = SLICE("a \"subject\"\n\xff"),
                       .size = 4096,
                       .dns = {3, 17},
                       .recipients = recipients,
                       .recipient_count = 2,
                       .rules = rules,
                       .rule_count = 2,
                       .observed = observed,
                       .observed_count = 1,
                       .points = points,
                       .point_count = 2,
                       .edits = edits,
                       .edit_count = 2,
                       .score = 1.5,
                       .facts = &facts,
                       .keyed = keyed,
                       .keyed_count = 1};
    return r;
}

static struct slice encoded(struct buf *out, const struct record *r)
{
    *out = buf_init(ROOM);
    assert_true(record_encode(out, r));
    return buf_slice(out);
}

static void assert_json(const struct record *r, const char *wanted)
{
    struct buf json = buf_init(ROOM);
    assert_true(record_json(&json, r));
    assert_true(buf_char(&json, '\0'));
    assert_string_equal(buf_slice(&json).ptr, wanted);
    buf_release(&json);
}

static const char as_json[] =
    "{\"time\":\"2026-11-28T10:00:00.123Z\",\"client\":\"192.0.2.1\",\"id\":\"0123456789.1\","
    "\"from\":\"\",\"subject\":\"a "
    "\\\"subject\\\"\\n\xef\xbf\xbd\",\"size\":4096,\"verdict\":\"reject\","
    "\"rcpt\":[\"u@example.com\",\"v@example.com\"],"
    "\"fates\":[{\"rcpt\":\"v@example.com\",\"verdict\":\"reject\",\"reply\":\"550 5.7.1 no\"}],"
    "\"rules\":[\"light\",\"dark\"],\"observed\":[\"odd\"],\"score\":1.5,"
    "\"score_parts\":{\"links\":2.5,\"helo\":-1},"
    "\"edits\":[{\"kind\":\"header add\",\"name\":\"X-A\",\"value\":\"1\"},"
    "{\"kind\":\"strip\",\"value\":\"gone\",\"part\":7}],"
    "\"cost\":{\"dns\":{\"count\":3,\"ms\":17}},"
    "\"facts\":{\"helo\":\"h.example\",\"tls.sni\":null,"
    "\"dnsbl.lists\":[\"192.0.2.0/24 is listed, and a text of some length with it\","
    "\"192.0.2.0/24 is listed, and a text of some length with it\"],\"spf.result\":\"unknown\","
    "\"header[\\\"x\\\"]\":[\"192.0.2.0/24 is listed, and a text of some length with it\"]}}";

TEST(test_what_is_written_is_read)
{
    struct buf out;
    struct record r = a_record(), back;
    assert_json(&r, as_json);
    assert_true(record_decode(encoded(&out, &r), arena, &back));
    assert_json(&back, as_json);
    buf_release(&out);
}

TEST(test_an_empty_record_is_one)
{
    struct buf out;
    struct record r = {.time = 0}, back;
    assert_true(record_decode(encoded(&out, &r), arena, &back));
    assert_json(&back,
                "{\"time\":\"1970-01-01T00:00:00.000Z\",\"from\":\"\",\"rcpt\":[],\"rules\":[],"
                "\"observed\":[],\"score\":0,\"score_parts\":{},\"cost\":{},\"facts\":{}}");
    buf_release(&out);
}

TEST(test_no_part_of_a_record_is_a_record)
{
    struct buf out;
    struct record r = a_record(), back;
    struct slice whole = encoded(&out, &r);
    for (size_t n = 0; n < whole.len; n++)
        assert_false(record_decode(slice_sub(whole, 0, n), arena, &back));
    buf_release(&out);
}

TEST(test_octets_that_are_left_over_are_refused)
{
    struct buf out;
    struct record r = a_record(), back;
    encoded(&out, &r);
    buf_char(&out, 0);
    assert_false(record_decode(buf_slice(&out), arena, &back));
    buf_release(&out);
}

/* Whatever one octet becomes, the reader stays within what it was given. */
TEST(test_one_octet_changed_does_no_harm)
{
    struct buf out;
    struct record r = a_record(), back;
    struct slice whole = encoded(&out, &r);
    char *octets = arena_alloc(arena, whole.len);
    memcpy(octets, whole.ptr, whole.len);
    for (size_t n = 0; n < whole.len; n++) {
        struct arena *own = arena_new(1 << 20);
        octets[n] = (char)(octets[n] ^ 0xff);
        record_decode((struct slice){octets, whole.len}, own, &back);
        octets[n] = whole.ptr[n];
        arena_free(&own);
    }
    buf_release(&out);
}

TEST(test_a_list_that_does_not_fit_is_cut_and_says_so)
{
    struct buf out;
    struct record r = a_record(), back;
    facts.fact[FACT_DNSBL_LISTS] = names(10000);
    assert_true(record_decode(encoded(&out, &r), arena, &back));
    const struct value *lists = &back.facts->fact[FACT_DNSBL_LISTS];
    assert_true(lists->list.cut);
    assert_in_range(lists->list.count, 1000, 9999);
    assert_true(slice_eq(back.facts->fact[FACT_HELO].text, SLICE("h.example")));
    buf_release(&out);
}

TEST(test_recipients_that_have_no_room_are_told_as_a_number)
{
    struct buf out;
    struct record r = a_record(), back;
    struct record_recipient *many = arena_array(arena, 10000, sizeof *many);
    for (size_t i = 0; i < 10000; i++)
        many[i] = (struct record_recipient){SLICE("a.rather.long.address@of.somebody.example.com"),
                                            SLICE("reject"), SLICE("550 5.1.1 nobody here")};
    r.recipients = many;
    r.recipient_count = 10000;
    assert_true(record_decode(encoded(&out, &r), arena, &back));
    assert_in_range(back.recipient_count, 500, 2000);
    assert_int_equal(back.recipient_count + (size_t)back.left_out, 10000);
    assert_true(slice_eq(back.id, r.id));
    buf_release(&out);
}

TEST(test_what_does_not_fit_without_its_facts_is_refused)
{
    char room[64];
    struct buf out = buf_over(room, sizeof room);
    struct record r = a_record();
    assert_false(record_encode(&out, &r));
}
