/* SPDX-License-Identifier: ISC
 * However much there is to tell, it has room in an answer, and the answer in the memory of who hears it. */
#include "filters/scanner/scan_job.h"
#include "policy/types.h"
#include "tests/harness/unit.h"

#include <string.h>

enum {
    ARENA_MAX = 256 << 20,
    HEARER = 20 << 20, /* less than a proxy has for all of a message */
    TEXT = 4096,
    FILES = 10000,
    NAMES = 32,
};

ARENA_TESTS(ARENA_MAX);

static struct slice text_of(size_t octets)
{
    char *text = arena_alloc(arena, octets);
    for (size_t i = 0; i + 4 <= octets; i += 4)
        memcpy(text + i, "\xf0\x9f\x98\x80", 4);
    return (struct slice){text, octets};
}

static struct value list_of(size_t count, struct value item)
{
    struct value list = {.state = VALUE_KNOWN,
                         .list = {arena_array(arena, count, sizeof item), count, false}};
    for (size_t i = 0; i < count; i++)
        list.list.items[i] = item;
    return list;
}

static struct value attachments(size_t count, size_t names, struct slice text)
{
    const struct record_type *type = &record_types[RECORD_attachment];
    struct value *fields = arena_array(arena, type->count, sizeof *fields);
    for (size_t i = 0; i < type->count; i++) {
        fields[i] = (struct value){.state = VALUE_KNOWN};
        if (type_is_textual(&type->fields[i].type))
            fields[i].text = text;
    }
    fields[attachment_names] = list_of(names, value_text(text));
    return list_of(count, (struct value){.state = VALUE_KNOWN, .fields = fields});
}

static void fill_facts(struct facts *facts, struct slice text)
{
    for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
        const struct type *type = &fact_info(fact)->type;
        if (fact_info(fact)->keyed || fact == FACT_ATTACHMENTS)
            continue;
        if (type->kind == TYPE_LIST && type->element->kind != TYPE_RECORD)
            facts->fact[fact] = list_of(1000, value_text(text));
        else if (type_is_textual(type))
            facts->fact[fact] = value_text(text);
    }
    facts->keyed = list_of(SCAN_HEADERS_MAX, list_of(100, value_text(text))).list.items;
}

static void fill_places(struct scan_answer *answer)
{
    static struct overlay_range overlays[REDACTION_RANGES_MAX + 1];
    static struct part_range parts[FILES];
    static struct dns_wanted wanted[DNS_WANTED_MAX];
    for (size_t i = 0; i <= REDACTION_RANGES_MAX; i++)
        overlays[i] = (struct overlay_range){.from = 2 * i, .to = 2 * i + 1};
    for (uint32_t i = 0; i < FILES; i++)
        parts[i] = (struct part_range){i, i, i, i, true};
    for (size_t i = 0; i < DNS_WANTED_MAX; i++)
        wanted[i] = (struct dns_wanted){
            arena_printf(arena, "%060zu.%060zu.%060zu.%060zu", i, i, i, i), DNS_TXT, false};
    answer->overlays = overlays;
    answer->overlay_count = REDACTION_RANGES_MAX + 1;
    answer->parts = parts;
    answer->part_count = FILES;
    answer->wanted = wanted;
    answer->wanted_count = DNS_WANTED_MAX;
}

static const struct outline *largest_outline(void)
{
    static struct outline_field fields[OUTLINE_FIELDS_MAX];
    static struct outline_part parts[OUTLINE_PARTS_MAX];
    static struct outline outline;
    struct slice word = text_of(OUTLINE_WORD_MAX);
    for (size_t i = 0; i < OUTLINE_FIELDS_MAX; i++)
        fields[i] = (struct outline_field){word, text_of(OUTLINE_VALUE_MAX), true};
    for (size_t i = 0; i < OUTLINE_PARTS_MAX; i++)
        parts[i] = (struct outline_part){
            .size = UINT64_MAX, .type = word, .charset = word, .name = text_of(OUTLINE_NAME_MAX)};
    outline = (struct outline){.fields = fields,
                               .field_count = OUTLINE_FIELDS_MAX,
                               .parts = parts,
                               .part_count = OUTLINE_PARTS_MAX,
                               .text = text_of(OUTLINE_TEXT_MAX)};
    return &outline;
}

/* As it is heard. */
static void travel(const struct scan_answer *answer, size_t headers, struct scan_answer *got)
{
    static struct arena *hearer;
    arena_free(&hearer);
    hearer = arena_new(HEARER);
    struct buf out = buf_init(SCAN_ANSWER_MAX);
    assert_true(scan_answer_encode(&out, headers, answer));
    struct slice bytes = arena_copy(hearer, buf_slice(&out));
    buf_release(&out);
    assert_non_null(bytes.ptr);
    assert_true(scan_answer_decode(bytes, hearer, headers, got));
}

static void assert_cut(const struct scan_answer *got, size_t least)
{
    const struct list *list = &got->facts.fact[FACT_ATTACHMENTS].list;
    assert_int_equal(got->facts.fact[FACT_ATTACHMENTS].state, VALUE_KNOWN);
    assert_true(list->cut);
    assert_true(list->count >= least);
    const struct value *rest = list->items[list->count - 1].fields;
    assert_true(rest[attachment_unscannable].truth);
    assert_true(slice_eq(rest[attachment_name].text, SLICE("(further attachments)")));
}

TEST(test_the_most_of_everything_at_once_fits_and_what_is_cut_is_unscannable)
{
    struct scan_answer answer = {.outline = largest_outline()}, got;
    fill_facts(&answer.facts, text_of(TEXT));
    fill_places(&answer);
    answer.facts.fact[FACT_ATTACHMENTS] = attachments(FILES, NAMES, text_of(TEXT));
    travel(&answer, SCAN_HEADERS_MAX, &got);
    assert_cut(&got, 1);
    assert_int_equal(got.overlay_count, REDACTION_RANGES_MAX + 1);
    assert_int_equal(got.outline->part_count, OUTLINE_PARTS_MAX);
    assert_true(got.part_count > 1000 && got.wanted_count > 60);
}

TEST(test_whatever_a_list_is_long_its_end_is_told)
{
    for (size_t names = 0; names <= NAMES; names += NAMES / 2)
        for (size_t octets = 0; octets <= TEXT; octets += TEXT / 4)
            for (size_t count = 1; count <= 4 * FILES; count *= 3) {
                struct scan_answer answer = {0}, got;
                answer.facts.fact[FACT_ATTACHMENTS] = attachments(count, names, text_of(octets));
                travel(&answer, 0, &got);
                if (got.facts.fact[FACT_ATTACHMENTS].list.count < count)
                    assert_cut(&got, 1);
                arena_reset(arena);
            }
}

TEST(test_a_record_that_is_larger_than_an_answer_is_the_rest)
{
    for (size_t count = 1; count < 4; count++) {
        struct scan_answer answer = {0}, got;
        answer.facts.fact[FACT_ATTACHMENTS] = attachments(count, 1, text_of(SCAN_ANSWER_MAX));
        travel(&answer, 0, &got);
        assert_int_equal(got.facts.fact[FACT_ATTACHMENTS].list.count, 1);
        assert_cut(&got, 1);
    }
}
