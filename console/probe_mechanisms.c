/* SPDX-License-Identifier: ISC */
#include "console/probe_mechanisms.h"

enum {
    /* The gateway takes the password by any of these, and tells it the way that the server has. */
    BY_PASSWORD = 1 << MECHANISM_USER | 1 << MECHANISM_PLAIN | 1 << MECHANISM_LOGIN,
    TOLD_BY = 1 << MECHANISM_USER | 1 << MECHANISM_PLAIN,
};

static void take_word(struct mechanisms *found, struct slice word)
{
    struct slice plus = SLICE("-PLUS");
    bool bound = slice_iends(word, plus);
    struct slice name = bound ? slice_sub(word, 0, word.len - plus.len) : word;
    for (int i = 0; i < MECHANISMS; i++)
        if (slice_ieq(name, slice_of(mechanism_name((enum login_mechanism)i))))
            *(bound ? &found->with_plus : &found->has) |= 1U << i;
}

static void take_line(struct arena *arena, struct mechanisms *found, struct slice line,
                      struct slice *words)
{
    struct slice verb, rest, word;
    slice_cut(line, ' ', &verb, &rest);
    if (slice_ieq(verb, SLICE("USER")))
        rest = verb;
    else if (!slice_ieq(verb, SLICE("SASL")))
        return;
    *words = words->len ? ARENA_JOIN(arena, *words, SLICE(" "), rest) : rest;
    while (rest.len) {
        slice_cut(rest, ' ', &word, &rest);
        take_word(found, word);
    }
}

struct mechanisms mechanisms_read(struct arena *arena, struct slice capabilities,
                                  struct slice *words)
{
    struct mechanisms found = {0};
    struct slice line;
    *words = SLICE("");
    while (capabilities.len) {
        slice_cut(capabilities, '\n', &line, &capabilities);
        take_line(arena, &found, slice_trim(line), words);
    }
    found.usable = found.has & ~found.with_plus & ~(unsigned)BY_PASSWORD;
    if (found.has & TOLD_BY)
        found.usable |= BY_PASSWORD;
    return found;
}
