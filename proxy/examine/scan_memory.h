/* SPDX-License-Identifier: ISC
 * What scanners have said of messages that lie in mailboxes, which are read again and again: by the
 * digest of the message, never by what a server calls it, and of the job. */
#ifndef PROXY_EXAMINE_SCAN_MEMORY_H
#define PROXY_EXAMINE_SCAN_MEMORY_H

#include "filters/scanner/scan_job.h"

enum {
    SCAN_DIGEST = 32, /* SHA-256 */
    SCAN_MEMORY_ANSWERS = 4096,
    SCAN_MEMORY_ANSWER_MAX = 4096, /* octets; what had a longer answer is scanned again */
    SCAN_MEMORY_MS = 3600000,
};

/* Of a message and what is asked about it; when that is asked does not count. */
struct scan_key {
    unsigned char digest[SCAN_DIGEST];
    uint64_t knowledge; /* scan_memory_knowledge when it was given to the scanner */
};

struct scan_memory;

/* NULL: no memory. */
struct scan_memory *scan_memory_new(void);
void scan_memory_free(struct scan_memory **memory);

/* Scanners know more now, such as other signatures: all is forgotten, and so are the answers that
 * are on their way. */
void scan_memory_forget(struct scan_memory *memory);

/* False: it cannot be told. */
bool scan_memory_key(const struct scan_memory *memory,
                     const unsigned char message[static SCAN_DIGEST], const struct scan_job *job,
                     struct scan_key *out);

/* Keeps a copy of an answer's octets (scan_answer.octets). Out of memory it remembers nothing. */
void scan_memory_note(struct scan_memory *memory, const struct scan_key *key, int64_t now,
                      struct slice octets);

/* Them. Empty: nothing is known. Valid until the next call of another function. */
struct slice scan_memory_recall(const struct scan_memory *memory, const struct scan_key *key,
                                int64_t now);

#endif
