/* SPDX-License-Identifier: ISC */
#include "console/found.h"

#include "base/clock.h"
#include "console/command.h"
#include "policy/dates.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

enum { REFERENCE_LEAST = 12, PAGE = 2000 };

struct finding {
    struct arena *arena;
    void (*take)(void *ctx, const struct record *record);
    void *ctx;
    bool unreadable;
    uint64_t last; /* number of the last record */
    size_t count;
};

static void read_one(void *ctx, struct slice octets)
{
    struct finding *finding = ctx;
    struct record record;
    struct unpack in = {.left = octets};
    finding->last = unpack_u64(&in);
    finding->count++;
    arena_reset(finding->arena);
    if (record_decode(in.left, finding->arena, &record))
        finding->take(finding->ctx, &record);
    else
        finding->unreadable = true;
}

static bool ask_for(int sock, const struct control_find *find, struct finding *finding,
                    uint64_t *before)
{
    struct buf question = buf_init(IPC_PAYLOAD_MAX);
    control_pack_find(&question, find);
    bool ok = !question.failed &&
              ask(sock, CONTROL_FIND, buf_slice(&question), read_one, finding, before);
    if (question.failed)
        command_error("the gateway", "the question is too long");
    buf_release(&question);
    return ok;
}

/* One page. False: it was the last, or *ok is false. */
static bool ask_page(int sock, struct control_find *page, size_t left, struct finding *finding,
                     bool *ok)
{
    size_t found = finding->count;
    uint64_t before = 0;
    page->most = left < PAGE ? (uint32_t)left : PAGE;
    *ok = ask_for(sock, page, finding, &before);
    bool full = finding->count - found == page->most;
    page->before = full ? finding->last : before;
    return *ok && (full || before);
}

bool found_each(const struct asking *asking, const struct control_find *find, size_t most,
                struct arena *arena, void (*take)(void *ctx, const struct record *record),
                void *ctx)
{
    struct finding finding = {.arena = arena, .take = take, .ctx = ctx};
    struct control_find page = *find;
    bool ok = true;
    int sock = ask_connect(asking);
    if (sock < 0)
        return false;
    while (finding.count < most && ask_page(sock, &page, most - finding.count, &finding, &ok))
        ;
    close(sock);
    if (finding.unreadable)
        command_error("the gateway", "a record of it is of another version than gatepostctl");
    return ok && !finding.unreadable;
}

bool found_is_reference(struct slice word)
{
    struct slice head, rest;
    bool dotted = slice_cut(word, '.', &head, &rest);
    uint64_t number;
    for (size_t i = 0; i < head.len; i++)
        if (hex_digit(head.ptr[i]) < 0)
            return false;
    if (slice_starts(rest, SLICE("m")))
        rest = slice_from(rest, 1);
    return head.len >= REFERENCE_LEAST && (!dotted || slice_to_u64(rest, UINT32_MAX, &number));
}

void found_by(struct control_find *find, const char *word)
{
    struct slice text = slice_of(word);
    if (found_is_reference(text))
        find->id = text;
    else
        find->text = text;
}

static uint64_t seconds_of(char unit)
{
    return unit == 's'   ? 1
           : unit == 'm' ? 60
           : unit == 'h' ? 3600
           : unit == 'd' ? 86400
           : unit == 'w' ? 604800
                         : 0;
}

/* "2h", "7d", "2026-11-28", "2026-11-28 17:05": milliseconds since 1970. */
static bool take_time(const char *text, uint64_t *ms)
{
    struct slice s = slice_of(text);
    int64_t date;
    uint64_t count, unit = s.len ? seconds_of(s.ptr[s.len - 1]) : 0;
    uint64_t now = (uint64_t)clock_wall_ms();
    if (date_parse(s, &date)) {
        *ms = (uint64_t)date * 1000;
        return true;
    }
    if (!unit || !slice_to_u64(slice_sub(s, 0, s.len - 1), now / 1000 / unit, &count))
        return false;
    *ms = now - count * unit * 1000;
    return true;
}

bool found_option(struct control_find *find, int letter)
{
    switch (letter) {
    case 's':
        return take_time(optarg, &find->since);
    case 'u':
        return take_time(optarg, &find->until);
    case 'v':
        find->verdict = slice_of(optarg);
        return true;
    case 'a':
        find->client = slice_of(optarg);
        return true;
    case 'r':
        find->rule = slice_of(optarg);
        return true;
    }
    return false;
}
