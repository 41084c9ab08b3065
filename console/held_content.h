/* SPDX-License-Identifier: ISC
 * What is held itself, as gatepost-release opens it. The message is hostile: here its octets are
 * copied, and nothing is read of them. */
#ifndef CONSOLE_HELD_CONTENT_H
#define CONSOLE_HELD_CONTENT_H

#include "base/arena.h"
#include "common/hold.h"

struct held_content {
    int file;                    /* owned; the request, then the message */
    uint64_t begins, size;       /* of the message in it, octets */
    struct hold_request request; /* in the arena */
};

/* Asks for the content of that name on `sock`, and waits for it, at most half a minute. False:
 * *reason; else held_content_close gives it back. */
bool held_content_open(int sock, const struct held_name *name, struct arena *arena,
                       struct held_content *out, const char **reason);
void held_content_close(struct held_content *content);

/* The message as it came, to the end of `to`. False with errno. */
bool held_content_copy(const struct held_content *content, int to);

/* A new sealed memfd with the message alone, the caller's. -1 with errno. */
int held_content_message(const struct held_content *content);

#endif
