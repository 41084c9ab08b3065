/* SPDX-License-Identifier: ISC */
#include "proxy/imap/line_set.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BOUNDARY_MAX = 80 /* RFC 2046 5.1.1: 70 and what stands around them */ };

struct line_set {
    struct slice message;
    uint64_t key;         /* so that nobody can choose lines that meet */
    size_t room;          /* a power of two */
    struct slice lines[]; /* ptr NULL: a free place */
};

/* With its end. */
static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n') + 1);
    *rest = slice_from(*rest, line.len);
    return line;
}

static uint64_t mixed(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint64_t hash(const struct line_set *set, struct slice line)
{
    uint64_t h = set->key ^ line.len, word;
    for (; line.len >= sizeof word; line = slice_from(line, sizeof word)) {
        memcpy(&word, line.ptr, sizeof word);
        h = mixed(h ^ word) + set->key;
    }
    word = 0;
    memcpy(&word, line.ptr, line.len);
    return mixed(h ^ word);
}

static size_t place_of(const struct line_set *set, struct slice line)
{
    size_t at = (size_t)hash(set, line) & (set->room - 1);
    while (set->lines[at].ptr && !slice_eq(set->lines[at], line))
        at = (at + 1) & (set->room - 1);
    return at;
}

struct line_set *line_set_new(struct slice message)
{
    size_t count = 1, room = 16;
    for (struct slice rest = message; rest.len; count++)
        next_line(&rest);
    while (room < 2 * count)
        room *= 2;
    struct line_set *set = calloc(1, sizeof *set + room * sizeof *set->lines);
    if (!set || getrandom(&set->key, sizeof set->key, 0) != sizeof set->key) {
        free(set);
        return NULL;
    }
    set->message = message;
    set->room = room;
    for (struct slice rest = message; rest.len;) {
        struct slice line = next_line(&rest);
        set->lines[place_of(set, line)] = line;
    }
    return set;
}

void line_set_free(struct line_set **set)
{
    free(*set);
    *set = NULL;
}

static bool is_boundary(struct slice line)
{
    return slice_starts(line, SLICE("--")) && line.len <= BOUNDARY_MAX;
}

bool line_set_holds(const struct line_set *set, struct slice content)
{
    struct slice rest = content;
    while (rest.len) {
        bool first = rest.len == content.len;
        struct slice line = next_line(&rest);
        bool partial = first || rest.len == 0;
        if (set->lines[place_of(set, line)].ptr || is_boundary(line))
            continue;
        if (!partial || !memmem(set->message.ptr, set->message.len, line.ptr, line.len))
            return false;
    }
    return true;
}
