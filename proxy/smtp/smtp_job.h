/* SPDX-License-Identifier: ISC
 * What a session asks of a backend: is this recipient known, or: deliver this message. The job is
 * the session's and stays where it is until `done` is called or it is cancelled. */
#ifndef PROXY_SMTP_SMTP_JOB_H
#define PROXY_SMTP_SMTP_JOB_H

#include "base/arena.h"
#include "common/shares.h"
#include "policy/config.h"
#include "proxy/smtp/smtp_command.h"
#include "proxy/smtp/smtp_reply.h"
#include "proxy/upstream/told_client.h"

#include <sys/queue.h>
#include <sys/uio.h>

struct smtp_upstream;

/* A backend's reply, kept. code 0: none came. */
struct backend_reply {
    enum reply_class kind;
    unsigned code;
    struct slice enhanced, text; /* in the job's arena */
};

struct job_recipient {
    struct slice address;
    struct smtp_rcpt_params params;
    struct backend_reply reply;
};

enum job_kind { JOB_CHECK, JOB_DELIVER };

enum job_outcome {
    JOB_ANSWERED,    /* the replies tell */
    JOB_UNREACHABLE, /* no server took the connection or it broke before the final dot */
    JOB_BUSY,        /* no connection became free in time */
    JOB_IN_DOUBT,    /* broken or late after the final dot: the backend may have it (RFC 1047),
                      * for recipients without a reply if there is one for `each` */
};

struct smtp_job {
    enum job_kind kind;
    const char *id;       /* of the session, for the log */
    struct holder holder; /* whose share of the connections it takes */
    const struct backend *backend;
    const struct told_client *client; /* whose it is; NULL: the gateway's own */
    struct arena *arena;
    int64_t deadline; /* clock_ms: when it must be over */
    /* NULL, or called when the server waits for the message; false: it is not to be begun now. */
    bool (*begins)(struct smtp_job *job);
    void (*done)(struct smtp_job *job);
    void *ctx;

    struct slice sender; /* empty: <> */
    struct smtp_mail_params mail;
    bool eight_bit; /* the body has bytes over 127 */
    struct job_recipient *recipients;
    size_t recipient_count;
    /* The message was given to an LMTP server: its recipients' replies are those to the message,
     * one for each (RFC 2033 4.2); code 0: not known. */
    bool each;
    const struct iovec *pieces; /* the body, dot-stuffed, with the final CRLF.CRLF */
    size_t piece_count;
    uint64_t size;             /* of the message, for SIZE= */
    const struct doubt *about; /* of a delivery: what is told when its end is in doubt */
    int doubt; /* shared_doubt_begin's; given back by whoever sees the delivery end */

    enum job_outcome outcome;
    const char *trouble; /* for the log when not ANSWERED; valid during `done` */
    struct backend_reply mail_reply, data_reply, final_reply;
    struct slice server; /* the address of the server that answered */

    TAILQ_ENTRY(smtp_job) queue; /* the pool's, with all below */
    struct smtp_upstream *upstream;
    uint64_t tried; /* servers that failed for it, a bit each */
    bool queued, retried;
};

#endif
