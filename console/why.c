/* SPDX-License-Identifier: ISC
 * gatepostctl why: each rule, with the values of the facts that it saw when the record was made. */
#include "console/command.h"
#include "console/found.h"
#include "console/story.h"
#include "policy/explain.h"

#include <getopt.h>
#include <stdio.h>

enum { OUT_MAX = 16 * 1024 * 1024, ARENA_MAX = 16 * 1024 * 1024, MOST = 100 };

static const char synopsis[] = "why [--config FILE] [--control SOCKET] REFERENCE";

struct asking_why {
    struct asking asking;
    struct configuration configuration;
    struct arena *arena, *policy_arena;
    struct buf out;
    size_t found;
};

/* The values of the policy's keys, by the names that they had. */
static bool take_keyed(struct asking_why *why, const struct record *r, struct facts *facts)
{
    const struct policy *policy = why->configuration.config->policy;
    size_t count;
    const struct policy_key *keys = policy_keys(policy, &count);
    facts->keyed = facts_keyed_new(why->policy_arena, policy);
    for (size_t k = 0; facts->keyed && k < count; k++) {
        struct slice name = policy_key_name(why->policy_arena, &keys[k]);
        for (size_t i = 0; i < r->keyed_count; i++)
            if (r->keyed[i].fact == keys[k].fact && slice_eq(r->keyed[i].name, name))
                facts->keyed[k] = r->keyed[i].value;
    }
    return facts->keyed != NULL;
}

static enum phase phase_of(const struct record *r)
{
    static const struct {
        struct slice stage;
        enum phase phase;
    } stages[] = {{SLICE("connect"), PHASE_CONNECT},
                  {SLICE("helo"), PHASE_HELO},
                  {SLICE("mail"), PHASE_MAIL},
                  {SLICE("rcpt"), PHASE_RCPT},
                  {SLICE("data"), PHASE_RCPT}};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (slice_eq(stages[i].stage, r->stage))
            return stages[i].phase;
    return PHASE_MESSAGE;
}

static void explain(struct asking_why *why, const struct record *r)
{
    struct facts facts = *r->facts;
    arena_reset(why->policy_arena);
    if (!take_keyed(why, r, &facts) || !policy_explain(why->configuration.config->policy, &facts,
                                                       phase_of(r), why->policy_arena, &why->out))
        command_error("why", "out of memory");
}

static void tell(void *ctx, const struct record *record)
{
    struct asking_why *why = ctx;
    struct page page = {.out = &why->out, .terminal = terminal_of_output()};
    buf_clear(&why->out);
    if (why->found++)
        buf_char(&why->out, '\n');
    story_tell(&page, record);
    if (record->facts)
        explain(why, record);
    struct slice text = buf_slice(&why->out);
    fwrite(text.ptr, 1, text.len, stdout);
}

static int answer(struct asking_why *why, const char *reference)
{
    struct control_find find = {.id = slice_of(reference)};
    why->arena = arena_new(ARENA_MAX);
    why->policy_arena = arena_new(ARENA_MAX);
    why->out = buf_init(OUT_MAX);
    bool ok = why->arena && why->policy_arena &&
              found_each(&why->asking, &find, MOST, why->arena, tell, why);
    if (ok && why->found == 0)
        command_error(reference, "nothing is recorded under this reference");
    arena_free(&why->arena);
    arena_free(&why->policy_arena);
    buf_release(&why->out);
    return ok && why->found ? STATUS_FINE : STATUS_ERROR;
}

int command_why(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking_why why = {.found = 0};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&why.asking, c))
            return command_usage(synopsis);
    if (optind + 1 != argc)
        return command_usage(synopsis);
    const char *file = why.asking.config ? why.asking.config : configuration_standard();
    if (!configuration_open(file, &why.configuration))
        return STATUS_ERROR;
    int status = answer(&why, argv[optind]);
    configuration_close(&why.configuration);
    return status;
}
