/* SPDX-License-Identifier: ISC
 * AUTH (RFC 4954): users log in at the server behind, over a connection of their own, and send over
 * that; or by the relay, where the server only says who may. */
#ifndef PROXY_SMTP_SMTP_LOGIN_H
#define PROXY_SMTP_SMTP_LOGIN_H

#include "base/buf.h"
#include "proxy/login/sasl_mechanism.h"
#include "proxy/smtp/smtp_session.h"

/* Who has logged in. */
struct submitter {
    char user[LOGIN_USER_MAX + 1]; /* whose password it was, whomever he acts for; empty: only
                                           * the server knows */
    char address[2 * LOGIN_USER_MAX + 2];   /* with the domain of those who give none */
    const struct sasl_mechanism *mechanism; /* how */
    const struct backend *backend;          /* where */
    struct value failures[3];               /* login.failures and its kin, when he did */
};

/* Ready for a login, where users log in. False: out of memory. */
bool smtp_login_open(struct smtp_session *s);
/* Gives up what is under way, a transaction included, and the server's connection. */
void smtp_login_close(struct smtp_session *s);

/* The line of EHLO's answer; none where nobody may log in now. */
void smtp_login_offer(const struct smtp_session *s, struct buf *out);
void smtp_login_take(struct smtp_session *s, struct slice argument);
/* The client is in the middle of a login: its next line is no command. */
bool smtp_login_talks(const struct smtp_session *s);

/* The server has hung up on him who is logged in; he is told so, and sent away. */
bool smtp_login_is_lost(const struct smtp_session *s);
void smtp_login_say_lost(struct smtp_session *s);

/* What rules are told of who is logged in. */
void smtp_login_facts(struct smtp_session *s, struct facts *facts);
/* Who he is, or says that he is; empty: nobody. */
struct slice smtp_login_user(const struct smtp_session *s);
/* He has named himself, and is not let in yet. */
bool smtp_login_names(const struct smtp_session *s);

#endif
