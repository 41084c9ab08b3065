/* SPDX-License-Identifier: ISC
 * SPF on zones: for test_spf.py. Reads JSON lines {"zone": {name: [{"type", "value"}]}, "ip",
 * "helo", "from", "identity", "receiver"}; answers a line each. Each look-up is answered only after
 * it was missed, as in a live run. */
#include "base/buf.h"
#include "filters/sender/spf.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 16 * 1024 * 1024, RUNS_MAX = 100, CNAMES_MAX = 8 };

static struct slice text_of(const json_t *value)
{
    return (struct slice){json_string_value(value), json_string_length(value)};
}

/* U+0080 to U+00FF stand for single octets. */
static struct slice octets_of(struct arena *arena, const json_t *value)
{
    struct slice text = text_of(value);
    char *out = arena_alloc(arena, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c == 0xc2 || c == 0xc3) && i + 1 < text.len)
            c = (unsigned char)((c & 3) << 6 | (text.ptr[++i] & 0x3f));
        out[n++] = (char)c;
    }
    return (struct slice){out, n};
}

static struct slice joined(struct arena *arena, const json_t *value)
{
    struct buf b = buf_init(65536);
    const json_t *part;
    size_t i;
    if (!json_is_array(value))
        return octets_of(arena, value);
    json_array_foreach(value, i, part)
        buf_append(&b, octets_of(arena, part));
    struct slice text = arena_copy(arena, buf_slice(&b));
    buf_release(&b);
    return text;
}

static struct slice name_of(struct arena *arena, const json_t *value)
{
    struct slice name = octets_of(arena, value);
    char *copy = arena_cstr(arena, name);
    if (name.len && name.ptr[name.len - 1] == '.')
        name.len--;
    for (size_t i = 0; i < name.len; i++)
        copy[i] = ascii_lower(copy[i]);
    return (struct slice){copy, name.len};
}

static struct dns_record record_of(struct arena *arena, enum dns_type type, const json_t *value)
{
    struct dns_record record = {.preference = 0};
    if (type == DNS_A || type == DNS_AAAA) {
        ip_parse(text_of(value), &record.ip);
    } else if (type == DNS_MX) {
        record.preference = (uint16_t)json_integer_value(json_array_get(value, 0));
        record.text = name_of(arena, json_array_get(value, 1));
    } else {
        record.text = type == DNS_TXT ? joined(arena, value) : name_of(arena, value);
    }
    return record;
}

static const char *type_name(enum dns_type type)
{
    return type == DNS_A      ? "A"
           : type == DNS_AAAA ? "AAAA"
           : type == DNS_MX   ? "MX"
           : type == DNS_PTR  ? "PTR"
           : type == DNS_TXT  ? "TXT"
                              : "CNAME";
}

static const json_t *zone_entries(const json_t *zone, struct slice name)
{
    const char *key;
    json_t *entries;
    json_object_foreach((json_t *)(uintptr_t)zone, key, entries) {
        struct slice k = slice_of(key);
        if (k.len && k.ptr[k.len - 1] == '.')
            k.len--;
        if (slice_ieq(k, name))
            return entries;
    }
    return NULL;
}

static struct dns_answer answer_from(const json_t *zone, struct arena *arena, struct slice name,
                                     enum dns_type type, int cnames)
{
    struct dns_answer answer = {.status = DNS_NO_NAME};
    const json_t *entries = zone_entries(zone, name), *entry;
    size_t i;
    if (!entries)
        return answer;
    answer.status = DNS_NO_DATA;
    answer.records = arena_array(arena, json_array_size(entries) + 1, sizeof *answer.records);
    json_array_foreach(entries, i, entry) {
        const json_t *value = json_object_get(entry, "value");
        struct slice its = text_of(json_object_get(entry, "type"));
        if (slice_eq(its, slice_of(type_name(type)))) {
            answer.records[answer.count++] = record_of(arena, type, value);
            answer.status = DNS_FOUND;
        } else if (slice_eq(its, SLICE("CNAME"))) {
            if (cnames == CNAMES_MAX)
                return (struct dns_answer){.status = DNS_FAILED};
            return answer_from(zone, arena, name_of(arena, value), type, cnames + 1);
        } else if (answer.status == DNS_NO_DATA && slice_eq(its, SLICE("TIMEOUT"))) {
            answer.status = DNS_TIMED_OUT;
        } else if (answer.status == DNS_NO_DATA && slice_eq(its, SLICE("SERVFAIL"))) {
            answer.status = DNS_FAILED;
        }
    }
    return answer;
}

static void answer_wanted(struct dns_answers *answers, struct arena *arena, const json_t *zone)
{
    size_t count;
    const struct dns_wanted *wanted = dns_wanted(answers, &count);
    for (size_t i = 0; i < count; i++) {
        struct dns_answer answer = answer_from(zone, arena, wanted[i].name, wanted[i].type, 0);
        dns_answers_add(answers, wanted[i].name, wanted[i].type, &answer);
    }
    dns_answers_restart(answers);
}

static int evaluate(const json_t *test, struct arena *arena, struct spf_outcome *out)
{
    struct dns_answers *answers = dns_answers_new(arena);
    struct spf_input input = {.helo = octets_of(arena, json_object_get(test, "helo")),
                              .sender = octets_of(arena, json_object_get(test, "from")),
                              .receiver = text_of(json_object_get(test, "receiver"))};
    bool helo = slice_eq(text_of(json_object_get(test, "identity")), SLICE("helo"));
    ip_parse(text_of(json_object_get(test, "ip")), &input.client);
    for (int runs = 1; runs <= RUNS_MAX; runs++) {
        if (helo ? spf_evaluate_helo(arena, answers, &input, out)
                 : spf_evaluate(arena, answers, &input, out))
            return runs;
        answer_wanted(answers, arena, json_object_get(test, "zone"));
    }
    return 0;
}

static void print_text(const char *key, struct slice text)
{
    printf(", \"%s\": \"", key);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_outcome(const struct spf_outcome *out, int runs)
{
    printf("{\"result\": \"%s\", \"identity\": \"%s\", \"runs\": %d, \"lookups\": %u",
           runs ? spf_result_word(out->result) : "unfinished",
           out->identity == SPF_HELO ? "helo" : "mailfrom", runs, out->lookups);
    print_text("domain", out->domain);
    print_text("explanation", out->explanation);
    print_text("mechanism", out->mechanism);
    print_text("problem", out->problem);
    puts("}");
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, stdin)) > 0) {
        json_t *test = json_loadb(line, (size_t)len, JSON_ALLOW_NUL, NULL);
        struct arena *arena = arena_new(ARENA_MAX);
        struct spf_outcome out;
        if (!test || !arena) {
            fprintf(stderr, "not JSON: %s", line);
            return 1;
        }
        int runs = evaluate(test, arena, &out);
        print_outcome(&out, runs);
        arena_free(&arena);
        json_decref(test);
    }
    free(line);
    return 0;
}
