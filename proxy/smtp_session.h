/* SPDX-License-Identifier: ISC
 * One SMTP client's connection: what it has said, and the transaction it is in.
 *
 *   smtp_session.c    what the engine (session.h) asks for; replies, facts
 *   smtp_input.c      takes in command lines, and hangs up on what is no SMTP
 *   smtp_verbs.c      answers commands
 *   smtp_recipient.c  decides on RCPT, with
 *   smtp_retry.c      what an earlier try of the message has left
 *   smtp_body.c       takes in what follows DATA and BDAT
 *   smtp_message.c    goes from the final dot to the reply; in it
 *   smtp_deliver.c    the backend
 *   smtp_results.c    what was found out about the sender, written for those behind */
#ifndef PROXY_SMTP_SESSION_H
#define PROXY_SMTP_SESSION_H

#include "proxy/edits.h"
#include "proxy/retry_memory.h"
#include "proxy/session.h"
#include "proxy/smtp_command.h"
#include "proxy/smtp_data.h"

struct recipient {
    struct job_recipient job; /* address, parameters; the backend's reply */
    struct smtp_path path;
    bool unknown;         /* its domain's table does not have it */
    struct retry earlier; /* what an earlier try has left for it */
    struct recipient_facts known;
    struct verdict verdict;
    bool decided; /* by rules that need no message */
};

/* A reply of an earlier try that a recipient has been told. */
struct told {
    struct retry_place place;
    const struct told *before;
};

/* One who lets others go first, and has said so in this transaction. */
struct waiter {
    struct retry retry;
    struct waiter *before;
};

/* Recipients who are to come in another transaction: of another backend, or another group. */
struct turned {
    const struct backend *backend;
    unsigned group;
};

enum { TURNED_MOST = 16 };

/* What a body may not have. The first that is seen is the one that is told. */
enum body_fault {
    BODY_FINE,
    BODY_TOO_BIG,
    BODY_NO_ROOM,
    BODY_BARE_NEWLINE,
    BODY_NUL,
    BODY_NO_MEMORY
};

struct transaction {
    bool open; /* MAIL was accepted */
    struct examination message;
    struct smtp_path sender;
    struct smtp_mail_params mail;
    const struct backend *backend; /* of the first recipient */
    struct recipient *recipients;
    size_t recipient_count, recipient_room;
    const struct told *told;
    struct waiter *waiters;
    struct turned turned_away[TURNED_MOST]; /* each but once; what is past that waits longer */
    unsigned turned_count;
    bool remembered; /* how its recipients fared, at this try */
    struct job_recipient asked;

    struct smtp_data data;
    enum body_fault fault;
    bool in_chunks, last_chunk;
    uint64_t chunk_left;
    uint64_t window_bytes; /* received since the last look at the upload's rate */
    int64_t began, ended;  /* clock_ms: MAIL, the final dot */

    int64_t delayed; /* milliseconds that rules made a recipient wait for */
    struct backend_job job;
    bool job_running, delivering;
    bool settled;        /* its reply was final: it does not come again */
    struct doubt *doubt; /* what is known of the delivery, should its end not be; NULL: none */
    struct edited edited;
    const struct verdict *verdict; /* that all of the delivery's recipients share */
};

struct smtp_session {
    struct session base;
    char ref[DOUBT_ID_MAX]; /* of the transaction: the id and its number; also stands in replies */
    struct arena *mail;     /* the transaction's */
    struct slice helo;
    bool esmtp;
    bool normalises;      /* what this client sends with bare CR or LF is mended, not refused */
    bool pregreet, early; /* spoke before our banner; did not wait for the reply to HELO */
    bool after_helo;      /* what else stands in the input came too early */
    bool data_refused;    /* the latest command was a DATA that got no 354 */
    bool bare_newline;    /* one command was ended by a bare LF; the next such one is the last */
    size_t line_rest;     /* octets of that command's line so far; 0: it is over */
    unsigned messages, transactions;
    struct transaction t;
};

extern const struct mail_protocol smtp_protocol;

static inline struct smtp_session *smtp_of(struct session *base)
{
    return (struct smtp_session *)base;
}

/* Queues a reply: "CODE ENHANCED text" on one line (text may hold what came from others: it is made
 * printable). Enhanced may be empty. */
void smtp_answer(struct smtp_session *s, unsigned code, struct slice enhanced, struct slice text);
void smtp_say(struct smtp_session *s, unsigned code, const char *enhanced, const char *text);

