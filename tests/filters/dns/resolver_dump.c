/* SPDX-License-Identifier: ISC
 * The resolver on real servers: for test_resolver.py. resolver_dump CONFIG [ROOT] enters
 * the proxy's jail (below ROOT, if given) and obeys JSON lines; U+0080 to U+00FF stand for single
 * octets:
 *   {"ask": [[name, type], ...], "cancels": [n, ...]}  inquiry number 1, 2, ...; when it is done,
 *                                                      those are cancelled
 *   {"cancel": n}   {"wait": true}: until none is pending   {"pause": ms}   {"counts": true}
 * Each inquiry that ends says so in a line, with its answers. */
#include "base/sandbox.h"
#include "filters/dns/inquiry.h"
#include "filters/dns/resolver.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { INQUIRIES_MAX = 5000, WANTED_MAX = 1000, ARENA_MAX = 1024 * 1024, DESCRIPTORS = 8192 };

struct asked {
    struct inquiry inquiry;
    struct arena *arena;
    struct dns_answers *answers;
    json_t *cancels;
    unsigned number;
};

struct dump {
    struct event_base *base;
    struct resolver *resolver;
    struct asked *asked[INQUIRIES_MAX + 1];
    unsigned count, open;
    bool paused;
};

static struct dump dump;

static bool read_file(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    static char text[65536];
    FILE *f = fopen(path.ptr, "re");
    (void)ctx;
    *reason = "cannot be opened";
    if (!f)
        return false;
    *content = (struct slice){text, fread(text, 1, sizeof text, f)};
    fclose(f);
    return true;
}

static struct config *load(const char *path)
{
    struct loader loader = {.read = read_file};
    struct buf report = buf_init(65536);
    struct config *config = config_load(slice_of(path), &loader, SLICE("mx.test"), &report);
    if (!config)
        fprintf(stderr, "%.*s", SLICE_ARGS(buf_slice(&report)));
    buf_release(&report);
    return config;
}

static const struct {
    enum dns_type type;
    const char *name;
} types[] = {{DNS_A, "A"},     {DNS_AAAA, "AAAA"}, {DNS_MX, "MX"},
             {DNS_TXT, "TXT"}, {DNS_PTR, "PTR"},   {DNS_CNAME, "CNAME"}};

static const char *type_name(enum dns_type type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return types[i].name;
    return "?";
}

static enum dns_type type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    exit(2);
}

/* ---- answers out ---- */

static json_t *octets(struct slice s)
{
    struct buf b = buf_init(65536);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c & 0x80)
            buf_char(&b, (char)(0xc0 | c >> 6));
        buf_char(&b, (char)(c & 0x80 ? 0x80 | (c & 0x3f) : c));
    }
    struct slice text = buf_slice(&b);
    json_t *json = json_stringn(text.ptr ? text.ptr : "", text.len);
    buf_release(&b);
    return json;
}

static json_t *record_json(enum dns_type type, const struct dns_record *record)
{
    char ip[46];
    if (type == DNS_A || type == DNS_AAAA) {
        ip_text(&record->ip, ip);
        return json_string(ip);
    }
    if (type == DNS_MX)
        return json_pack("[i, o]", record->preference, octets(record->text));
    return octets(record->text);
}

static void add_answer(void *context, struct slice name, enum dns_type type,
                       const struct dns_answer *answer)
{
    static const char *const words[] = {"found",  "no data",   "no name",
                                        "failed", "timed out", "unasked"};
    json_t *records = json_array(), *key = octets(name), *entry;
    for (size_t i = 0; i < answer->count; i++)
        json_array_append_new(records, record_json(type, &answer->records[i]));
    entry = json_pack("{s:s, s:b, s:o}", "status", words[answer->status], "authenticated",
                      answer->authenticated, "records", records);
    char *both = NULL;
    if (asprintf(&both, "%s %s", json_string_value(key), type_name(type)) > 0)
        json_object_set_new(context, both, entry);
    free(both);
    json_decref(key);
}

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

/* ---- inquiries ---- */

static void end(struct asked *a)
{
    dump.asked[a->number] = NULL;
    dump.open--;
    json_decref(a->cancels);
    arena_free(&a->arena);
    free(a);
    if (dump.open == 0)
        event_base_loopbreak(dump.base);
}

static void cancel(unsigned number)
{
    struct asked *a = number <= INQUIRIES_MAX ? dump.asked[number] : NULL;
    if (!a)
        return;
    inquiry_cancel(&a->inquiry);
    say(json_pack("{s:i, s:b, s:i}", "id", (int)number, "cancelled", 1, "pending",
                  (int)a->inquiry.pending));
    end(a);
}

