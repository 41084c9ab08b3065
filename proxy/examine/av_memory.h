/* SPDX-License-Identifier: ISC
 * What the antivirus has said of messages that lie in mailboxes, which are read again and again: by
 * the digest of the message, never by what a server calls it. New signatures end it all. */
#ifndef PROXY_EXAMINE_AV_MEMORY_H
#define PROXY_EXAMINE_AV_MEMORY_H

#include "base/arena.h"
#include "policy/facts.h"

enum {
    AV_DIGEST = 32, /* SHA-256 */
    AV_MEMORY_MESSAGES = 4096,
    AV_MEMORY_FACTS_MAX = 1024, /* octets, of one message; longer ones are scanned again */
    AV_MEMORY_MS = 3600000,
};

struct av_memory;

/* NULL: no memory. */
struct av_memory *av_memory_new(void);
void av_memory_free(struct av_memory **memory);

/* There are other signatures now. The number stands for them: it is taken when a message is given to
 * the antivirus, and an answer under another number is not remembered. */
void av_memory_forget(struct av_memory *memory);
uint64_t av_memory_signatures(const struct av_memory *memory);

/* What the facts of the antivirus are, when all are known. Out of memory it remembers nothing. */
void av_memory_note(struct av_memory *memory, const unsigned char digest[static AV_DIGEST],
                    uint64_t signatures, int64_t now, const struct facts *facts);

/* Fills them in, texts in the arena. False: nothing is known, or the arena is full. */
bool av_memory_recall(const struct av_memory *memory, const unsigned char digest[static AV_DIGEST],
                      int64_t now, struct arena *arena, struct facts *facts);

#endif
