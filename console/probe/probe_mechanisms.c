/* SPDX-License-Identifier: ISC */
#include "console/probe/probe_mechanisms.h"

static void take_word(struct mechanisms *found, struct slice word)
{
    struct slice plus = SLICE("-PLUS");
    bool bound = slice_iends(word, plus);
    struct slice name = bound ? slice_sub(word, 0, word.len - plus.len) : word;
    for (int i = 0; i < MECHANISMS; i++)
        if (slice_ieq(name, slice_of(mechanism_name((enum login_mechanism)i))))
            *(bound ? &found->with_plus : &found->has) |= 1U << i;
}

void mechanisms_take(struct mechanisms *found, struct slice names)
{
    struct slice word;
    while (names.len) {
        slice_cut(names, ' ', &word, &names);
        take_word(found, word);
    }
}

void mechanisms_by_password(struct mechanisms *found, unsigned usable)
{
    found->usable = (found->has & ~found->with_plus & ~(unsigned)MECHANISMS_BY_PASSWORD) | usable;
}
