/* SPDX-License-Identifier: ISC
 * An IMAP server is asked whether a login is right, on a connection of that login's own: nobody reads mail over it, and
 * once the server has answered it is logged out. */
#ifndef PROXY_IMAP_IMAP_CHECK_H
#define PROXY_IMAP_IMAP_CHECK_H

#include "proxy/imap/imap_told.h"
#include "proxy/session/session.h"

struct imap_check;
struct credentials;

/* Nothing is told from inside a function of this header; whoever is told may close it. */
struct imap_check_owner {
    void (*ready)(void *owner); /* a login may begin */
    /* Of a login: a challenge, or what becomes of it; nothing else (ASKS, YES, NO, NOT_SO, LATER). */
    void (*replied)(void *owner, const struct imap_answer *answer);
    /* It has ended, and must not be named any more; `early`: it never became ready. */
    void (*over)(void *owner, bool early, const char *trouble);
};

/* Begins to connect to the best IMAP server of the backend, as mailbox_server_take chooses, for the client of that session;
 * it is asked what it offers once TLS stands. All that is given must outlive it; `ref` stands in lines of the log. NULL: no
 * server is left, *reason says why. */
struct imap_check *imap_check_open(struct session *session, const char *ref,
                                   const struct backend *backend,
                                   const struct imap_check_owner *hears, void *owner,
                                   const char **reason);
/* Logs out, and ends it without a word to its owner. */
void imap_check_close(struct imap_check *check);

const struct imap_login_offer *imap_check_offer(const struct imap_check *check);

/* Begins one by that mechanism; `first`: the response beside it, in base64, "=" the empty one; ptr NULL: the server asks. */
void imap_check_authenticate(struct imap_check *check, const char *mechanism, struct slice first);
/* A line of what was begun, given without its CRLF: a response, or "*". */
void imap_check_say(struct imap_check *check, struct slice line);
/* The command LOGIN (RFC 3501 6.2.3); `who` must stay until the server has answered. */
void imap_check_log_in(struct imap_check *check, const struct credentials *who);

#endif
