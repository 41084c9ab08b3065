/* SPDX-License-Identifier: ISC
 * Numbers that were met before. */
#ifndef PROXY_READER_ID_SET_H
#define PROXY_READER_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_set {
    uint32_t *ids; /* owned; 0: a free place */
    size_t count, room;
};

/* Whether it is the first time; of what cannot be remembered it always is. `id` is not 0. */
bool id_set_is_first(struct id_set *set, uint32_t id);
void id_set_forget(struct id_set *set);

#endif
