/* SPDX-License-Identifier: ISC
 * A client's connection, whatever it speaks: accepted within the limits, secured, judged, greeted;
 * its waiting, its deadlines and its end. What is said is its protocol's.
 *
 *   session.c        begins and ends it, takes in octets
 *   session_greet.c  who comes, and when it is greeted
 *   session_record.c what of it is recorded
 *   session_log.c    what of it is logged, where the client has it in his hands
 *   session_live.c   what others see of it while it lasts
 *   session_share.c  what its networks may have
 *   session_foreign.c  whether its TLS is for us, before it is answered
 *   session_pass.c   it is passed on as it is
 *   session_stress.c who has to go while little room is left
 *   session_wait.c   waits for what client_study.h and examination.h find out */
#ifndef PROXY_SESSION_SESSION_H
#define PROXY_SESSION_SESSION_H

#include "base/stream.h"
#include "proxy/examine/examination.h"
#include "proxy/session/protocol.h"

enum session_state {
    SESSION_CONNECTED, /* nothing was said yet; implicit TLS may be under way */
    SESSION_OPEN,      /* for commands */
    SESSION_BULK,      /* a message is coming in */
    SESSION_BUSY,      /* a reply is on its way from elsewhere: nothing is read */
    SESSION_PASSING,   /* its octets go on to another server as they are (session_pass.c) */
    SESSION_CLOSING,   /* closes once its last reply is out */
};

/* How fast a body comes, while that matters (session_stress.c). */
struct pace {
    int64_t looked, brisk; /* clock_ms: the last look, and the last at which it was fast enough */
    uint64_t came;
};

/* The encryption of who speaks to a mail server that asks us as a milter, or to a load balancer. */
struct told_tls {
    char version[16]; /* empty: there is none */
    char cipher[64];
};

enum session_line {
#define SESSION_LINE(id, word) LINE_##id,
#include "proxy/session/session_lines.def"
#undef SESSION_LINE
    SESSION_LINES
};

struct passage;
struct session_foreign;

struct session {
    TAILQ_ENTRY(session) link, unshown;
    const struct mail_protocol *protocol;
    struct proxy *proxy;
    const struct listener *listener;
    struct stream *stream;
    char id[24];
    struct ip client;
    uint16_t client_port;
    struct ip
        local; /* the address that it has reached: ours, or, where it is led here, a server's */
    uint16_t local_port;        /* where it is led here; else 0 */
    struct session_claim claim; /* whose it is */
    enum session_state state;   /* changed by session_enter alone */
    struct arena *arena;
    struct client_study *study;  /* NULL: no rule asks */
    struct examination *message; /* under way, the protocol's; NULL: none */
    struct {
        enum phase phase;
        void (*then)(struct session *s);   /* goes on once all that `phase` needs is there */
        bool hurried;                      /* it took too long: the DNS is not asked any more */
        void (*resume)(struct session *s); /* goes on after a delay */
    } wait;
    struct session_foreign *foreign; /* owned; NULL: nobody looks whether its TLS is for us */
    struct passage *passage;         /* owned, while it is passed on; else NULL */
    struct login *login; /* owned; NULL: nobody logs in here now (proxy/login/login.h) */
    int64_t delayed;     /* milliseconds that rules made it wait for before it named a recipient */
    unsigned errors, commands, refusals;
    unsigned lines, unlogged[SESSION_LINES]; /* of session_lines.def: written; only counted */
    int live;                                /* its place among those that are shown; -1: none */
    bool is_unshown;                         /* what is shown there is older than this */
    int64_t began, since;                    /* clock_ms: the session, and what it does now */
    int64_t heard;                           /* something came */
    int64_t useful;                          /* it brought something last, or began */
    uint64_t came;                           /* octets since it does what it does */
    struct pace pace;
    int64_t began_at; /* clock_wall */
    struct told_tls told_tls;
    uint16_t told_port; /* of a load balancer's that the client has come to; 0: it came by none */
    char *told_name;    /* that the client asked a load balancer for; owned; NULL: none */
    bool health;        /* it is the balancer that looks whether we live: it is not counted */
    uint8_t granted;    /* struct arrival */
    bool greeted, starting_tls;
    bool leaving;          /* it said so: nothing more of it is waited for */
    int64_t lingers_until; /* clock_ms, once all is out; 0: it is not */
};

/* ---- session.c ---- */

