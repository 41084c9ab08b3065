/* SPDX-License-Identifier: ISC */
#include "keeper/personal.h"
#include "policy/types.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ARENA_TESTS(1 << 20);

static const struct personal shorten = {.how = PERSONAL_SHORTEN},
                             hash = {.how = PERSONAL_HASH, .key = {1, 2}},
                             drop = {.how = PERSONAL_DROP}, keep = {.how = PERSONAL_KEEP};

static void assert_slice(struct slice got, const char *expected)
{
    if (!slice_eq(got, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARGS(got), expected);
}

static void assert_address(const struct personal *personal, const char *address,
                           const char *expected)
{
    assert_slice(personal_address(personal, slice_of(address), arena), expected);
}

TEST(test_of_an_address_its_domain_stays)
{
    assert_address(&shorten, "jane.doe@example.com", "j*@example.com");
    assert_address(&shorten, "\"a@b\"@example.com", "\"*@example.com");
    assert_address(&shorten,
                   "\xc3\xbc"
                   "mit@example.com",
                   "\xc3\xbc*@example.com");
    assert_address(&shorten, "\xc3", "\xc3*");
    assert_address(&drop, "jane.doe@example.com", "*@example.com");
    assert_address(&keep, "jane.doe@example.com", "jane.doe@example.com");
    assert_address(&shorten, "jane", "j*");
    assert_address(&drop, "jane", "*");
    assert_address(&shorten, "@example.com", "@example.com");
    assert_address(&hash, "", "");
}

TEST(test_the_same_address_has_the_same_hash_however_it_is_written_and_another_key_another)
{
    struct personal other = {.how = PERSONAL_HASH, .key = {1, 3}};
    struct slice one = personal_address(&hash, SLICE("Jane@Example.com"), arena);
    struct slice again = personal_address(&hash, SLICE("jane@example.COM"), arena);
    assert_int_equal(one.len, strlen("~0123456789abcdef@example.com"));
    assert_int_equal(one.ptr[0], '~');
    assert_memory_equal(one.ptr, again.ptr, 17);
    assert_false(slice_eq(one, personal_address(&hash, SLICE("june@Example.com"), arena)));
    assert_false(slice_eq(one, personal_address(&other, SLICE("Jane@Example.com"), arena)));
}

TEST(test_what_was_done_is_not_done_again)
{
    static const struct personal *const all[] = {&shorten, &hash, &drop};
    for (size_t i = 0; i < 3; i++) {
        struct slice once = personal_address(all[i], SLICE("jane@example.com"), arena);
        assert_true(slice_eq(personal_address(all[i], once, arena), once));
    }
}

/* ---- records ---- */

static struct facts facts;

static struct value texts(const char *one, const char *other)
{
    struct value *items = arena_array(arena, 2, sizeof *items);
    items[0] = value_text(slice_of(one));
    items[1] = value_text(slice_of(other));
    struct value list = {.state = VALUE_KNOWN, .list = {.items = items, .count = 2}};
    return list;
}

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(text), &ip));
    return ip;
}

static struct value a_link(void)
{
    struct value *items = arena_array(arena, 1, sizeof *items);
    items[0].state = VALUE_KNOWN;
    items[0].fields = arena_array(arena, record_types[RECORD_link].count, sizeof *items[0].fields);
    items[0].fields[link_url] = value_text(SLICE("https://other.example/unsubscribe/jane?x"));
    items[0].fields[link_path] = value_text(SLICE("/unsubscribe/jane"));
    items[0].fields[link_text] = value_text(SLICE("Jane's settings"));
    items[0].fields[link_host] = value_text(SLICE("other.example"));
    return (struct value){.state = VALUE_KNOWN, .list = {items, 1, false}};
}

