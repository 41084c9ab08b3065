/* SPDX-License-Identifier: ISC
 * The configuration that is installed: it loads without a warning and passes its own tests. */
#include "policy/config.h"
#include "policy/types.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct folder {
    char text[8][65536];
    size_t count;
};

static bool strict; /* strict.conf stands where dmarc.conf does */

static bool read_file(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    struct folder *folder = ctx;
    char name[200];
    *reason = "cannot open it";
    snprintf(name, sizeof name, "%.*s", SLICE_ARGS(path));
    if (strict && slice_iends(path, SLICE("dmarc.conf")))
        snprintf(name, sizeof name, "etc/strict.conf");
    FILE *file = folder->count < 8 ? fopen(name, "r") : NULL;
    if (!file)
        return false;
    *content = (struct slice){folder->text[folder->count], 0};
    content->len = fread(folder->text[folder->count++], 1, sizeof folder->text[0], file);
    fclose(file);
    return true;
}

static void loads_and_passes(const char *path, unsigned tests_at_least)
{
    struct folder *folder = calloc(1, sizeof *folder);
    struct loader loader = {.read = read_file, .ctx = folder};
    struct buf report = buf_init(65536);
    unsigned total = 0;
    struct config *config = config_load(slice_of(path), &loader, SLICE("mx"), &report);
    unsigned failed = config ? config_run_tests(config, &total, &report) : 1;
    if (buf_len(&report))
        fprintf(stderr, "%.*s", SLICE_ARGS(buf_slice(&report)));
    assert_non_null(config);
    assert_int_equal(failed, 0);
    assert_true(total >= tests_at_least);
    assert_int_equal(buf_len(&report), 0);
    config_free(&config);
    buf_release(&report);
    free(folder);
}

TEST(test_the_default_policy_passes_its_tests)
{
    loads_and_passes("etc/policy.conf", 15);
}

TEST(test_the_policy_with_strict_dmarc_passes_its_tests)
{
    strict = true;
    loads_and_passes("etc/policy.conf", 15);
    strict = false;
}

TEST(test_the_first_configuration_loads)
{
    loads_and_passes("etc/gatepost.conf", 15);
}

/* Text has one blank after its '#'; a sentence that waits to be switched on has none, or two. */
static bool is_sentence(struct slice line)
{
    return line.len > 2 && line.ptr[0] == '#' && (line.ptr[1] != ' ' || line.ptr[2] == ' ');
}

static bool read_switched_on(void *ctx, struct slice path, struct slice *content,
                             const char **reason)
{
    struct folder *folder = ctx;
    struct slice line, rest;
    if (!read_file(ctx, path, content, reason))
        return false;
    for (rest = *content; rest.len > 0;) {
        slice_cut(rest, '\n', &line, &rest);
        if (is_sentence(line) || slice_eq(line, SLICE("#}")))
            folder->text[0][line.ptr - content->ptr] = ' ';
    }
    return true;
}

TEST(test_the_lists_load_as_they_are_and_all_switched_on)
{
    static const struct {
        bool (*read)(void *ctx, struct slice path, struct slice *content, const char **reason);
        size_t lists, addresses;
    } readings[] = {{read_file, 2, 0}, {read_switched_on, 11, 2}};
    for (size_t i = 0; i < 2; i++) {
        struct folder *folder = calloc(1, sizeof *folder);
        struct loader loader = {.read = readings[i].read, .ctx = folder};
        struct buf report = buf_init(65536);
        struct config *config =
            config_load(SLICE("etc/blocklists.conf"), &loader, SLICE("mx"), &report);
        fprintf(stderr, "%.*s", SLICE_ARGS(buf_slice(&report)));
        assert_non_null(config);
        assert_int_equal(config->blocklist_count, readings[i].lists);
        assert_int_equal(config->address_count, readings[i].addresses);
        config_free(&config);
        buf_release(&report);
        free(folder);
    }
}

static void has_file(struct facts *facts, const char *extension, unsigned part, struct arena *arena)
{
    size_t count = record_types[RECORD_attachment].count;
    struct value *item = arena_array(arena, 1, sizeof *item),
                 *fields = arena_array(arena, count, sizeof *fields);
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct value){.state = VALUE_KNOWN};
    fields[attachment_extension] = value_text(slice_of(extension));
    fields[attachment_part] = value_number(part);
    *item = (struct value){.state = VALUE_KNOWN, .fields = fields};
    facts->fact[FACT_ATTACHMENTS] = (struct value){.state = VALUE_KNOWN, .list = {item, 1, false}};
}

/* What is in it is that of a clean message; there is no client and no envelope. */
static struct facts fetched(const struct policy *policy, struct arena *arena)
{
    struct facts facts = {.keyed = facts_keyed_new(arena, policy)};
    for (int i = 0; i < FACT_COUNT; i++) {
        enum producer by = fact_info((enum fact)i)->producer;
        if (by == PRODUCER_MESSAGE || by == PRODUCER_ANTIVIRUS)
            facts.fact[i] = fact_baseline((enum fact)i);
    }
    facts.fact[FACT_DIRECTION] = value_integer(DIRECTION_FETCH);
    for (int i = 0; i < PRODUCER_COUNT; i++)
        facts_absent(&facts, (enum producer)i, policy);
    return facts;
}

TEST(test_mail_that_is_fetched_is_shown_under_the_default_policy_but_for_what_it_refuses)
{
    struct folder *folder = calloc(1, sizeof *folder);
    struct loader loader = {.read = read_file, .ctx = folder};
    struct buf report = buf_init(65536);
    struct config *config = config_load(SLICE("etc/policy.conf"), &loader, SLICE("mx"), &report);
    struct arena *arena = arena_new(1 << 20);
    struct reading reading;
    assert_non_null(config);
    struct facts facts = fetched(config->policy, arena);
    assert_true(policy_judges_logins(config->policy));
    assert_int_equal(policy_evaluate_reading(config->policy, &facts, arena, &reading),
                     OUTCOME_DECIDED);
    assert_int_equal(reading.kind, READING_CLEAR);
    assert_int_equal(reading.verdict.fired_count, 0);
    has_file(&facts, "exe", 3, arena);
    policy_evaluate_reading(config->policy, &facts, arena, &reading);
    assert_int_equal(reading.kind, READING_REDACTED);
    assert_int_equal(reading.part_count, 1);
    assert_int_equal(reading.parts[0], 3);
    facts.fact[FACT_AV_RESULT] = value_integer(AV_RESULT_INFECTED);
    policy_evaluate_reading(config->policy, &facts, arena, &reading);
    assert_true(reading.whole);
    facts.fact[FACT_AV_RESULT] = value_unknown();
    policy_evaluate_reading(config->policy, &facts, arena, &reading);
    assert_int_equal(reading.kind, READING_LATER);
    arena_free(&arena);
    config_free(&config);
    buf_release(&report);
    free(folder);
}
