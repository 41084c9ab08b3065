/* SPDX-License-Identifier: ISC
 * All places that a command line names, opened: files, folders, mailboxes on servers. */
#ifndef CONSOLE_LEARN_LEARN_SOURCES_H
#define CONSOLE_LEARN_LEARN_SOURCES_H

#include "console/learn/learn_options.h"
#include "console/learn/mail_queue.h"

struct learn_login;

struct learn_sources {
    struct mail_queue queues[LABEL_CLASSES];
    struct learn_login *logins; /* owned; on servers: one a mailbox */
    size_t login_count;
    struct arena *arena; /* owned; of what went wrong */
};

/* Asks for passwords, connects, and looks how much there is. `options` and `config` must outlive it.
 * Messages of more than `max` octets will be skipped. False: what is wrong was said.
 * learn_sources_close either way. */
bool learn_sources_open(struct learn_sources *sources, const struct learn_options *options,
                        const struct config *config, uint64_t max);
void learn_sources_close(struct learn_sources *sources);

/* The next message of the class that is behind the other: so both are spread over the whole, as a
 * model that learns in order wants it. *name: of the source. MAIL_END: of all. */
enum mail_got learn_sources_next(struct learn_sources *sources, struct mail *out,
                                 enum label_class *class, const char **name);

/* Octets, of all. */
uint64_t learn_sources_total(const struct learn_sources *sources);
uint64_t learn_sources_done(const struct learn_sources *sources);

#endif