/* What a load balancer says of a connection; texts are the caller's. */
struct introduction {
    struct ip balancer;
    bool health; /* it speaks for itself */
    bool tls;    /* the client's connection is encrypted, up to the balancer */
    uint16_t server_port;
    struct slice tls_version, tls_cipher, server_name;
};

/* A client that was accepted on `fd` (taken over in any case). */
struct arrival {
    int fd;
    struct ip client,
        local; /* local: the address of ours that it has reached; family 0 when nobody asks */
    uint16_t port, local_port;
    uint8_t granted;                 /* by a mail server that asks (milter_grant) */
    const struct introduction *said; /* NULL: it comes by no load balancer */
};

void session_begin(struct proxy *proxy, const struct mail_protocol *protocol,
                   const struct listener *listener, const struct arrival *arrival);

/* Frees the session. What is under way is given up as far as that is still possible. */
void session_end(struct session *s);

/* The one place where a state changes. */
void session_enter(struct session *s, enum session_state state);

/* Back to commands, with their time-out; or to a message's octets, with a deadline (ms). */
void session_expect_command(struct session *s);
void session_expect_bulk(struct session *s, int64_t ms);

/* While busy nothing is read; after the reply what comes next is. */
void session_wait(struct session *s);
void session_go_on(struct session *s);

/* Queues text that is complete with its CRLFs. */
void session_text(struct session *s, struct slice text);

/* It has brought what one comes here for. */
void session_was_useful(struct session *s);

/* Its TLS handshake is under way. */
bool session_is_securing(const struct session *s);
/* The connection has failed: where TLS was being begun that is told, and the session ends. */
void session_fail(struct session *s, const char *reason);

/* The connection is closed once what is queued is out; with the words for that, too. */
void session_hang_up(struct session *s);
void session_farewell(struct session *s, enum farewell farewell);

/* One more command, or one more that was wrong.
 * False: it was one too many, and the farewell is said. */
bool session_may_go_on(struct session *s);
bool session_may_err(struct session *s);

/* Begins TLS behind what is queued; what else stands in the input is thrown away. */
void session_secure(struct session *s, SSL *ssl);

/* One more of what counters.def lists. */
void session_count(const struct session *s, enum counter counter);

/* ---- session_greet.c ---- */

/* Connected, and secured if it must be. */
void session_greet(struct session *s);

/* A rule drops the connection: the protocol says why, to the log as well, and we hang up. */
void session_refuse(struct session *s, const struct verdict *verdict);

/* ---- session_pass.c ---- */

/* From now on all that comes goes to that server, which is taken over, and back: what is queued for the client goes
 * out in front. The session may be gone afterwards. */
void session_pass(struct session *s, struct stream *server);
/* The service stops: it is to be over as soon as it is silent. */
void session_hurry_passage(struct session *s);
/* Octets both ways so far. */
uint64_t session_passed(const struct session *s);
/* Tells of it and ends it, if it is there. */
void session_end_passage(struct session *s, const char *why);
/* TLS that we cannot end is not passed on: counted, told. `name`: that the client asked for; empty: unknown. */
void session_tell_not_passed(struct session *s, const char *name, const char *why);

/* ---- session_live.c ---- */

/* It has a place among those that are shown (live_sessions.h), if there is one left; and has it no
 * more. */
void session_appear(struct session *s);
void session_disappear(struct session *s);

/* What is shown of it is brought up to date, within some hundredths of a second, and it rests if nothing is
 * under way then; or it does something else from now on. */
void session_show(struct session *s);
void session_does(struct session *s);

/* ---- session_wait.c ---- */

/* Calls `then` once everything is known that rules ask for at `phase`, or has taken too long and is
 * unknown: at once, or later, while nothing is read. */
void session_await(struct session *s, enum phase phase, void (*then)(struct session *s));

/* Something has come: goes on if it was the last. The session may be gone afterwards. */
void session_settle(struct session *s);

/* Calls `then` after that time, while nothing is read. */
void session_delay(struct session *s, int64_t ms, void (*then)(struct session *s));

/* The same for a rule's `delay`: what it made the session wait for already is not waited for again.
 * The greatest so far is kept in *served. */
void session_tarpit(struct session *s, int64_t ms, int64_t *served,
                    void (*then)(struct session *s));

/* What it waits for is not waited for any more. */
void session_forget_waiting(struct session *s);

/* The deadline of a busy session has passed. */
void session_overdue(struct session *s);

#endif
