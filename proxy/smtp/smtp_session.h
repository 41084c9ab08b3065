/* SPDX-License-Identifier: ISC
 * One SMTP client's connection: what it has said, and the transaction it is in.
 *
 *   smtp_protocol.c     what the engine (session.h) asks for
 *   smtp_input.c        takes in command lines, and hangs up on what is no SMTP
 *   smtp_verbs.c        answers commands
 *   smtp_rest.c         gives memory back while nothing is said
 *   smtp_helo.c         HELO, EHLO, what is offered, STARTTLS
 *   smtp_foreign.c      STARTTLS that is another server's
 *   smtp_login.c        AUTH, where users log in, with
 *   smtp_login_say.c    what the server behind hears of it (smtp_login_server.h):
 *   smtp_login_smtp.c   one that takes his mail, or
 *   smtp_login_imap.c   one where it is read
 *   smtp_recipient.c    decides on RCPT, with
 *   smtp_recipient_check.c  what his server says of him;
 *   smtp_teach.c        addresses whose mail is learnt from; and
 *   smtp_retry.c        what an earlier try of the message has left
 *   smtp_body.c         takes in what follows DATA and BDAT
 *   smtp_message.c      goes from the final dot to the reply; in it
 *   smtp_notice.c       who is told that a rule holds
 *   smtp_hold.c         the quarantine, with
 *   smtp_aside.c        what goes elsewhere, and what is kept beside: copies, the journal
 *   smtp_sign.c         signatures of what leaves
 *   smtp_deliver.c      the backend, with
 *   smtp_delivered.c    who has it from an earlier try
 *   smtp_told.c         whose mail it hears that it is
 *   smtp_asked.c        or a mail server that asks as of a milter
 *   smtp_answered.c     what is learnt of users who answer
 *   smtp_finish.c       the end of a message
 *   smtp_transaction.c  ... and of a transaction
 *   smtp_record.c, smtp_log.c, smtp_results.c  what is written of it, for people and for those behind */
#ifndef PROXY_SMTP_SMTP_SESSION_H
#define PROXY_SMTP_SMTP_SESSION_H

#include "common/milter.h"
#include "filters/banner/banner_edits.h"
#include "filters/judge.h"
#include "proxy/examine/labelling.h"
#include "proxy/process/holding.h"
#include "proxy/session/session.h"
#include "proxy/session/upload_clock.h"
#include "proxy/smtp/delivered_memory.h"
#include "proxy/smtp/edits.h"
#include "proxy/smtp/message_signing.h"
#include "proxy/smtp/mta_body.h"
#include "proxy/smtp/retry_memory.h"
#include "proxy/smtp/smtp_capabilities.h"
#include "proxy/smtp/smtp_command.h"
#include "proxy/smtp/smtp_data.h"

struct recipient {
    struct job_recipient job; /* address, parameters; the backend's reply */
    struct smtp_path path;
    bool bore_tag;               /* as he was named (smtp_batv.h) */
    bool unknown;                /* its domain's table does not have it */
    struct retry earlier;        /* what an earlier try has left for it */
    struct delivered *delivered; /* of this sender, at earlier tries; NULL: not known */
    bool has_it;                 /* this message is among it */
    struct recipient_facts known;
    struct verdict verdict;
    bool decided; /* by rules that need no message */
};

/* An address whose mail is learnt from; it is delivered to nobody there (smtp_teach.h). */
struct taught {
    struct smtp_path path;
    enum teaching teaching;
};

/* Those are the job's recipients, in this order. */
static inline bool is_delivered_to(const struct recipient *r)
{
    return r->verdict.action == ACTION_ACCEPT && !r->has_it;
}

/* What an earlier try has left is being recalled. */
struct smtp_recall {
    struct state_inquiry *inquiry; /* in the RCPT's arena; NULL: Redis is not being asked */
    struct retry_place place;      /* what is asked for, */
    struct state_retry_answer answer;
    void (*then)(struct session *base);
    bool nothing; /* is remembered of this sender */
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

/* What the keeper may be given of a message besides, in this order. */
enum aside { ASIDE_REDIRECT, ASIDE_BCC, ASIDE_COPY, ASIDE_JOURNAL, ASIDES };

enum { TURNED_MOST = RETRY_WAITS_MOST };

/* What a body may not have. The first that is seen is the one that is told. */
enum body_fault {
    BODY_FINE,
    BODY_TOO_BIG,
    BODY_NO_ROOM,
    BODY_BARE_NEWLINE,
    BODY_NUL,
    BODY_NO_MEMORY
};

struct smtp_session;

/* Those who are told that a rule holds, one after the other. */
struct noticing {
    struct notice *all; /* each once */
    size_t count, next;
    struct state_key key;   /* of the present one */
    enum state_once answer; /* what Redis says of it */
    uint64_t ticket;        /* of what the keeper was given */
    void (*then)(struct session *base);
};

struct transaction {
    bool open; /* MAIL was accepted */
    struct examination message;
    struct smtp_path sender;
    struct smtp_mail_params mail;
    const struct backend *backend; /* of the first recipient */
    struct recipient *recipients;
    size_t recipient_count, recipient_room;
    struct taught *taught; /* besides */
    size_t taught_count, taught_room;
    struct labelling *teaching;   /* what is waited for; NULL: nothing */
    struct opinion *opinion;      /* told to others once the keeper has it; in s->mail */
    uint32_t reported, to_report; /* messages that are attached: learnt, of how many */
    struct slice learnt;          /* what was learnt of it, or why nothing was, for the record */
    struct smtp_recall recall;
    const struct told *told;
    struct waiter *waiters;
    struct turned turned_away[TURNED_MOST]; /* each but once; what is past that waits longer */
    unsigned turned_count;
    bool remembered; /* how its recipients fared, at this try */
    struct job_recipient asked;
    struct slice asked_for; /* whom the RCPT names that is not answered yet */

