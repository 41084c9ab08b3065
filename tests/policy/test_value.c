/* SPDX-License-Identifier: ISC
 * Addresses, networks, values as JSON and on the wire. */
#include "policy/types.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool in_network(const char *network_text, const char *ip_text_)
{
    struct network network;
    struct ip ip;
    assert_true(network_parse(slice_of(network_text), &network));
    assert_true(ip_parse(slice_of(ip_text_), &ip));
    return network_holds(&network, &ip);
}

TEST(test_networks_hold_their_addresses)
{
    assert_true(in_network("10.0.0.0/8", "10.255.0.1"));
    assert_false(in_network("10.0.0.0/8", "11.0.0.1"));
    assert_true(in_network("192.0.2.128/25", "192.0.2.200"));
    assert_false(in_network("192.0.2.128/25", "192.0.2.100"));
    assert_true(in_network("0.0.0.0/0", "1.2.3.4"));
    assert_false(in_network("0.0.0.0/0", "::1"));
    assert_true(in_network("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(in_network("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(in_network("192.0.2.1", "::ffff:192.0.2.1"));
    assert_true(in_network("::ffff:10.0.0.0/104", "10.9.9.9"));
    struct network network;
    assert_false(network_parse(SLICE("10.0.0.0/33"), &network));
    assert_false(network_parse(SLICE("10.0.0.0/"), &network));
    assert_false(network_parse(SLICE("10.0.0/8"), &network));
    assert_false(network_parse(SLICE("::ffff:10.0.0.0/90"), &network));
}

TEST(test_private_addresses_are_no_addresses_of_the_internet)
{
    static const char *const inner[] = {"10.1.2.3",    "172.31.0.1",     "192.168.0.1", "127.0.0.9",
                                        "169.254.1.1", "100.127.0.1",    "fd00::1",     "fe80::1",
                                        "::1",         "::ffff:10.0.0.1"};
    static const char *const outer[] = {"9.255.255.255", "172.32.0.1",  "192.169.0.1", "128.0.0.1",
                                        "100.128.0.1",   "2001:db8::1", "::2"};
    struct ip ip;
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        assert_true(ip_parse(slice_of(inner[i]), &ip) && ip_is_private(&ip));
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
        assert_true(ip_parse(slice_of(outer[i]), &ip) && !ip_is_private(&ip));
}

TEST(test_addresses_are_written_as_they_are_read)
{
    struct ip ip;
    char text[46];
    assert_true(ip_parse(SLICE("2001:DB8::5"), &ip));
    ip_text(&ip, text);
    assert_string_equal(text, "2001:db8::5");
    assert_true(ip_parse(SLICE("::ffff:192.0.2.7"), &ip));
    ip_text(&ip, text);
    assert_string_equal(text, "192.0.2.7");
    assert_false(ip_parse(SLICE(""), &ip));
    assert_false(ip_parse(SLICE("1.2.3.4\0x"), &ip));
    assert_false(ip_parse(SLICE("1.2.3"), &ip));
    assert_false(ip_parse(SLICE("mail.example.com"), &ip));
}

static struct value sample(struct arena *arena)
{
    const struct record_type *record = &record_types[RECORD_attachment];
    struct value *fields = arena_array(arena, record->count, sizeof *fields);
    struct value *items = arena_array(arena, 2, sizeof *items);
    struct value *names = arena_array(arena, 1, sizeof *names);
    names[0] = value_text(SLICE("n\xff\"\n"));
    for (size_t i = 0; i < record->count; i++)
        fields[i] = record->fields[i].type.kind == TYPE_TEXT ? value_text(SLICE("t"))
                                                             : (struct value){.state = VALUE_KNOWN};
    fields[attachment_names] = (struct value){.state = VALUE_KNOWN, .list = {names, 1, false}};
    fields[attachment_encrypted] = value_unknown();
    fields[attachment_path] = value_absent();
    fields[attachment_size] = value_integer(INT64_MAX);
    items[0] = (struct value){.state = VALUE_KNOWN, .fields = fields};
    items[1] = value_unknown();
    return (struct value){.state = VALUE_KNOWN, .list = {items, 2, true}};
}

TEST(test_values_survive_the_wire)
{
    const struct type *type = &fact_info(FACT_ATTACHMENTS)->type;
    struct arena *arena = arena_new(1 << 20);
    struct buf wire = buf_init(65536), before = buf_init(65536), after = buf_init(65536);
    struct value value = sample(arena), back;
    assert_true(value_encode(&wire, type, &value));
    struct slice in = buf_slice(&wire);
    assert_true(value_decode(&in, type, arena, &back));
    assert_int_equal(in.len, 0);
    assert_true(back.list.cut);
    value_json(&before, type, &value);
    value_json(&after, type, &back);
    assert_true(slice_eq(buf_slice(&before), buf_slice(&after)));
    for (size_t i = 0; i < buf_len(&wire); i++) {
        in = slice_sub(buf_slice(&wire), 0, i);
        assert_false(value_decode(&in, type, arena, &back));
    }
    buf_release(&wire);
    buf_release(&before);
    buf_release(&after);
    arena_free(&arena);
}

static bool decodes(const struct type *type, struct slice bytes)
{
    struct arena *arena = arena_new(4096);
    struct value value;
    bool good = value_decode(&bytes, type, arena, &value);
    arena_free(&arena);
    return good;
}

TEST(test_the_wire_trusts_nothing)
{
    static const struct type truth = {.kind = TYPE_BOOL}, text = {.kind = TYPE_TEXT},
                             ip = {.kind = TYPE_IP}, number = {.kind = TYPE_NUMBER},
                             list = {.kind = TYPE_LIST, .element = &truth};
    const struct type *direction = &fact_info(FACT_DIRECTION)->type;
    assert_true(decodes(&truth, SLICE("\x03\x01")));
    assert_false(decodes(&truth, SLICE("\x03\x02")));
    assert_false(decodes(&truth, SLICE("\x04")));
    assert_true(decodes(&text, SLICE("\x03\x01\0\0\0x")));
    assert_false(decodes(&text, SLICE("\x03\x02\0\0\0x")));
    assert_false(decodes(&text, SLICE("\x03\xff\xff\xff\xffx")));
    assert_true(decodes(direction, SLICE("\x03\x03\0\0\0\0\0\0\0")));
    assert_false(decodes(direction, SLICE("\x03\x04\0\0\0\0\0\0\0")));
    assert_false(decodes(direction, SLICE("\x03\xff\xff\xff\xff\xff\xff\xff\xff")));
    assert_true(decodes(&ip, SLICE("\x03\x04\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0")));
    assert_false(decodes(&ip, SLICE("\x03\x05\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0")));
    assert_false(decodes(&ip, SLICE("\x03\x04\x7f\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0")));
    assert_false(decodes(&number, SLICE("\x03\xff\xff\xff\xff\xff\xff\xff\x7f")));
    assert_false(decodes(&list, SLICE("\x03\xff\xff\xff\x7f\0")));
    assert_false(decodes(&list, SLICE("\x03\x02\0\0\0\0\x03\x01")));
    assert_true(decodes(&list, SLICE("\x03\x02\0\0\0\1\x03\x01\x02")));
}

TEST(test_facts_as_json)
{
    struct facts facts = {0};
    struct buf out = buf_init(65536);
    facts.fact[FACT_HELO] = value_text(SLICE("a\"\xff"));
    facts.fact[FACT_SENDER] = value_absent();
    facts.fact[FACT_AV_RESULT] = value_unknown();
    facts.fact[FACT_DIRECTION] = value_integer(DIRECTION_OUTBOUND);
    buf_char(&out, '{');
    assert_true(facts_json(&out, &facts));
    assert_true(slice_eq(buf_slice(&out),
                         SLICE("{\"direction\":\"outbound\",\"helo\":\"a\\\"\xef\xbf\xbd\","
                               "\"sender\":null,\"av.result\":\"unknown\"")));
    buf_release(&out);
}

TEST(test_a_failed_producer_leaves_unknowns)
{
    struct config *config = load_good("rule \"r\" when header[\"a\"] == \"x\" and rate(sender, 1h) "
                                      "> 3 and header[\"b\"] == \"x\" "
                                      "then discard\n");
    struct value keyed[3] = {{0}, {0}, value_text(SLICE("x"))};
    struct facts facts = {.keyed = keyed};
    facts.fact[FACT_MESSAGE_SUBJECT] = value_absent();
    facts_fail(&facts, PRODUCER_MESSAGE, config->policy);
    assert_int_equal(facts.fact[FACT_MESSAGE_HIDES].state, VALUE_UNKNOWN);
    assert_int_equal(facts.fact[FACT_MESSAGE_SUBJECT].state, VALUE_ABSENT);
    assert_int_equal(facts.fact[FACT_AV_RESULT].state, VALUE_PENDING);
    assert_int_equal(keyed[0].state, VALUE_UNKNOWN);
    assert_int_equal(keyed[1].state, VALUE_PENDING);
    assert_int_equal(keyed[2].state, VALUE_KNOWN);
    config_free(&config);
}

TEST(test_phases_are_named_in_their_order)
{
    static const char *const words[] = {"connect", "helo", "login", "mail", "rcpt", "message"};
    for (unsigned i = PHASE_CONNECT; i <= PHASE_MESSAGE; i++)
        assert_string_equal(phase_word((enum phase)i), words[i]);
}

TEST(test_types_come_from_the_table)
{
    enum fact fact;
    assert_true(fact_by_name(SLICE("subject"), &fact));
    assert_int_equal(fact, FACT_MESSAGE_SUBJECT);
    assert_false(fact_by_name(SLICE("Subject"), &fact));
    assert_int_equal(enum_types[WORDS_direction].count, DIRECTION_UPLOAD + 1);
    assert_int_equal(enum_word_index(&enum_types[WORDS_direction], SLICE("fetch")),
                     DIRECTION_FETCH);
    assert_int_equal(enum_word_index(&enum_types[WORDS_direction], SLICE("upload")),
                     DIRECTION_UPLOAD);
    assert_int_equal(enum_word_index(&enum_types[WORDS_protocol], SLICE("pop3")), PROTOCOL_POP3);
    assert_int_equal(enum_word_index(&enum_types[WORDS_protocol], SLICE("smtp")), PROTOCOL_SMTP);
    assert_int_equal(enum_word_index(&enum_types[WORDS_av_result], SLICE("infected")),
                     AV_RESULT_INFECTED);
    assert_int_equal(record_types[RECORD_attachment].count, attachment_part + 1);
    assert_int_equal(record_field_index(&record_types[RECORD_attachment], SLICE("part")),
                     attachment_part);
    assert_string_equal(record_field_doc(&record_types[RECORD_attachment], attachment_encrypted),
                        "needs a password");
}
