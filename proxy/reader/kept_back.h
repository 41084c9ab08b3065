/* SPDX-License-Identifier: ISC
 * Messages of which nothing could be shown for now: not to be scanned again at once, nor to be deleted by who has not
 * seen them. */
#ifndef PROXY_READER_KEPT_BACK_H
#define PROXY_READER_KEPT_BACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kept_back {
    struct kept_message *messages; /* owned; NULL: there was none */
    size_t count;
    bool all; /* there were more than can be remembered */
};

/* `id`: what the client calls it, a number or a UID. */
void kept_back_add(struct kept_back *kept, uint32_t id);
void kept_back_remove(struct kept_back *kept, uint32_t id);
bool kept_back_has(const struct kept_back *kept, uint32_t id);
bool kept_back_too_soon(const struct kept_back *kept, uint32_t id);
void kept_back_forget(struct kept_back *kept);

#endif
