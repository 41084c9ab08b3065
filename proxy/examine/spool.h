/* SPDX-License-Identifier: ISC
 * The body of one message: in memory while it is small or nobody else wants it, else in a memfd.
 * Written once, then sealed; never on disk. */
#ifndef PROXY_EXAMINE_SPOOL_H
#define PROXY_EXAMINE_SPOOL_H

#include "base/slice.h"

struct spool;

/* An empty spool; NULL when memory is out. `in_memory`: how much may stay in memory, for a message
 * that no scanner will see; 0: only what is small. */
struct spool *spool_new(size_t in_memory);
/* One that is complete: its content lies in memory of somebody else, unchanged as long as the spool
 * lives. NULL when memory is out. */
struct spool *spool_over(struct slice content);
void spool_free(struct spool **spool);

/* Appends; what is short is gathered before it is written. False when memory is out. Not after
 * spool_bytes or spool_fd, nor of spool_over. */
bool spool_append(struct spool *spool, struct slice bytes);
uint64_t spool_size(const struct spool *spool);

/* The whole content; no more is appended from here on.
 * ptr NULL: it cannot be mapped. Valid until spool_free. */
struct slice spool_bytes(struct spool *spool);

/* A memfd with the content, sealed against every change, for other processes to map. The spool's to
 * close; -1 when it cannot be made. */
int spool_fd(struct spool *spool);

#endif
