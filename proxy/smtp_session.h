/* SPDX-License-Identifier: ISC
 * One SMTP client's connection: what it has said, and the transaction it is in.
 *
 *   smtp_session.c    begins and ends it, takes in lines, queues replies
 *   smtp_verbs.c      answers commands
 *   smtp_recipient.c  decides on RCPT
 *   smtp_body.c       takes in what follows DATA and BDAT
 *   smtp_message.c    goes from the final dot to the reply; in it
 *   smtp_scan.c       asks the scanners, and
 *   smtp_deliver.c    the backend */
#ifndef PROXY_SMTP_SESSION_H
#define PROXY_SMTP_SESSION_H

#include "base/stream.h"
#include "filters/scan_job.h"
#include "proxy/edits.h"
#include "proxy/proxy.h"
#include "proxy/smtp_data.h"
#include "proxy/spool.h"

enum session_state {
    SESSION_COMMAND,
    SESSION_BUSY,    /* a reply is on its way from elsewhere: nothing is read */
    SESSION_DATA,    /* the body after DATA */
    SESSION_CHUNK,   /* the octets of a BDAT */
    SESSION_CLOSING, /* closes once its last reply is out */
};

struct recipient {
    struct job_recipient job; /* address, parameters; the backend's reply */
    struct smtp_path path;
    unsigned split; /* group of an earlier try, 0: none */
    struct verdict verdict;
    bool decided; /* by rules that need no message */
};

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
    struct smtp_path sender;
    struct smtp_mail_params mail;
    const struct backend *backend; /* of the first recipient */
    struct recipient *recipients;
    size_t recipient_count, recipient_room;
    struct recipient *asking; /* whom a live check is about */
    struct job_recipient asked;

    struct spool *spool;
    struct smtp_data data;
    enum body_fault fault;
    uint64_t spool_taken; /* of the shared budget */
    bool in_chunks, last_chunk;
    uint64_t chunk_left;
    uint64_t window_bytes; /* received since the last look at the upload's rate */
    int64_t began, ended;  /* clock_ms: MAIL, the final dot */

    struct facts facts;
    struct part_range *parts;
    size_t part_count;
    struct event *scan_events[SCANNER_KINDS]; /* answers to come */
    int scan_sockets[SCANNER_KINDS];
    unsigned scans_left;
    bool scan_counted;

    struct backend_job job;
    bool job_running, delivering;
    struct edited edited;
    const struct verdict *verdict; /* that all of the delivery's recipients share */
};

struct session {
    TAILQ_ENTRY(session) link;
    struct proxy *proxy;
    const struct listener *listener;
    struct stream *stream;
    char id[24];
    char ref[SHARED_ID_MAX]; /* of the transaction: the id and its number; also stands in replies */
    struct ip client;
    uint16_t client_port;
    enum session_state state;
    struct arena *arena; /* the session's */
    struct arena *mail;  /* the transaction's */
    struct slice helo;
    bool esmtp, greeted, starting_tls, quitting;
    unsigned errors, commands, messages, transactions;
    struct transaction t;
};

/* A client that was accepted on `fd` (taken over in any case). */
void session_begin(struct proxy *proxy, const struct listener *listener, int fd,
                   const struct ip *client, uint16_t port);

/* Frees the session. Its transaction is given up as far as that is still possible. */
void session_end(struct session *session);

/* Queues a reply: "CODE ENHANCED text" on one line (text may hold what came from others: it is made
 * printable). Enhanced may be empty. */
void session_reply(struct session *s, unsigned code, struct slice enhanced, struct slice text);
/* Queues text that is complete with its CRLFs. */
void session_text(struct session *s, struct slice text);
void session_say(struct session *s, unsigned code, const char *enhanced, const char *text);

/* The connection is closed once what is queued is out. */
void session_hang_up(struct session *s);

/* A reply after which the connection is closed. */
void session_close(struct session *s, unsigned code, const char *enhanced, const char *text);

/* A wrong command: the reply counts against limits.errors. */
void session_error(struct session *s, unsigned code, const char *enhanced, const char *text);

/* Back to commands, with their time-out. */
void session_expect_command(struct session *s);

/* Bytes of a body or chunk: how many were used. */
size_t session_take_data(struct session *s, struct slice bytes);
size_t session_take_chunk(struct session *s, struct slice bytes);

/* The body's clock: too slow an upload is given up; it would hold a session for hours. */
void session_upload_rate(struct session *s);
void session_drop_body(struct session *s);

/* While busy no command is taken; after the reply the next is. */
void session_wait(struct session *s);
void session_go_on(struct session *s);

/* Answers STARTTLS and begins; what else stands in the input is thrown away. */
void session_start_tls(struct session *s);

/* Forgets the transaction (RSET, EHLO, after a message). */
void session_reset(struct session *s);

/* The facts that are known without the message, up to `phase`. */
void session_facts(struct session *s, enum phase phase);

/* One command line. */
void session_command(struct session *s, struct slice line);

/* All octets of a BDAT are in (or there are none): replies, or goes on to the message. */
void session_chunk_complete(struct session *s);

/* Says what a verdict refuses with, and the session's id. */
void session_refuse(struct session *s, const struct verdict *verdict);
/* `drop`: says so and closes. */
void session_refuse_connection(struct session *s, const struct verdict *verdict);

/* postmaster and abuse: exempt from what is refused before the message. */
bool session_is_postmaster(const struct smtp_path *path);

/* RCPT: decides, and replies now or later. */
void session_recipient(struct session *s, struct slice argument);

/* The body is complete: everything up to its reply. */
void session_message(struct session *s);

/* Sends the message to the scanners whose facts the rules name; their last answer leads to
 * session_decide. False: finished already, with a tempfail. */
bool session_scan(struct session *s);

/* All facts are there (or unknown): the rules, and what follows from them. */
void session_decide(struct session *s);

/* Hands the message to the backend for those `count` recipients whose verdict is to deliver, and
 * passes its answer on. */
void session_deliver(struct session *s, size_t count);

/* One decision record, to the log and to log.decisions. */
struct decision {
    const char *verdict;         /* accept, reject ... */
    const struct verdict *rules; /* NULL: it did not come to the rules */
    unsigned code;               /* the reply */
    struct slice enhanced, text;
    struct slice backend; /* the server that answered */
};
void session_record(struct session *s, const struct decision *decision);

/* The end of a message: recorded, replied to with the transaction's reference behind the text,
 * forgotten. */
void session_finish(struct session *s, const struct decision *decision, unsigned code,
                    struct slice enhanced, struct slice text);
void session_finish_say(struct session *s, const char *verdict, unsigned code, const char *enhanced,
                        const char *text);

#endif
