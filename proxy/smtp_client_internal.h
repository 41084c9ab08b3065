/* SPDX-License-Identifier: ISC
 * What the three parts of a client share: smtp_client.c (events, beginning and end),
 * smtp_client_setup.c (greeting, EHLO, TLS) and smtp_client_job.c (envelope, body, replies). */
#ifndef PROXY_SMTP_CLIENT_INTERNAL_H
#define PROXY_SMTP_CLIENT_INTERNAL_H

#include "proxy/smtp_client.h"

enum client_state {
    CLIENT_CONNECTING,
    CLIENT_GREETING,
    CLIENT_EHLO,
    CLIENT_STARTTLS,
    CLIENT_HANDSHAKE,
    CLIENT_IDLE,
    CLIENT_ENVELOPE, /* MAIL, RCPT..., then DATA or RSET */
    CLIENT_BODY,     /* 354 has come */
    CLIENT_OVER,
};

struct smtp_client {
    struct smtp_client_setup setup;
    const struct smtp_client_owner *callbacks;
    void *owner;
    struct stream *stream;
    enum client_state state;
    struct capabilities can;
    bool secured, helo_tried;
    struct backend_job *job;
    bool deliver, dot_out;
    bool behind;            /* more input stands behind the reply that is being handled */
    struct doubt abandoned; /* of a session that went away after the final dot */
    int doubt;              /* its place */
    size_t commands, sent,
        answered;      /* of the envelope: 0 is MAIL, then the recipients, then DATA or RSET */
    char trouble[128]; /* why it ended */
};

/* Closes the connection and tells the owner; the client itself lives until the owner frees it. */
void client_over(struct smtp_client *c, enum smtp_client_end why, const char *trouble);
/* A delivery that went on alone has ended. */
void client_end_doubt(struct smtp_client *c);
/* The same for what went wrong, by the state that it was in. */
void client_failed(struct smtp_client *c, const char *why);
/* Sends a command line and waits for its reply. */
void client_say(struct smtp_client *c, const char *line);
/* Ready for a job; tells the owner. */
void client_become_idle(struct smtp_client *c);

void client_ehlo(struct smtp_client *c);
void client_begin_tls(struct smtp_client *c);
void client_got_ehlo(struct smtp_client *c, const struct smtp_reply *reply);
void client_got_starttls(struct smtp_client *c, const struct smtp_reply *reply);
void client_secured(struct smtp_client *c);

void client_got_envelope_reply(struct smtp_client *c, const struct smtp_reply *reply);
void client_got_final(struct smtp_client *c, const struct smtp_reply *reply);

#endif
