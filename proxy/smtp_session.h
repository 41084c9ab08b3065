/* SPDX-License-Identifier: ISC
 * One SMTP client's connection: what it has said, and the transaction it is in.
 *
 *   smtp_session.c    begins and ends it, takes in octets, queues replies
 *   smtp_input.c      takes in command lines, and hangs up on what is no SMTP
 *   smtp_greeting.c   says the banner
 *   smtp_verbs.c      answers commands
 *   smtp_wait.c       waits for what client_study.h and examination.h find out
 *   smtp_recipient.c  decides on RCPT, with
 *   smtp_retry.c      what an earlier try of the message has left
 *   smtp_body.c       takes in what follows DATA and BDAT
 *   smtp_message.c    goes from the final dot to the reply; in it
 *   smtp_deliver.c    the backend
 *   smtp_results.c    what was found out about the sender, written for those behind */
#ifndef PROXY_SMTP_SESSION_H
#define PROXY_SMTP_SESSION_H

#include "base/stream.h"
#include "proxy/edits.h"
#include "proxy/examination.h"
#include "proxy/retry_memory.h"
#include "proxy/smtp_command.h"
#include "proxy/smtp_data.h"

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

    int64_t delayed;       /* milliseconds that rules made a recipient wait for */
    struct backend_job job;
    bool job_running, delivering;
    bool settled;        /* its reply was final: it does not come again */
    struct doubt *doubt; /* what is known of the delivery, should its end not be; NULL: none */
    struct edited edited;
    const struct verdict *verdict; /* that all of the delivery's recipients share */
};

struct session {
    TAILQ_ENTRY(session) link;
    struct proxy *proxy;
    const struct listener *listener;
    struct stream *stream;
    char id[24];
    char ref[DOUBT_ID_MAX]; /* of the transaction: the id and its number; also stands in replies */
    struct ip client;
    uint16_t client_port;
    struct ip local; /* the address of ours that it has reached */
    enum session_state state;
    struct arena *arena; /* the session's */
    struct arena *mail;  /* the transaction's */
    struct slice helo;
    bool esmtp, greeted, starting_tls, quitting;
    bool normalises;      /* what this client sends with bare CR or LF is mended, not refused */
    bool pregreet, early; /* spoke before our banner; did not wait for the reply to HELO */
    bool after_helo;      /* what else stands in the input came too early */
    bool data_refused;    /* the latest command was a DATA that got no 354 */
    bool bare_newline;    /* one command was ended by a bare LF; the next such one is the last */
    size_t line_rest;     /* octets of that command's line so far; 0: it is over */
    struct client_study *study; /* NULL: no rule asks */
    enum phase awaited;
    void (*then)(struct session *s);   /* goes on once all that `awaited` needs is there */
    bool hurried;                      /* it has waited too long: the DNS is not asked any more */
    int64_t delayed;                   /* milliseconds that rules made it wait for before RCPT */
    void (*resume)(struct session *s); /* goes on after a delay */
    unsigned errors, commands, messages, transactions;
    struct transaction t;
};

/* A client that was accepted on `fd` (taken over in any case). `local`: the address of ours that it
 * has reached; family 0 when nobody asks. */
void session_begin(struct proxy *proxy, const struct listener *listener, int fd,
                   const struct ip *client, uint16_t port, const struct ip *local);

/* Connected, and secured if it must be: the banner. */
void session_greet(struct session *s);

/* Frees the session. Its transaction is given up as far as that is still possible. */
void session_end(struct session *session);

/* One more of what counters.def lists. */
void session_count(const struct session *s, enum counter counter);

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

/* Authentication-Results and Received-SPF of what the rules had found out; may be empty. ptr NULL:
 * out of memory. */
struct slice session_results(struct session *s);
struct slice session_authserv_id(const struct session *s);

/* The facts that are known without the message, up to `phase`. */
void session_facts(struct session *s, enum phase phase);

/* One command at most, off the front of `bytes`: how many were used; 0: it is not complete. What is
 * no SMTP, and what follows a DATA that was refused without waiting for the reply, ends the
 * session.
 */
size_t session_take_command(struct session *s, struct slice bytes);

/* One command: a verb of smtp_verbs.def and its argument. */
void session_command(struct session *s, enum smtp_verb verb, struct slice argument);

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

/* What an earlier try of this message has left for a recipient: a group, and with it perhaps the
 * reply that was meant for it alone. */
void session_recall(struct session *s, struct recipient *r);
bool session_has_own_reply(const struct session *s, const struct recipient *r);
void session_own_reply_told(struct session *s, const struct recipient *r);
/* Whether this one, who would be the first, is not to be: it is the others' turn. */
bool session_lets_others_go_first(struct session *s, struct recipient *r);
/* Recipients of that group were told to come in another transaction. */
void session_turned_away(struct session *s, const struct backend *backend, unsigned group);
/* Recipients fare differently, by the rules or by the server's replies: for the next try. */
void session_remember_fates(struct session *s);
void session_remember_replies(struct session *s);
/* The same class, code and enhanced code. */
bool replies_alike(const struct backend_reply *a, const struct backend_reply *b);
/* The transaction is over: replies that it has served are forgotten. */
void session_retry_over(struct session *s);

/* The body is complete: everything up to its reply. */
void session_message(struct session *s);

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
