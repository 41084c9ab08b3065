/* SPDX-License-Identifier: ISC
 * Several places to read mail from, one after the other. */
#ifndef CONSOLE_LEARN_MAIL_QUEUE_H
#define CONSOLE_LEARN_MAIL_QUEUE_H

#include "console/learn/mail.h"

struct mail_queue {
    struct mail_source **sources; /* owned, with room for all of them */
    const char **names;           /* of each; the caller's */
    size_t count, at;
    uint64_t total, done; /* octets; done: of those that are behind us */
};

/* With room for so many. False: out of memory; mail_queue_close either way. */
bool mail_queue_open(struct mail_queue *queue, size_t room);
void mail_queue_close(struct mail_queue *queue);

/* `source` is the queue's from now on. */
void mail_queue_add(struct mail_queue *queue, const char *name, struct mail_source *source);

/* MAIL_TROUBLE: with the source that is left then, *name; others may follow. */
enum mail_got mail_queue_next(struct mail_queue *queue, struct mail *out, const char **name);

bool mail_queue_is_over(const struct mail_queue *queue);

/* Octets that are behind us. */
uint64_t mail_queue_done(const struct mail_queue *queue);

#endif
