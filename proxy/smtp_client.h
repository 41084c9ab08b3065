/* SPDX-License-Identifier: ISC
 * One connection to a backend's server: greeting, EHLO, STARTTLS, then job after job. It knows
 * nothing of pools; its owner hands it jobs and hears when it is idle again, or gone. */
#ifndef PROXY_SMTP_CLIENT_H
#define PROXY_SMTP_CLIENT_H

#include "base/stream.h"
#include "proxy/backend_job.h"
#include "proxy/backends.h"

struct smtp_client;

struct smtp_client_setup {
    struct event_base *base;
    const struct server *server;
    const struct ip *source; /* NULL: the system chooses */
    struct slice hostname;   /* for EHLO */
    SSL_CTX *tls;
    SSL_SESSION **session; /* the last TLS session with this server, to be resumed; owned by the
                              server's pool */
    struct shared *shared; /* for deliveries that go on alone */
    unsigned row;
    bool plain; /* opportunistic TLS has failed lately: do without */
    int64_t connect_ms, reply_ms;
};

enum smtp_client_end {
    CLIENT_END_CONNECT, /* never became usable: the server counts as down */
    CLIENT_END_TLS,     /* the handshake failed */
    CLIENT_END_BROKEN,  /* broke while in use or idle */
    CLIENT_END_CLOSED,  /* we closed it */
};

struct smtp_client_owner {
    void (*idle)(void *owner, struct smtp_client *client); /* ready for a (next) job */
    /* The connection is closed. The client is to be freed from the loop, not in here: it may be on
     * the stack. */
    void (*over)(void *owner, struct smtp_client *client, enum smtp_client_end why);
};

/* NULL: *reason. */
struct smtp_client *smtp_client_new(const struct smtp_client_setup *setup,
                                    const struct smtp_client_owner *callbacks, void *owner,
                                    const char **reason);
void smtp_client_free(struct smtp_client **client);

/* Only when idle. When the job is answered its `done` is called (after idle() or over()); when the
 * connection fails before, over() comes while smtp_client_job still names it: the owner decides
 * what becomes of it. */
void smtp_client_start(struct smtp_client *client, struct backend_job *job);

/* The job is no longer wanted. True: its final dot is out and the connection finishes alone; false:
 * the caller closes the client. */
bool smtp_client_abandon(struct smtp_client *client);

/* Not idle yet, but on its way there without a job. */
bool smtp_client_will_be_idle(const struct smtp_client *client);

/* After over(): the whole message was out, so the server may have it. */
bool smtp_client_dot_out(const struct smtp_client *client);

/* For SSL_CTX_sess_set_new_cb: keeps a session that the server gave for the next connection. */
int smtp_client_keep_session(SSL *ssl, SSL_SESSION *session);

const struct capabilities *smtp_client_capabilities(const struct smtp_client *client);
struct backend_job *smtp_client_job(const struct smtp_client *client);
const char *smtp_client_trouble(const struct smtp_client *client);
void smtp_client_quit(struct smtp_client *client); /* says QUIT to an idle one */
void smtp_client_close(
    struct smtp_client *client); /* over() follows; its job is dropped without a word */

#endif