static struct record full_record(const char *client)
{
    static struct record_recipient to[2];
    static struct record_edit edit;
    static struct record_keyed keyed;
    to[0] = (struct record_recipient){
        SLICE("jane@example.com"), SLICE("reject"),
        SLICE("550 5.1.1 <jane@example.com>: not here. jane@example.com.")};
    to[1] = (struct record_recipient){SLICE("joe@example.com"), SLICE(""), SLICE("")};
    edit = (struct record_edit){SLICE("header add"), SLICE("X-For"),
                                SLICE("Jane <jane@example.com>"), 0};
    keyed =
        (struct record_keyed){FACT_HEADER, SLICE("to"), texts("Jane Doe <jane@example.com>", "x")};
    memset(&facts, 0, sizeof facts);
    facts.fact[FACT_SENDER] = value_text(SLICE("ann@client.example"));
    facts.fact[FACT_RECIPIENTS] = texts("jane@example.com", "joe@example.com");
    facts.fact[FACT_CLIENT_IP] = value_ip(ip_of(client));
    facts.fact[FACT_CLIENT_PTR] = value_text(SLICE("host-7.dsl2.isp.example"));
    facts.fact[FACT_MESSAGE_SUBJECT] = value_text(SLICE("about Jane"));
    facts.fact[FACT_MESSAGE_FROM_NAME] = value_text(SLICE("Ann"));
    facts.fact[FACT_MESSAGE_ID] = value_text(SLICE("<1@client.example>"));
    facts.fact[FACT_SPF_EXPLANATION] =
        value_text(SLICE("192.0.2.77 may not send for ann@client.example"));
    facts.fact[FACT_MESSAGE_DOMAINS] = texts("client.example", "other.example");
    facts.fact[FACT_MESSAGE_TEXT] = texts("Dear Jane,", "all the best");
    facts.fact[FACT_LINKS] = a_link();
    facts.fact[FACT_MESSAGE_SIZE] = value_integer(77);
    facts.fact[FACT_HELO] = value_unknown();
    return (struct record){.id = SLICE("abc.1"),
                           .stage = SLICE("message"),
                           .from = SLICE("ann@client.example"),
                           .author = SLICE("ann@client.example"),
                           .login = SLICE("ann"),
                           .helo = SLICE("mail.client.example"),
                           .subject = SLICE("about Jane"),
                           .message_id = SLICE("<1@client.example>"),
                           .reply = SLICE("250 2.1.5 jane@example.com,joe@example.com ok (abc.1)"),
                           .reason = SLICE("[192.0.2.77] is listed, 192.0.2.7 is not"),
                           .client = ip_of(client),
                           .port = 4711,
                           .recipients = to,
                           .recipient_count = 2,
                           .edits = &edit,
                           .edit_count = 1,
                           .facts = &facts,
                           .keyed = &keyed,
                           .keyed_count = 1};
}

static const struct value *fact(const struct record *r, enum fact id)
{
    return &r->facts->fact[id];
}

TEST(test_a_shortened_record_tells_domains_and_networks_and_no_people)
{
    struct record r = full_record("192.0.2.77");
    char client[46];
    assert_true(personal_veil(&shorten, &r, arena));
    assert_slice(r.from, "a*@client.example");
    assert_slice(r.author, "a*@client.example");
    assert_slice(r.login, "a*");
    assert_slice(r.helo, "*.client.example");
    assert_slice(r.subject, "");
    assert_slice(r.message_id, "<1@client.example>");
    assert_slice(r.reply, "250 2.1.5 j*@example.com,j*@example.com ok (abc.1)");
    assert_slice(r.reason, "[192.0.2.0] is listed, 192.0.2.7 is not");
    ip_text(&r.client, client);
    assert_string_equal(client, "192.0.2.0");
    assert_int_equal(r.port, 0);
    assert_slice(r.recipients[0].address, "j*@example.com");
    assert_slice(r.recipients[0].verdict, "reject");
    assert_slice(r.recipients[0].reply, "550 5.1.1 <j*@example.com>: not here. j*@example.com.");
    assert_slice(r.edits[0].value, "Jane <j*@example.com>");
    assert_slice(fact(&r, FACT_SENDER)->text, "a*@client.example");
    assert_slice(fact(&r, FACT_RECIPIENTS)->list.items[1].text, "j*@example.com");
    assert_slice(fact(&r, FACT_CLIENT_PTR)->text, "*.isp.example");
    assert_int_equal(fact(&r, FACT_CLIENT_IP)->ip.bytes[3], 0);
    assert_int_equal(fact(&r, FACT_MESSAGE_SUBJECT)->state, VALUE_ABSENT);
    assert_int_equal(fact(&r, FACT_MESSAGE_FROM_NAME)->state, VALUE_ABSENT);
    assert_slice(fact(&r, FACT_MESSAGE_ID)->text, "<1@client.example>");
    assert_slice(fact(&r, FACT_SPF_EXPLANATION)->text,
                 "192.0.2.0 may not send for a*@client.example");
    assert_slice(fact(&r, FACT_MESSAGE_DOMAINS)->list.items[0].text, "client.example");
    assert_int_equal(fact(&r, FACT_MESSAGE_TEXT)->state, VALUE_ABSENT);
    const struct value *link = fact(&r, FACT_LINKS)->list.items[0].fields;
    assert_slice(link[link_host].text, "other.example");
    assert_int_equal(link[link_url].state, VALUE_ABSENT);
    assert_int_equal(link[link_path].state, VALUE_ABSENT);
    assert_int_equal(link[link_text].state, VALUE_ABSENT);
    assert_int_equal(fact(&r, FACT_MESSAGE_SIZE)->integer, 77);
    assert_int_equal(fact(&r, FACT_HELO)->state, VALUE_UNKNOWN);
    assert_int_equal(fact(&r, FACT_DKIM)->state, VALUE_PENDING);
    assert_int_equal(r.keyed[0].value.state, VALUE_ABSENT);
}

