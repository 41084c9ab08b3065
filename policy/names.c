/* SPDX-License-Identifier: ISC */
#include "policy/names.h"

#include <string.h>

enum { LONGEST = 40, TOLERATED = 4 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same(struct slice a, size_t i, struct slice b, size_t j)
{
    return ascii_lower(a.ptr[i]) == ascii_lower(b.ptr[j]);
}

unsigned names_distance(struct slice a, struct slice b, unsigned limit)
{
    size_t longer =
        a.len > b.len ? a.len - b.len : b.len - a.len; /* as many letters are to be put in */
    if (a.len > LONGEST || b.len > LONGEST || longer >= limit)
        return limit;
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            row[j] =
                least(above[j - 1] + !same(a, i - 1, b, j - 1), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a, i - 1, b, j - 2) && same(a, i - 2, b, j - 1))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return least(above[b.len], limit);
}

struct nearest nearest_to(struct slice word)
{
    return (struct nearest){.word = word, .distance = TOLERATED + 1};
}

/* A third of the letters, beside those of a first part ("message.") that is right. */
static unsigned tolerated(struct slice word, struct slice name)
{
    size_t dot = slice_rfind(word, '.');
    bool begun = dot < word.len && slice_istarts(name, slice_sub(word, 0, dot + 1));
    size_t len = begun ? word.len - dot - 1 : word.len;
    return least(len < 3 ? 1 : (unsigned)len / 3 + (len > 4), TOLERATED);
}

void nearest_offer(struct nearest *nearest, struct slice name)
{
    unsigned distance = names_distance(nearest->word, name, nearest->distance);
    if (distance < nearest->distance && distance <= tolerated(nearest->word, name)) {
        nearest->distance = distance;
        nearest->best = name;
    }
}

struct slice nearest_name(const struct nearest *nearest)
{
    return nearest->best;
}
