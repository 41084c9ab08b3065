/* SPDX-License-Identifier: ISC
 * For test_dkim.py and test_arc.py: reads {"message", "now", "dns": {name: text,
 * [texts] or {"error"}}} a line, answers with what DKIM and ARC make of the message, and with the
 * facts that gatepost-scan would tell. DNS is given only when it is asked for, so that restarts are
 * counted too. "--jail" enters the pure jail first. */
#include "base/sandbox.h"
#include "filters/examine.h"
#include "filters/sender/arc.h"
#include "filters/sender/canonical.h"
#include "filters/sender/dkim.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA = 128 << 20, LINE = 64 << 20, ROUNDS = 64 };

static struct slice text_of_json(const json_t *value)
{
    return (struct slice){json_string_value(value), json_string_length(value)};
}

static struct dns_answer answer_of(struct arena *arena, const json_t *known)
{
    struct dns_answer answer = {.status = DNS_NO_NAME};
    const char *error = json_string_value(json_object_get(known, "error"));
    if (error && strcmp(error, "NXDOMAIN") != 0)
        answer.status = strcmp(error, "TIMEOUT") == 0 ? DNS_TIMED_OUT : DNS_FAILED;
    if (!json_is_string(known) && !json_is_array(known))
        return answer;
    answer.status = DNS_FOUND;
    answer.count = json_is_array(known) ? json_array_size(known) : 1;
    answer.records = arena_array(arena, answer.count ? answer.count : 1, sizeof *answer.records);
    for (size_t i = 0; answer.records && i < answer.count; i++)
        answer.records[i].text =
            text_of_json(json_is_array(known) ? json_array_get(known, i) : known);
    return answer;
}

static const json_t *known_of(json_t *dns, struct slice name)
{
    const char *key;
    json_t *value;
    json_object_foreach(dns, key, value)
        if (slice_ieq(slice_of(key), name))
            return value;
    return NULL;
}

/* Answers what is wanted. False when nothing was: there would be no end. */
static bool answer_wanted(struct arena *arena, struct dns_answers *table, json_t *dns)
{
    size_t count;
    const struct dns_wanted *wanted = dns_wanted(table, &count);
    for (size_t i = 0; i < count; i++) {
        struct dns_answer answer = answer_of(arena, known_of(dns, wanted[i].name));
        dns_answers_add(table, wanted[i].name, wanted[i].type, &answer);
    }
    dns_answers_restart(table);
    return count > 0;
}

static json_t *text_json(struct slice text)
{
    json_t *value = json_stringn(text.len ? text.ptr : "", text.len);
    return value ? value : json_stringn("not UTF-8", 9);
}

static json_t *signature_json(const struct dkim_signature *s)
{
    return json_pack("{ss ss so so so so si sb}", "result", dkim_result_word(s->result), "reason",
                     s->reason, "domain", text_json(s->domain), "selector", text_json(s->selector),
                     "algorithm", text_json(s->algorithm), "identity", text_json(s->identity),
                     "bits", (int)s->bits, "whole_body", s->whole_body);
}

static json_t *dkim_json(struct arena *arena, json_t *dns, struct slice message, uint64_t now)
{
    struct dns_answers *table = dns_answers_new(arena);
    struct dkim_outcome out;
    int rounds = 1;
    while (!dkim_examine(arena, table, message, now, &out) && rounds++ < ROUNDS)
        if (!answer_wanted(arena, table, dns))
            return json_pack("{ss}", "result", "no memory");
    json_t *signatures = json_array();
    for (size_t i = 0; i < out.count; i++)
        json_array_append_new(signatures, signature_json(&out.signatures[i]));
    return json_pack("{ss si si so}", "result", dkim_result_word(out.result), "rounds", rounds,
                     "ignored", (int)out.ignored, "signatures", signatures);
}

