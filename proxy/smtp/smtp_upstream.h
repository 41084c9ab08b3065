/* SPDX-License-Identifier: ISC
 * One connection to a backend's server: greeting, EHLO, STARTTLS, a login, then job after job. It knows
 * nothing of pools; its owner hands it jobs and hears when it is idle again, or gone. */
#ifndef PROXY_SMTP_SMTP_UPSTREAM_H
#define PROXY_SMTP_SMTP_UPSTREAM_H

#include "base/stream.h"
#include "common/shared.h"
#include "proxy/login/sasl.h"
#include "proxy/smtp/smtp_capabilities.h"
#include "proxy/smtp/smtp_job.h"
#include "proxy/upstream/upstream_server.h"

struct smtp_upstream;

struct smtp_upstream_setup {
    struct event_base *base;
    struct upstream_server *server; /* must outlive the connection */
    struct upstream_way way;
    struct slice hostname;           /* for EHLO */
    const struct credentials *login; /* NULL: the server is sent mail without one */
    bool passes_login;               /* what its owner says is passed on instead */
    struct shared *shared;           /* for deliveries that go on alone */
    unsigned row;
    int64_t connect_ms, reply_ms;
};

enum smtp_upstream_end {
    UPSTREAM_END_CONNECT,   /* never became usable: the server counts as down */
    UPSTREAM_END_REFUSED,   /* our login is: it is down for longer */
    UPSTREAM_END_TLS,       /* the handshake failed */
    UPSTREAM_END_OF_CLIENT, /* nor did it, which is the matter of the client whose address it bears */
    UPSTREAM_END_BROKEN,    /* broke while in use or idle */
    UPSTREAM_END_CLOSED,    /* we closed it */
};

/* How it calls itself, in its greeting and in its answer to EHLO: NUL-terminated, empty where it
 * names no host. */
enum { SERVER_NAME_MAX = 256 };
struct smtp_server_names {
    char greeting[SERVER_NAME_MAX], ehlo[SERVER_NAME_MAX];
};

struct smtp_upstream_owner {
    void (*idle)(void *owner, struct smtp_upstream *upstream); /* ready for a (next) job */
    /* The connection is closed.
     * It is to be freed from the loop, not in here: it may be on the stack. */
    void (*over)(void *owner, struct smtp_upstream *upstream, enum smtp_upstream_end why);
    /* Where logins are passed on: one may begin; the server's reply to a line of one, 235 being the
     * last. */
    void (*ready)(void *owner, struct smtp_upstream *upstream);
    void (*replied)(void *owner, struct smtp_upstream *upstream, const struct smtp_reply *reply);
    /* Whose connection it is, where it is one client's alone. NULL: it is nobody's. */
    struct told_client (*whose)(void *owner);
};

/* NULL: *reason. */
struct smtp_upstream *smtp_upstream_new(const struct smtp_upstream_setup *setup,
                                        const struct smtp_upstream_owner *callbacks, void *owner,
                                        const char **reason);
void smtp_upstream_free(struct smtp_upstream **upstream);

/* Only when idle. When the job is answered its `done` is called (after idle() or over()); when the
 * connection fails before, over() comes while smtp_upstream_job still names it: the owner decides
 * what becomes of it. */
void smtp_upstream_start(struct smtp_upstream *upstream, struct smtp_job *job);

/* Where logins are passed on: says a line of one (RFC 4954), given without its CRLF; `secret` is wiped
 * from what it goes out through. */
void smtp_upstream_say_login(struct smtp_upstream *upstream, struct slice line, bool secret);

/* The job is no longer wanted. True: its final dot is out and the connection finishes alone; false:
 * the caller closes it. */
bool smtp_upstream_abandon(struct smtp_upstream *upstream);

/* Says NOOP where it is idle, so that the server does not tire of it. */
void smtp_upstream_keep(struct smtp_upstream *upstream);

/* Not idle yet, but on its way there without a job. */
bool smtp_upstream_will_be_idle(const struct smtp_upstream *upstream);

/* After over(): the whole message was out, so the server may have it. */
bool smtp_upstream_dot_out(const struct smtp_upstream *upstream);

const struct smtp_capabilities *smtp_upstream_capabilities(const struct smtp_upstream *upstream);
const struct smtp_server_names *smtp_upstream_names(const struct smtp_upstream *upstream);
/* "192.0.2.1:25", as configured or as its client wanted; the upstream's. */
struct slice smtp_upstream_address(const struct smtp_upstream *upstream);
const struct upstream_way *smtp_upstream_way(const struct smtp_upstream *upstream);
/* The one that it has; NULL: none. */
struct smtp_job *smtp_upstream_job(const struct smtp_upstream *upstream);
/* After over(): why it ended. */
const char *smtp_upstream_trouble(const struct smtp_upstream *upstream);
/* Says QUIT to an idle one; any other is left alone. */
void smtp_upstream_quit(struct smtp_upstream *upstream);
/* over() follows; its job is dropped without a word. */
void smtp_upstream_close(struct smtp_upstream *upstream);

#endif
