/* SPDX-License-Identifier: ISC */
#include "policy/policy.h"

static const struct action_info table[ACTION_COUNT] = {
#define ACTION(id, word, terminal, strictness, doc)                                                \
    [ACTION_##id] = {word, terminal, strictness, doc},
#include "policy/actions.def"
#undef ACTION
};

const struct action_info *action_info(enum action action)
{
    return &table[action];
}