static json_t *arc_json(struct arena *arena, json_t *dns, struct slice message, uint64_t now)
{
    struct dns_answers *table = dns_answers_new(arena);
    struct arc_outcome out;
    int rounds = 1;
    while (!arc_examine(arena, table, message, now, &out) && rounds++ < ROUNDS)
        if (!answer_wanted(arena, table, dns))
            return json_pack("{ss}", "result", "no memory");
    json_t *sealers = json_array();
    for (size_t i = 0; i < out.count; i++)
        json_array_append_new(sealers, text_json(out.sealers[i].domain));
    return json_pack("{ss ss sb si si so}", "result", arc_result_word(out.result), "reason",
                     out.reason, "temporary", out.temporary, "oldest_pass", (int)out.oldest_pass,
                     "rounds", rounds, "sealers", sealers);
}

static json_t *facts_of(struct arena *arena, json_t *dns, struct slice message, uint64_t now)
{
    struct scan_job job = {
        .authentication = true, .from.now = (int64_t)now, .dns = dns_answers_new(arena)};
    struct scan_answer answer;
    int rounds = 1;
    while (examine(arena, message, &job, &answer) && answer.wanted_count && rounds++ < ROUNDS)
        answer_wanted(arena, job.dns, dns);
    struct buf text = buf_init(LINE);
    buf_char(&text, '{');
    facts_json(&text, &answer.facts);
    buf_char(&text, '}');
    json_t *facts = json_loadb(buf_slice(&text).ptr, buf_len(&text), 0, NULL);
    buf_release(&text);
    return facts ? facts : json_null();
}

/* Characters U+0080 to U+00FF stand for single octets. */
static struct slice octets_of(struct arena *arena, struct slice text)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c & 0xfc) == 0xc0 && i + 1 < text.len)
            c = (unsigned char)(c << 6 | (text.ptr[++i] & 0x3f));
        out[n++] = (char)c;
    }
    return (struct slice){out, n};
}

static void gather(void *to, const char *octets, size_t count)
{
    buf_append(to, (struct slice){octets, count});
}

static json_t *canonical_json(json_t *job, const char *form)
{
    bool relaxed = strcmp(form, "relaxed") == 0;
    struct buf header = buf_init(LINE), body = buf_init(LINE);
    struct canonical_sink sink = {.write = gather, .to = &header};
    struct slice block = text_of_json(json_object_get(job, "header_in"));
    struct header field;
    while (headers_next(&block, &field))
        canonical_field(&sink, &field, relaxed, SLICE(""));
    canonical_flush(&sink);
    sink.to = &body;
    canonical_body(&sink, text_of_json(json_object_get(job, "body_in")), relaxed);
    canonical_flush(&sink);
    json_t *result = json_pack("{so so}", "header", text_json(buf_slice(&header)), "body",
                               text_json(buf_slice(&body)));
    buf_release(&header);
    buf_release(&body);
    return result;
}

static json_t *examine_job(struct arena *arena, json_t *job)
{
    json_t *dns = json_object_get(job, "dns");
    uint64_t now = (uint64_t)json_integer_value(json_object_get(job, "now"));
    if (json_object_get(job, "body_in"))
        return json_pack("{so so}", "simple", canonical_json(job, "simple"), "relaxed",
                         canonical_json(job, "relaxed"));
    struct slice message = octets_of(arena, text_of_json(json_object_get(job, "message")));
    return json_pack("{so so so}", "dkim", dkim_json(arena, dns, message, now), "arc",
                     arc_json(arena, dns, message, now), "facts",
                     facts_of(arena, dns, message, now));
}

int main(int argc, char *argv[])
{
    const char *reason = "";
    static char line[LINE];
    bool jail = argc > 1 && strcmp(argv[1], "--jail") == 0;
    json_object_seed(1); /* or it is read from a file, in the jail */
    if (!examine_warm_up(&reason) || (jail && !sandbox_enter(JAIL_PURE, NULL, &reason))) {
        fprintf(stderr, "%s\n", reason);
        return 1;
    }
    while (fgets(line, sizeof line, stdin)) {
        struct arena *arena = arena_new(ARENA);
        json_t *job = json_loads(line, JSON_ALLOW_NUL, NULL);
        json_t *answer = job && arena ? examine_job(arena, job) : json_null();
        char *printed = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
        puts(printed ? printed : "null");
        free(printed);
        json_decref(answer);
        json_decref(job);
        arena_free(&arena);
    }
    return 0;
}
