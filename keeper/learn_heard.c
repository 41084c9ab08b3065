/* SPDX-License-Identifier: ISC */
#include "keeper/learn_heard.h"

#include "keeper/learn_agree.h"

#include <stdlib.h>

static bool any_alone(struct slice labels)
{
    struct unpack in = {.left = labels};
    struct learn_item item;
    while (learn_item_next(&in, &item))
        if (item.account)
            return true;
    return false;
}

/* What cannot be opened is like nothing. */
static void sketch_nothing(struct spam_sketch *out, uint32_t number)
{
    for (size_t i = 0; i < SPAM_SKETCH_BANDS; i++)
        out->bands[i] = number;
}

/* All are opened, which takes as long as learning them: who waits must hear of it. */
static void sketch_all(const struct learn_given *given, const struct learn_helper *helper,
                       uint32_t count, struct learn_voter *voters)
{
    struct unpack in = {.left = given->labels};
    struct learn_item item;
    struct slice vector;
    for (uint32_t i = 0; learn_item_next(&in, &item); i++) {
        voters[i] =
            (struct learn_voter){.account = item.account, .class = item.class, .quiet = item.quiet};
        if (i % LEARN_TOLD_EACH == 0)
            helper->progress(helper->ctx, 0, count);
        if (!helper->open(helper->ctx, item.sealed, &vector) ||
            !spam_sketch(vector, &voters[i].sketch))
            sketch_nothing(&voters[i].sketch, i);
    }
}

static bool hear_them(const struct learn_given *given, const struct learn_helper *helper,
                      uint32_t count, bool *heard)
{
    struct learn_voter *voters = calloc((size_t)count + 1, sizeof *voters);
    if (voters)
        sketch_all(given, helper, count, voters);
    bool ok = voters && learn_agree(voters, count);
    for (uint32_t i = 0; ok && i < count; i++)
        heard[i] = voters[i].account == 0 || voters[i].heard;
    free(voters);
    return ok;
}

bool *learn_heard(const struct learn_given *given, const struct learn_helper *helper,
                  uint32_t count)
{
    bool *heard = calloc((size_t)count + 1, sizeof *heard);
    for (uint32_t i = 0; heard && i < count; i++)
        heard[i] = true;
    if (!heard || !any_alone(given->labels) || hear_them(given, helper, count, heard))
        return heard;
    free(heard);
    return NULL;
}