TEST(test_a_record_that_drops_people_tells_no_client_either)
{
    struct record r = full_record("192.0.2.77");
    assert_true(personal_veil(&drop, &r, arena));
    assert_slice(r.from, "*@client.example");
    assert_slice(r.helo, "");
    assert_slice(r.message_id, "");
    assert_slice(r.reason, "[] is listed, 192.0.2.7 is not");
    assert_int_equal(r.client.family, 0);
    assert_int_equal(fact(&r, FACT_CLIENT_IP)->state, VALUE_ABSENT);
    assert_int_equal(fact(&r, FACT_CLIENT_PTR)->state, VALUE_ABSENT);
    assert_int_equal(fact(&r, FACT_MESSAGE_ID)->state, VALUE_ABSENT);
}

TEST(test_of_an_ipv6_client_its_site_stays)
{
    struct record r = full_record("2001:db8:1:2::77");
    char client[46];
    r.reason = SLICE("2001:db8:1:2::77 is listed; [2001:db8:1:2::77]:25");
    assert_true(personal_veil(&hash, &r, arena));
    ip_text(&r.client, client);
    assert_string_equal(client, "2001:db8:1::");
    assert_slice(r.reason, "2001:db8:1:: is listed; [2001:db8:1::]:25");
}

/* Of a record with these people, the reply. */
static struct slice veiled(const struct personal *personal, const char *client, const char *reply)
{
    static struct record_recipient to[3];
    to[0] = (struct record_recipient){SLICE("o'brien@example.com"), SLICE(""), SLICE("")};
    to[1] = (struct record_recipient){SLICE("\"john doe\"@example.com"), SLICE(""), SLICE("")};
    to[2] = (struct record_recipient){SLICE("John.Doe@example.com"), SLICE(""), SLICE("")};
    struct record r = full_record(client);
    r.from = SLICE("bounce+jane=example.org@client.example");
    r.helo = SLICE("JOHN-PC");
    r.recipients = to;
    r.recipient_count = 3;
    r.reply = slice_of(reply);
    assert_true(personal_veil(personal, &r, arena));
    return r.reply;
}

TEST(test_in_texts_an_address_becomes_what_it_is_elsewhere_however_it_stands_there)
{
    static const char *const addresses[] = {"o'brien@example.com", "\"john doe\"@example.com",
                                            "john.doe@example.com",
                                            "bounce+jane=example.org@client.example"};
    static const char *const around[][2] = {
        {"550 <", ">: no"},       {"", ""},     {"envelope-from=", ";"}, {"'", "' is unknown"},
        {"(mailto:", ") is it."}, {"x {", "}"}, {"who: ", "."}};
    static const struct personal *const all[] = {&shorten, &hash, &drop};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < sizeof around / sizeof *around; k++)
            for (size_t p = 0; p < 3; p++) {
                char text[200], expected[200];
                struct slice address = personal_address(all[p], slice_of(addresses[i]), arena);
                snprintf(text, sizeof text, "%s%s%s", around[k][0], addresses[i], around[k][1]);
                snprintf(expected, sizeof expected, "%s%.*s%s", around[k][0], SLICE_ARGS(address),
                         around[k][1]);
                assert_slice(veiled(all[p], "192.0.2.77", text), expected);
            }
}

