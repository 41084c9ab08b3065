/* SPDX-License-Identifier: ISC
 * The server behind that is asked about a login, whatever it speaks: SMTP, on the connection that then takes what the user
 * sends (smtp_private.h), or IMAP, which says who may and no more (proxy/imap/imap_check.h). */
#ifndef PROXY_SMTP_SMTP_LOGIN_SERVER_H
#define PROXY_SMTP_SMTP_LOGIN_SERVER_H

#include "proxy/login/login.h"
#include "proxy/smtp/smtp_session.h"

/* By what one may log in there. */
struct smtp_login_offer {
    unsigned mechanisms; /* a bit for each enum login_mechanism; MECHANISM_USER: log_in */
    unsigned plus;       /* those that it would bind to TLS as well */
};

struct smtp_login_server {
    /* Begins to connect to the best server of s->login_backend that was not tried; what follows is told by the functions
     * below, never from inside. False: none is left, *reason says why. */
    bool (*open)(struct smtp_session *s, const char **reason);
    bool (*is_open)(const struct smtp_session *s);
    void (*close)(struct smtp_session *s); /* if it is open */
    struct smtp_login_offer (*offer)(const struct smtp_session *s);
    /* Begins a login by that mechanism. Whether the first response, in base64, was said with it; else the server asks. */
    bool (*begin)(struct smtp_session *s, enum login_mechanism mechanism, struct slice first);
    void (*say)(struct smtp_session *s, struct slice line, bool secret);
    /* Logs in by user and password without a mechanism; NULL: it has no such thing. */
    void (*log_in)(struct smtp_session *s);
    /* What it counts as when it breaks off instead of an answer. */
    enum login_end (*unanswered)(const struct login *login);
};

extern const struct smtp_login_server smtp_login_smtp, smtp_login_imap;

/* The one of this listener. */
const struct smtp_login_server *smtp_login_server(const struct smtp_session *s);

/* ---- what it is told of, behind smtp_login_begin and smtp_login_challenged (smtp_login_say.h) ---- */

/* It says yes. */
void smtp_login_enter(struct smtp_session *s);

struct smtp_login_refusal {
    bool later;         /* it cannot tell now */
    enum login_end end; /* what the try counts as */
    unsigned code;      /* of SMTP, for the record, with */
    struct slice words; /* what it said; not for the client */
};
void smtp_login_refuse(struct smtp_session *s, const struct smtp_login_refusal *refusal);

/* It has ended, and is closed; `early`: it never became ready. */
void smtp_login_over(struct smtp_session *s, bool early, const char *trouble);

#endif
