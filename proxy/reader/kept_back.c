/* SPDX-License-Identifier: ISC */
#include "proxy/reader/kept_back.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
    MOST = 64,
    AGAIN_MS = 60 * 1000, /* before it is examined again */
};

struct kept_message {
    uint32_t id;
    int64_t until;
};

static size_t place_of(const struct kept_back *kept, uint32_t id)
{
    size_t i = 0;
    while (i < kept->count && kept->messages[i].id != id)
        i++;
    return i;
}

void kept_back_add(struct kept_back *kept, uint32_t id)
{
    if (!kept->messages && !(kept->messages = calloc(MOST, sizeof *kept->messages))) {
        kept->all = true;
        return;
    }
    size_t i = place_of(kept, id);
    if (i == MOST) {
        kept->all = true;
        i = 0;
    } else if (i == kept->count) {
        kept->count++;
    }
    kept->messages[i] = (struct kept_message){id, clock_ms() + AGAIN_MS};
}

void kept_back_remove(struct kept_back *kept, uint32_t id)
{
    size_t i = place_of(kept, id);
    if (i < kept->count)
        kept->messages[i] = kept->messages[--kept->count];
}

bool kept_back_has(const struct kept_back *kept, uint32_t id)
{
    return kept->all || place_of(kept, id) < kept->count;
}

bool kept_back_too_soon(const struct kept_back *kept, uint32_t id)
{
    size_t i = place_of(kept, id);
    return i < kept->count && clock_ms() < kept->messages[i].until;
}

void kept_back_forget(struct kept_back *kept)
{
    free(kept->messages);
    *kept = (struct kept_back){.messages = NULL};
}
