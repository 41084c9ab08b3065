/* SPDX-License-Identifier: ISC */
#include "policy/names.h"

#include <string.h>

enum { LONGEST = 40 };

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
    /* a third of the letters may be wrong */
    unsigned tolerated = word.len < 3 ? 1 : (unsigned)least((unsigned)word.len / 3 + 1, 4);
    return (struct nearest){.word = word, .distance = tolerated + 1};
}

void nearest_offer(struct nearest *nearest, struct slice name)
{
    unsigned distance = names_distance(nearest->word, name, nearest->distance);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = name;
    }
}

struct slice nearest_name(const struct nearest *nearest)
{
    return nearest->best;
}
