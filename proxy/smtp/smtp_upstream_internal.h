/* SPDX-License-Identifier: ISC
 * What the parts of an upstream share: smtp_upstream.c (events, beginning and end), smtp_upstream_setup.c
 * (greeting, EHLO, TLS), smtp_upstream_login.c (as whom), smtp_upstream_told.c (for
 * whom) and smtp_upstream_job.c (envelope, body, replies). */
#ifndef PROXY_SMTP_SMTP_UPSTREAM_INTERNAL_H
#define PROXY_SMTP_SMTP_UPSTREAM_INTERNAL_H

#include "proxy/smtp/smtp_upstream.h"
#include "proxy/smtp/smtp_xclient.h"

enum smtp_upstream_state {
    UPSTREAM_CONNECTING,
    UPSTREAM_GREETING,
    UPSTREAM_EHLO,
    UPSTREAM_STARTTLS,
    UPSTREAM_HANDSHAKE,
    UPSTREAM_LOGIN,
    UPSTREAM_TELLING, /* XCLIENT */
    UPSTREAM_IDLE,
    UPSTREAM_ENVELOPE, /* MAIL, RCPT..., then DATA or RSET */
    UPSTREAM_BODY,     /* 354 has come */
    UPSTREAM_OVER,
};

struct smtp_upstream {
    struct smtp_upstream_setup setup;
    const struct server *conf; /* the server's */
    bool plain;                /* opportunistic TLS has failed lately: do without */
    const struct smtp_upstream_owner *callbacks;
    void *owner;
    struct stream *stream;
    enum smtp_upstream_state state;
    struct smtp_capabilities can;
    struct smtp_server_names names;
    bool secured, helo_tried;
    unsigned challenges; /* of the login, answered */
    bool asked;          /* a line of a login that is passed on awaits its reply */
    /* Whose it is to the server, and may be: the XCLIENT that it took, and that it was sent; empty: none. */
    char told[XCLIENT_LINE_MAX], telling[XCLIENT_LINE_MAX];
    char helo[SERVER_NAME_MAX]; /* that client's, by which we greet the server; empty: our own */
    bool tells_not;             /* it takes none */
    struct smtp_job *job;
    bool deliver, dot_out;
    bool behind;            /* more input stands behind the reply that is being handled */
    struct doubt abandoned; /* of a session that went away after the final dot */
    int doubt;              /* its place */
    /* Of the envelope: 0 is MAIL, then the recipients, then DATA or RSET. */
    size_t commands, sent, answered;
    /* Replies to the message: so many are due, so many have come. */
    size_t finals_due, finals;
    bool taken;        /* one of them was a yes */
    char trouble[128]; /* why it ended */
    char place[UPSTREAM_PLACE_MAX];
};

/* Closes the connection and tells the owner; it lives until the owner frees it. */
void smtp_upstream_over(struct smtp_upstream *c, enum smtp_upstream_end why, const char *trouble);
/* A delivery that went on alone has ended. */
void smtp_upstream_end_doubt(struct smtp_upstream *c);
/* The same for what went wrong, by the state that it was in. */
void smtp_upstream_failed(struct smtp_upstream *c, const char *why);
/* LMTP: the connection has ended after the server refused the message before it had it, and told but some of
 * the recipients so. Nobody has it then: what was said last is true of the others too where it says that it is of
 * the message, else they are put off; the job is answered. False: it is not so. */
bool smtp_upstream_refused_early(struct smtp_upstream *c);
/* Sends a command line and waits for its reply. */
void smtp_upstream_say(struct smtp_upstream *c, const char *line);
/* Ready for a job; tells the owner. */
void smtp_upstream_become_idle(struct smtp_upstream *c);

void smtp_upstream_ehlo(struct smtp_upstream *c);
void smtp_upstream_begin_tls(struct smtp_upstream *c);
void smtp_upstream_got_greeting(struct smtp_upstream *c, const struct smtp_reply *reply);
void smtp_upstream_got_ehlo(struct smtp_upstream *c, const struct smtp_reply *reply);
void smtp_upstream_got_starttls(struct smtp_upstream *c, const struct smtp_reply *reply);
void smtp_upstream_secured(struct smtp_upstream *c);
void smtp_upstream_log_in(struct smtp_upstream *c);
void smtp_upstream_got_login_reply(struct smtp_upstream *c, const struct smtp_reply *reply);

/* A PROXY header, where the server is to have one. */
void smtp_upstream_introduce(struct smtp_upstream *c);
/* Says whose the job, or the login that follows, is. False: there is nothing to be said. */
bool smtp_upstream_tell_job(struct smtp_upstream *c);
bool smtp_upstream_tell_owner(struct smtp_upstream *c);
void smtp_upstream_got_told(struct smtp_upstream *c, const struct smtp_reply *reply);
/* The login that is passed on may begin. */
void smtp_upstream_await_login(struct smtp_upstream *c);
/* The server knows whose the job is, or will not. */
void smtp_upstream_begin_envelope(struct smtp_upstream *c);

/* All replies to the envelope that will come are there. */
void smtp_upstream_envelope_over(struct smtp_upstream *c);
void smtp_upstream_got_envelope_reply(struct smtp_upstream *c, const struct smtp_reply *reply);
void smtp_upstream_got_final(struct smtp_upstream *c, const struct smtp_reply *reply);

#endif
