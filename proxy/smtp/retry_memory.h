/* SPDX-License-Identifier: ISC
 * What became of a message's recipients when they fared differently: some would have had it, some
 * not, by our rules or by the server's replies. The sender got 451 for all; when it comes again
 * with the same message, each hears at RCPT what was meant for him. Kept (retry_store.h) for a day, or
 * until that retry has been served. */
#ifndef PROXY_SMTP_RETRY_MEMORY_H
#define PROXY_SMTP_RETRY_MEMORY_H

#include "proxy/smtp/retry_store.h"
#include "proxy/smtp/smtp_job.h"

enum { RETRY_WAITS_MOST = 16 };

struct retry {
    unsigned group; /* only recipients of one group share a transaction; 0: none is remembered */
    bool has_size;
    uint64_t size;              /* that MAIL declared: a reply is that message's, not another's */
    struct backend_reply reply; /* code 0: none; the recipient is to be tried in his group */
    bool in_turn;               /* groups take turns: this is forgotten once it has been served */
    unsigned waits;             /* at how many more tries others are to come first */
    struct retry_place place;   /* all where it is written; recalled only */
};

void retry_remember(const struct retry_store *store, const struct retry_place *place,
                    const struct retry *retry);

/* `answer` is Redis'. Texts of the reply are copied into `arena`. All zeros: nothing is remembered. */
struct retry retry_recall(const struct retry_store *store, const struct retry_place *place,
                          const struct state_retry_answer *answer, struct arena *arena);

/* To be given the place of what was recalled: it may have been written from another network. */
void retry_forget(const struct retry_store *store, const struct retry_place *place);

/* Whether the reply is this message's: both declared the same size (RFC 1870). A
 * zero tells none. */
bool retry_is_of(const struct retry *retry, const struct smtp_mail_params *mail);

/* Whether it is known to be another message's: both declared a size, and not the same. */
bool retry_is_anothers(const struct retry *retry, const struct smtp_mail_params *mail);

#endif