/* A reply after which the connection is closed. */
void smtp_close(struct smtp_session *s, unsigned code, const char *enhanced, const char *text);

/* A wrong command: the reply counts against limits.errors. */
void smtp_error(struct smtp_session *s, unsigned code, const char *enhanced, const char *text);

/* Bytes of a body or chunk: how many were used. */
size_t smtp_take_data(struct smtp_session *s, struct slice bytes);
size_t smtp_take_chunk(struct smtp_session *s, struct slice bytes);

/* The body's clock: too slow an upload is given up; it would hold a session for hours. */
void smtp_upload_rate(struct smtp_session *s);
void smtp_drop_body(struct smtp_session *s);

/* Forgets the transaction (RSET, EHLO, after a message). */
void smtp_reset(struct smtp_session *s);

/* Authentication-Results and Received-SPF of what the rules had found out; may be empty. ptr NULL:
 * out of memory. */
struct slice smtp_results(struct smtp_session *s);
struct slice smtp_authserv_id(const struct smtp_session *s);

/* The facts that are known without the message, up to `phase`. */
void smtp_facts(struct smtp_session *s, enum phase phase);

/* One command at most, off the front of `bytes`: how many were used; 0: it is not complete. What is
 * no SMTP, and what follows a DATA that was refused without waiting for the reply, ends the
 * session.
 */
size_t smtp_take_command(struct smtp_session *s, struct slice bytes);

/* One command: a verb of smtp_verbs.def and its argument. */
void smtp_command(struct smtp_session *s, enum smtp_verb verb, struct slice argument);

/* All octets of a BDAT are in (or there are none): replies, or goes on to the message. */
void smtp_chunk_complete(struct smtp_session *s);

/* What the rules say of what is known at that phase (protocol.h). */
enum outcome smtp_judge(struct session *base, enum phase phase, struct verdict *out);

/* Says what a verdict refuses with, and the transaction's id. */
void smtp_refuse(struct smtp_session *s, const struct verdict *verdict);

/* postmaster and abuse: exempt from what is refused before the message. */
bool smtp_is_postmaster(const struct smtp_path *path);

/* RCPT: decides, and replies now or later. */
void smtp_recipient(struct smtp_session *s, struct slice argument);

/* What an earlier try of this message has left for a recipient: a group, and with it perhaps the
 * reply that was meant for it alone. */
void smtp_retry_recall(struct smtp_session *s, struct recipient *r);
bool smtp_retry_has_reply(const struct smtp_session *s, const struct recipient *r);
void smtp_retry_told(struct smtp_session *s, const struct recipient *r);
/* Whether this one, who would be the first, is not to be: it is the others' turn. */
bool smtp_retry_lets_others_go_first(struct smtp_session *s, struct recipient *r);
/* Recipients of that group were told to come in another transaction. */
void smtp_retry_turned_away(struct smtp_session *s, const struct backend *backend, unsigned group);
/* Recipients fare differently, by the rules or by the server's replies: for the next try. */
void smtp_retry_remember_fates(struct smtp_session *s);
void smtp_retry_remember_replies(struct smtp_session *s);
/* The same class, code and enhanced code. */
bool replies_alike(const struct backend_reply *a, const struct backend_reply *b);
/* The transaction is over: replies that it has served are forgotten. */
void smtp_retry_over(struct smtp_session *s);

/* The body is complete: everything up to its reply. */
void smtp_message(struct smtp_session *s);

/* Hands the message to the backend for those `count` recipients whose verdict is to deliver, and
 * passes its answer on. */
void smtp_deliver(struct smtp_session *s, size_t count);

/* One decision record, to the log and to log.decisions. */
struct decision {
    const char *verdict;         /* accept, reject ... */
    const struct verdict *rules; /* NULL: it did not come to the rules */
    unsigned code;               /* the reply */
    struct slice enhanced, text;
    struct slice backend; /* the server that answered */
};
void smtp_record(struct smtp_session *s, const struct decision *decision);

/* The end of a message: recorded, replied to with the transaction's reference behind the text,
 * forgotten. */
void smtp_finish(struct smtp_session *s, const struct decision *decision, unsigned code,
                 struct slice enhanced, struct slice text);
void smtp_finish_say(struct smtp_session *s, const char *verdict, unsigned code,
                     const char *enhanced, const char *text);

#endif
