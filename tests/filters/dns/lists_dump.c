/* SPDX-License-Identifier: ISC
 * Answers lines of JSON {"config": text, "client": address, "dns": {name: [address ...] or
 * "SERVFAIL" or "TIMEOUT"}} with what the lists of that configuration say about the client, what
 * was asked for it, and how the first list fares. For test_lists.py. */
#include "tests/harness/memory_loader.h"

#include "filters/dns/blocklists.h"
#include "policy/program.h"

#include <jansson.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 10, RECORDS_MAX = 16 };

struct run {
    struct arena *arena;
    struct config *config;
    json_t *zone, *asked;
    struct ip client;
    struct facts facts;
    const char *wrong;
};

static struct dns_answer answer_of(struct run *run, struct slice name)
{
    struct dns_answer answer = {.status = DNS_NO_NAME};
    json_t *entry = json_object_get(run->zone, arena_cstr(run->arena, name)), *address;
    size_t i;
    answer.records = arena_array(run->arena, RECORDS_MAX, sizeof *answer.records);
    if (json_is_string(entry))
        answer.status =
            strcmp(json_string_value(entry), "TIMEOUT") == 0 ? DNS_TIMED_OUT : DNS_FAILED;
    if (json_is_array(entry))
        answer.status = json_array_size(entry) > 0 ? DNS_FOUND : DNS_NO_DATA;
    json_array_foreach(entry, i, address) {
        if (i < RECORDS_MAX &&
            ip_parse(slice_of(json_string_value(address)), &answer.records[i].ip))
            answer.count = i + 1;
    }
    return answer;
}

static void give_answers(struct run *run, struct dns_answers *answers)
{
    size_t count;
    const struct dns_wanted *wanted = dns_wanted(answers, &count);
    for (size_t i = 0; i < count; i++) {
        struct dns_answer answer = answer_of(run, wanted[i].name);
        json_array_append_new(run->asked, json_stringn(wanted[i].name.ptr, wanted[i].name.len));
        dns_answers_add(answers, wanted[i].name, wanted[i].type, &answer);
    }
}

static void judge_client(struct run *run, struct dns_answers *answers)
{
    blocklists_client(run->arena, answers, run->config, 0, &run->client, &run->facts);
}

static void judge_list(struct run *run, struct dns_answers *answers)
{
    run->wrong = blocklist_health(run->arena, answers, run->config, 0);
}

static void evaluate(struct run *run, void (*judge)(struct run *run, struct dns_answers *answers))
{
    struct dns_answers *answers = dns_answers_new(run->arena);
    for (int i = 0; i < ROUNDS_MAX; i++) {
        dns_answers_restart(answers);
        judge(run, answers);
        if (!dns_missed(answers))
            return;
        give_answers(run, answers);
    }
    abort();
}

static void ask_for_each_list(struct run *run)
{
    struct config *config = run->config;
    struct policy_key *keys = arena_array(config->arena, config->blocklist_count, sizeof *keys);
    for (size_t i = 0; i < config->blocklist_count; i++)
        keys[i] = (struct policy_key){.fact = FACT_DNSBL_LISTED, .key = config->blocklists[i].zone};
    config->policy->keys = keys;
    config->policy->key_count = config->blocklist_count;
    run->facts.keyed = arena_array(run->arena, config->blocklist_count, sizeof(struct value));
}

static json_t *listed(const struct run *run)
{
    json_t *out = json_object();
    for (size_t i = 0; i < run->config->blocklist_count; i++) {
        const struct value *value = &run->facts.keyed[i];
        char *zone = arena_cstr(run->arena, run->config->blocklists[i].zone);
        json_object_set_new(out, zone,
                            value->state == VALUE_KNOWN ? json_boolean(value->truth)
                                                        : json_string("unknown"));
    }
    return out;
}

static json_t *answer_line(json_t *line)
{
    struct run run = {.arena = arena_new(16 << 20),
                      .config = load_good(json_string_value(json_object_get(line, "config"))),
                      .zone = json_object_get(line, "dns"),
                      .asked = json_array()};
    if (!run.config || !run.arena ||
        !ip_parse(slice_of(json_string_value(json_object_get(line, "client"))), &run.client))
        abort();
    ask_for_each_list(&run);
    evaluate(&run, judge_client);
    json_t *asked = run.asked;
    run.asked = json_array();
    evaluate(&run, judge_list);
    const struct value *score = &run.facts.fact[FACT_DNSBL_SCORE];
    json_t *out =
        json_pack("{s:o, s:o, s:o, s:s?}", "score",
                  score->state == VALUE_KNOWN ? json_real(score->number) : json_string("unknown"),
                  "listed", listed(&run), "asked", asked, "wrong", run.wrong);
    json_decref(run.asked);
    config_free(&run.config);
    arena_free(&run.arena);
    return out;
}

int main(void)
{
    char *text = NULL;
    size_t size = 0;
    while (getline(&text, &size, stdin) > 0) {
        json_t *line = json_loads(text, 0, NULL), *out = line ? answer_line(line) : NULL;
        if (!out || json_dumpf(out, stdout, JSON_SORT_KEYS) != 0)
            abort();
        putchar('\n');
        json_decref(out);
        json_decref(line);
    }
    free(text);
    return 0;
}