TEST(test_in_texts_a_client_and_its_names_become_what_they_are_elsewhere)
{
    static const struct {
        const char *client, *text, *kept;
    } cases[] = {
        {"192.0.2.77", "see https://www.spamhaus.org/query/ip/192.0.2.77",
         "see https://www.spamhaus.org/query/ip/192.0.2.0"},
        {"192.0.2.77", "client-ip=192.0.2.77; x", "client-ip=192.0.2.0; x"},
        {"192.0.2.77", "77.2.0.192.zen.example is 127.0.0.2", "0.2.0.192.zen.example is 127.0.0.2"},
        {"192.0.2.77", "dsl-192-0-2-77.pool.example, 192.0.2.77.",
         "dsl-192-0-2-0.pool.example, 192.0.2.0."},
        {"192.0.2.7", "192.0.2.77 and 1192.0.2.7 and 192.0.2.7.5",
         "192.0.2.77 and 1192.0.2.7 and 192.0.2.7.5"},
        {"2001:db8:1:2::77", "2001:DB8:1:2:0:0:0:77 or 2001:db8:1:2::77: no",
         "2001:db8:1:: or 2001:db8:1::: no"},
        {"2001:db8:1:2::77",
         "7.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.zen.example",
         "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.zen.example"},
        {"192.0.2.77", "HELO john-pc is not host-7.dsl2.isp.example",
         "HELO * is not *.isp.example"},
        {"192.0.2.77", "johnny-pc, ghost-7.dsl2.isp.example",
         "johnny-pc, ghost-7.dsl2.isp.example"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_slice(veiled(&shorten, cases[i].client, cases[i].text), cases[i].kept);
}

TEST(test_in_texts_subjects_names_and_fields_go_those_that_were_cut_too)
{
    assert_slice(veiled(&shorten, "192.0.2.77", "[SPAM] About Jane (from Ann)"),
                 "[SPAM] * (from *)");
    assert_slice(veiled(&shorten, "192.0.2.77", "To: Jane Doe <jane@example.com>"), "To: *");
    assert_slice(veiled(&shorten, "192.0.2.77", "the subject was about Ja"), "the subject was *");
    assert_slice(veiled(&shorten, "192.0.2.77", "ann@client.example, Ann"), "a*@client.example, *");
}

TEST(test_subjects_go_from_texts_as_rules_write_them_there)
{
    static char subject[401], cut[201], reply[300];
    struct record r = full_record("192.0.2.77");
    r.subject = SLICE("K\xc3\xbcndigung Herr M\xc3\xbcller");
    r.reply = SLICE("550 5.7.1 no: K?ndigung Herr M?ller (abc.1)");
    r.reason = SLICE("K\xc3\xbcndigung Herr M\xc3\xbcller");
    assert_true(personal_veil(&shorten, &r, arena));
    assert_slice(r.reply, "550 5.7.1 no: * (abc.1)");
    assert_slice(r.reason, "*");
    for (size_t i = 0; i < sizeof subject - 1; i++)
        subject[i] = (char)('a' + i * 7 % 26);
    memcpy(cut, subject, 200);
    snprintf(reply, sizeof reply, "550 5.7.1 %s is not wanted (abc.1)", cut);
    r = full_record("192.0.2.77");
    r.subject = slice_of(subject);
    r.reply = slice_of(reply);
    assert_true(personal_veil(&shorten, &r, arena));
    assert_slice(r.reply, "550 5.7.1 * is not wanted (abc.1)");
    r = full_record("192.0.2.77");
    r.subject = SLICE("one\ttwo three");
    r.reply = SLICE("550 5.7.1 one two three, and one tw (abc.1)");
    assert_true(personal_veil(&shorten, &r, arena));
    assert_slice(r.reply, "550 5.7.1 *, and * (abc.1)");
}

TEST(test_whom_spf_was_asked_about_is_a_client_where_the_sender_is_empty_or_it_is_its_name)
{
    for (int null = 0; null < 2; null++) {
        struct record r = full_record("192.0.2.77");
        r.helo = SLICE("dsl-192-0-2-77.pool.isp.example");
        r.from = null ? SLICE("") : SLICE("ann@client.example");
        facts.fact[FACT_SPF_DOMAIN] = value_text(SLICE("DSL-192-0-2-77.pool.isp.example"));
        assert_true(personal_veil(&shorten, &r, arena));
        assert_slice(fact(&r, FACT_SPF_DOMAIN)->text, "*.pool.isp.example");
    }
}

TEST(test_any_text_is_veiled_and_ends)
{
    static const char letters[] = "a@.\"'=<>:1[2] \\-\xc3";
    for (unsigned round = 0; round < 20000; round++) {
        char text[24];
        size_t len = round % sizeof text;
        uint64_t dice = round * UINT64_C(0x9e3779b97f4a7c15);
        for (size_t i = 0; i < len; i++, dice = dice * 6364136223846793005 + 1442695040888963407)
            text[i] = letters[(dice >> 33) % (sizeof letters - 1)];
        struct record r = {.from = SLICE("a@a"), .reply = {text, len}};
        arena_reset(arena);
        assert_true(personal_veil(&hash, &r, arena));
        struct slice once = r.reply;
        assert_true(personal_veil(&hash, &r, arena));
        assert_true(once.len <= len * 24 && r.reply.ptr);
    }
}

TEST(test_who_released_something_answers_for_it)
{
    struct record r = full_record("192.0.2.77");
    r.stage = SLICE("quarantine");
    r.login = SLICE("uid 1000");
    assert_true(personal_veil(&drop, &r, arena));
    assert_slice(r.login, "uid 1000");
}

TEST(test_who_logs_in_is_veiled_with_and_without_a_domain)
{
    static const char *const users[] = {"anna", "anna@example.com"};
    static const char *const kept[] = {"a*", "a*@example.com"};
    for (int i = 0; i < 2; i++) {
        struct record r = full_record("192.0.2.77");
        r.login = slice_of(users[i]);
        facts.fact[FACT_LOGIN_USER] = value_text(slice_of(users[i]));
        assert_true(personal_veil(&shorten, &r, arena));
        assert_true(slice_eq(r.login, slice_of(kept[i])));
        assert_true(slice_eq(fact(&r, FACT_LOGIN_USER)->text, slice_of(kept[i])));
    }
}

TEST(test_names_of_machines_lose_what_tells_them_apart)
{
    static const struct {
        const char *name, *kept;
    } cases[] = {
        {"mail.example.com", "*.example.com"},
        {"example.com", "example.com"},
        {"JOHN-PC", "*"},
        {"7.2.0.192.pool.isp.example", "*.pool.isp.example"},
        {"host-7.dsl2.isp.example", "*.isp.example"},
        {"[192.0.2.7]", "*"},
        {"*.isp.example", "*.isp.example"},
        {"a.b2.c3", "*.b2.c3"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record r = {.helo = slice_of(cases[i].name)};
        assert_true(personal_veil(&shorten, &r, arena));
        assert_slice(r.helo, cases[i].kept);
    }
}

TEST(test_a_full_arena_is_told_and_nothing_is_half_done_unseen)
{
    for (size_t room = 256; room < 16384; room += 256) {
        struct record r = full_record("192.0.2.77");
        struct arena *small = arena_new(room);
        assert_non_null(small);
        if (personal_veil(&shorten, &r, small))
            assert_slice(r.recipients[1].address, "j*@example.com");
        arena_free(&small);
    }
}

/* ---- the key ---- */

TEST(test_the_key_is_made_once_and_belongs_to_its_owner_alone)
{
    char folder[] = "/tmp/gatepost-personal-XXXXXX";
    uint64_t one[2] = {0}, again[2] = {0};
    const char *reason = "";
    struct stat info;
    int home = open(".", O_RDONLY | O_DIRECTORY);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_true(personal_key("key", one, &reason));
    assert_true(personal_key("key", again, &reason));
    assert_memory_equal(one, again, sizeof one);
    assert_true(one[0] || one[1]);
    assert_int_equal(stat("key", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(truncate("key", 15), 0);
    assert_false(personal_key("key", again, &reason));
    assert_string_equal(reason, "the key that addresses are hashed with is damaged");
    unlink("key");
    assert_int_equal(fchdir(home), 0);
    close(home);
    rmdir(folder);
}