    struct smtp_data data;
    enum body_fault fault;
    bool in_chunks, last_chunk;
    uint64_t chunk_left;
    struct upload_clock clock;    /* of the body */
    int64_t began, ended, handed; /* clock_ms: MAIL, the final dot, given to the server behind */

    int64_t delayed; /* milliseconds that rules made a recipient wait for */
    struct smtp_job job;
    struct told_client client; /* whom its server is told of */
    bool job_running, delivering;
    bool delivered_before;            /* nobody is left who has it not */
    uint8_t digest[DELIVERED_DIGEST]; /* of the message, where some may have it already */
    bool settled;                     /* its reply was final: it does not come again */
    bool over;                        /* what earlier tries left is used up, or left for the next */
    struct doubt *doubt; /* what is known of the delivery, should its end not be; NULL: none */
    struct edited edited;
    struct message_signing *signing;
    void (*when_signed)(struct smtp_session *s);
    struct slice signatures;      /* fields in front of it */
    struct slice dkim_signed;     /* for the record: who has signed, or why nobody */
    bool banners_differ;          /* recipients who are delivered to: struct ruling */
    struct banner_result *banner; /* what became of it in the delivery; NULL: there is none */
    struct ruling ruling;         /* what is to become of it */
    struct noticing noticing;
    struct holding holding;   /* the keeper is asked to hold it */
    size_t to_deliver;        /* recipients, once it is held for the others */
    struct released released; /* the marks that it bears, where a rule asks */
    uint64_t held_ticket;     /* of what the keeper was given of it; 0: nothing */
    uint64_t aside_tickets[ASIDES];
    unsigned asides;               /* how many of those it was asked for */
    const struct verdict *verdict; /* that all of the delivery's recipients share */
    struct slice
        passed; /* what a mail server that asks is told to do; ptr NULL: to keep none of it */
    struct mta_body body;  /* and is given */
    bool is_told, telling; /* that was said; it takes the body in */
};

/* Who was accepted at RCPT. */
static inline size_t smtp_recipients(const struct transaction *t)
{
    return t->recipient_count + t->taught_count;
}

struct submitter;
struct smtp_private;
struct smtp_foreign;
struct imap_check;

struct smtp_session {
    struct session base;
    struct submitter *submitter;  /* owned: who has logged in (smtp_login.h); NULL: nobody */
    struct smtp_private *private; /* owned: a server's connection for him alone; NULL: none */
    struct smtp_private
        *own; /* owned: one to a server that sees its client (smtp_own.h); NULL: none */
    const struct backend *own_backend;
    void (*own_then)(struct session *base); /* goes on once it is known what that can do */
    struct smtp_foreign *foreign; /* owned: who would end STARTTLS; NULL: nobody is asked */
    struct imap_check *check;     /* owned: the one that is asked about his login; NULL: none */
    const struct backend *login_backend; /* where he logs in */
    unsigned login_asked;                /* how often the server has, in this login */
    bool login_cancelled;                /* by the client, who waits for the server to say so */
    /* Of the transaction: the id and its number; between two the id. Also stands in replies. */
    char ref[DOUBT_ID_MAX];
    struct arena *mail; /* the transaction's */
    struct arena *rcpt; /* of the RCPT that is not answered yet: of a refused one nothing stays */
    struct slice helo;
    bool esmtp;
    struct smtp_capabilities offered; /* in its last EHLO */
    unsigned hidden;                  /* keywords that it is not offered: listener_hides */
    bool hiding_told;                 /* in the log */
    bool normalises;      /* what this client sends with bare CR or LF is mended, not refused */
    bool pregreet, early; /* spoke before our banner; did not wait for the reply to HELO */
    bool after_helo;      /* what else stands in the input came too early */
    bool data_refused;    /* the latest command was a DATA that got no 354 */
    bool bare_newline;    /* one command was ended by a bare LF; the next such one is the last */
    size_t line_rest;     /* octets of that command's line so far; 0: it is over */
    unsigned messages, transactions;
    unsigned refused_recipients; /* for good, since a message was taken */
    struct transaction *t;       /* owned; NULL while it rests (smtp_rest.h) */
    bool was_judged;             /* before it rested, and no transaction has begun since */
};

static inline bool smtp_is_in_transaction(const struct smtp_session *s)
{
    return s->t && s->t->open;
}

static inline bool smtp_hides(const struct smtp_session *s, enum keyword keyword)
{
    return s->hidden & 1U << keyword;
}

/* A mail server asks what to do with what is said to it: we deliver nothing, and it answers (common/milter.h). */
static inline bool smtp_is_asked(const struct smtp_session *s)
{
    return s->base.listener->protocol == PROTOCOL_MILTER;
}

/* Whether that mail server lets it be done (milter_grant); who is no such does all. */
static inline bool smtp_may(const struct smtp_session *s, enum milter_grant what)
{
    return !smtp_is_asked(s) || (s->base.granted & what);
}

/* What is wanted of the mail that it brings. */
static inline const bool *smtp_wants(const struct smtp_session *s)
{
    return proxy_wants(s->base.proxy, s->base.listener);
}

static inline struct smtp_session *smtp_of(struct session *base)
{
    return (struct smtp_session *)base;
}

#endif
