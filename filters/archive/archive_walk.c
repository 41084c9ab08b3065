/* SPDX-License-Identifier: ISC */
#include "filters/archive/archive_walk.h"

#include "filters/cpu_budget.h"

#include <string.h>

enum {
    BEGINNING = 40 * 1024, /* enough to tell any type, disk images included */
    CALL_OCTETS = 1024,    /* that a call counts for, whatever it gave */
};

void archive_report_add(struct archive_report *report, const char *problem)
{
    if (!problem)
        return;
    if (strcmp(problem, "encrypted") == 0)
        report->encrypted = true;
    else if (strncmp(problem, "limit", 5) == 0)
        report->limit = true;
    else
        report->unscannable = true;
    if (!report->why)
        report->why = problem;
}

static bool over_limit(struct archive_walk *walk, const char *which)
{
    archive_report_add(walk->report, which);
    return false;
}

bool archive_walk_enter(struct archive_walk *walk)
{
    if (walk->stopped)
        return false;
    if (walk->budget->entries >= walk->budget->limits.entries) {
        walk->stopped = true;
        return over_limit(walk, "limit: entries");
    }
    walk->budget->entries++;
    return true;
}

bool archive_walk_charge(struct archive_walk *walk, uint64_t bytes)
{
    const struct archive_limits *limits = &walk->budget->limits;
    if (bytes > limits->total - walk->budget->unpacked) {
        walk->budget->unpacked = limits->total;
        return over_limit(walk, "limit: bytes");
    }
    walk->budget->unpacked += bytes;
    walk->unpacked += bytes;
    if (walk->unpacked > limits->ratio_floor && walk->unpacked / limits->ratio > walk->packed)
        return over_limit(walk, "limit: ratio");
    return true;
}

static bool wanted(struct archive_walk *walk, const struct archive_member *m,
                   const struct buf *content)
{
    const struct archive_visitor *v = walk->visitor;
    return !v->wants || v->wants(v->ctx, m->names[0], buf_slice(content));
}

/* 1 go on, 0 the member's end, -1 trouble (m->problem). */
static int read_block(struct archive_walk *walk, struct unpacker *unpacker, struct buf *into,
                      struct archive_member *m)
{
    size_t got = 0;
    int r = cpu_budget_spent(0) ? -1 : unpack_read(unpacker, into, &got);
    if (cpu_budget_spent(got + CALL_OCTETS)) {
        m->problem = CPU_BUDGET_SPENT;
        archive_report_add(walk->report, m->problem);
        walk->stopped = true;
        return -1;
    }
    if (got > 0 && !archive_walk_charge(walk, got)) {
        m->problem = walk->report->why;
        walk->stopped = true;
        return -1;
    }
    if (r < 0)
        m->problem = into && into->failed ? "limit: member" : unpack_why(unpacker);
    return r;
}

void archive_walk_read(struct archive_walk *walk, struct unpacker *unpacker, bool skips,
                       struct buf *content, struct archive_member *m)
{
    bool asked = false;
    struct buf *into = content;
    int r;
    while ((r = read_block(walk, unpacker, into, m)) > 0) {
        if (asked || buf_len(content) < BEGINNING)
            continue;
        asked = true;
        if (wanted(walk, m, content))
            continue;
        if (skips)
            break;
        into = NULL;
    }
    /* The rest of a member that is too large to keep must still be passed by. */
    while (r < 0 && into && into->failed && !skips && !walk->stopped)
        if (read_block(walk, unpacker, NULL, m) <= 0)
            break;
    m->content = buf_slice(content);
    m->complete = r == 0 && into == content;
}

void archive_walk_close(struct archive_walk *walk, struct unpacker **unpacker)
{
    if (*unpacker)
        walk->position = unpack_position(*unpacker);
    unpack_close(unpacker);
}

void archive_walk_give(struct archive_walk *walk, struct archive_member *m)
{
    static const struct slice nameless = SLICE("data");
    if (m->name_count == 0 || m->names[0].len == 0) {
        m->names = &nameless;
        m->name_count = 1;
    }
    if (m->encrypted)
        archive_report_add(walk->report, "encrypted");
    archive_report_add(walk->report, m->problem);
    walk->members++;
    if (!walk->visitor->member(walk->visitor->ctx, m))
        walk->stopped = true;
}