static void tell(struct asked *a, bool at_once)
{
    json_t *answers = json_object(), *number;
    size_t i;
    dns_answers_each(a->answers, add_answer, answers);
    say(json_pack("{s:i, s:b, s:i, s:I, s:o}", "id", (int)a->number, "at_once", at_once, "queries",
                  (int)a->inquiry.queries, "ms", (json_int_t)a->inquiry.ms, "answers", answers));
    json_array_foreach(a->cancels, i, number)
        cancel((unsigned)json_integer_value(number));
    end(a);
}

static bool inside_ask;

static void done(void *ctx)
{
    if (inside_ask)
        abort();
    tell(ctx, false);
}

/* U+0080 to U+00FF stand for single octets. */
static struct slice octets_of(struct arena *arena, const json_t *value)
{
    struct slice text = {json_string_value(value), json_string_length(value)};
    char *out = arena_alloc(arena, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c == 0xc2 || c == 0xc3) && i + 1 < text.len)
            c = (unsigned char)((c & 3) << 6 | (text.ptr[++i] & 0x3f));
        out[n++] = (char)c;
    }
    return (struct slice){out, n};
}

static void ask(const json_t *list, json_t *cancels)
{
    static struct dns_wanted wanted[WANTED_MAX];
    struct asked *a = calloc(1, sizeof *a);
    const json_t *pair;
    size_t i, count = json_array_size(list);
    if (!a || count > WANTED_MAX || dump.count == INQUIRIES_MAX)
        exit(2);
    a->arena = arena_new(ARENA_MAX);
    a->answers = dns_answers_new(a->arena);
    a->cancels = json_incref(cancels);
    a->number = ++dump.count;
    dump.asked[a->number] = a;
    dump.open++;
    json_array_foreach(list, i, pair)
        wanted[i] =
            (struct dns_wanted){.name = octets_of(a->arena, json_array_get(pair, 0)),
                                .type = type_of(json_string_value(json_array_get(pair, 1)))};
    inquiry_begin(&a->inquiry, dump.resolver, a->arena, a->answers, done, a);
    inside_ask = true;
    unsigned pending = inquiry_ask(&a->inquiry, wanted, count);
    inside_ask = false;
    if (pending == 0)
        tell(a, true);
}

static void on_pause(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd, (void)what, (void)ctx;
    dump.paused = false;
    event_base_loopbreak(dump.base);
}

static void pause_for(json_int_t ms)
{
    struct timeval time = {ms / 1000, ms % 1000 * 1000};
    dump.paused = true;
    event_base_once(dump.base, -1, EV_TIMEOUT, on_pause, NULL, &time);
    while (dump.paused)
        event_base_dispatch(dump.base);
}

static void wait_for_all(void)
{
    while (dump.open > 0)
        event_base_dispatch(dump.base);
}

static void tell_counts(void)
{
    struct resolver_counts c = resolver_counts(dump.resolver);
    say(json_pack("{s:I, s:I, s:I, s:i}", "asked", (json_int_t)c.asked, "failed",
                  (json_int_t)c.failed, "timed_out", (json_int_t)c.timed_out, "pending",
                  (int)c.pending));
}

static void obey(const json_t *line)
{
    json_t *nothing = json_array(), *cancels = json_object_get(line, "cancels");
    if (json_object_get(line, "ask"))
        ask(json_object_get(line, "ask"), cancels ? cancels : nothing);
    if (json_object_get(line, "cancel"))
        cancel((unsigned)json_integer_value(json_object_get(line, "cancel")));
    if (json_object_get(line, "wait"))
        wait_for_all();
    if (json_object_get(line, "pause"))
        pause_for(json_integer_value(json_object_get(line, "pause")));
    if (json_object_get(line, "counts"))
        tell_counts();
    json_decref(nothing);
}

static void allow_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static bool lock_up(const char *root, const char **reason)
{
    *reason = "chroot";
    return chroot(root) == 0 && chdir("/") == 0;
}

/* A line longer than that is none of ours. */
static char input[1024 * 1024];

static void obey_all(void)
{
    while (fgets(input, sizeof input, stdin)) {
        json_t *line = json_loads(input, 0, NULL);
        if (!line)
            exit(2);
        obey(line);
        json_decref(line);
    }
    wait_for_all();
}

int main(int argc, char **argv)
{
    const char *reason = "";
    struct config *config = argc > 1 ? load(argv[1]) : NULL;
    if (!config)
        return 2;
    allow_descriptors();
    json_object_seed(1); /* or it opens a file in the jail */
    dump.base = event_base_new();
    dump.resolver = resolver_new(dump.base, config, &reason);
    bool ready = dump.resolver && (argc < 3 || lock_up(argv[2], &reason)) &&
                 sandbox_enter(JAIL_PROXY, NULL, &reason);
    if (ready)
        obey_all();
    else
        fprintf(stderr, "%s\n", reason);
    resolver_free(&dump.resolver);
    event_base_free(dump.base);
    config_free(&config);
    return !ready;
}
