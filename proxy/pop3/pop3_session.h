/* SPDX-License-Identifier: ISC
 * One POP3 client's connection (RFC 1939): before login we answer, behind it the server does, and
 * what of a message may be shown is decided here.
 *
 *   pop3_protocol.c  what the engine (session.h) and what POP3 shares with others (reader.h) ask for
 *   pop3_verbs.c     takes in command lines, and who answers each
 *   pop3_mailbox.c   the connection to the server with his mailbox (reader.h)
 *   pop3_response.c  what that says (pop3_response.h)
 *   pop3_login.c     how he logs in there, and how that ends
 *   pop3_password.c  ... with a password that we have
 *   pop3_plus.c      ... where it matters what else the server has
 *   pop3_relay.c     responses that pass
 *   pop3_read.c      RETR and TOP: the message is read whole and examined, then
 *   pop3_trickle.c   meanwhile the client hears its header, slowly
 *   pop3_give.c      ... and it is given
 *   pop3_answer.c    our own words */
#ifndef PROXY_POP3_POP3_SESSION_H
#define PROXY_POP3_POP3_SESSION_H

#include "proxy/pop3/pop3_command.h"
#include "proxy/pop3/pop3_response.h"
#include "proxy/reader/fetched.h"
#include "proxy/reader/giving.h"
#include "proxy/reader/kept_back.h"
#include "proxy/reader/reader_foreign.h"

struct pop3_session;

/* Who hears the response that is under way. */
struct pop3_exchange {
    void (*status)(struct pop3_session *s, enum pop3_status status, struct slice line);
    bool (*content)(struct pop3_session *s, struct slice octets);
    void (*complete)(struct pop3_session *s);
};

/* What of a message is asked for. */
enum pop3_part {
    POP3_WHOLE,  /* RETR */
    POP3_HEADER, /* TOP n 0 */
    POP3_BEGINS, /* TOP n k: the whole is examined, and the beginning is given */
};

/* What is shown of a message while it is examined. */
struct pop3_trickle {
    struct event *clock;       /* owned; NULL: nothing is */
    struct examination header; /* of the header alone; no proxy: it has not begun */
    bool shown;                /* the header may be */
    size_t sent;               /* octets of the message that are out */
};

/* The message that is being read. */
struct pop3_reading {
    struct fetched message;
    struct pop3_trickle trickle;
    enum pop3_part part;
    uint32_t number, lines;
    struct spool *beginning; /* what TOP gave, once the whole was examined */
    char *overlaid;          /* of that, where it is no part of the whole */
    struct slice status;     /* the server's line, in the arena */
    struct giving giving;
    char *stuffed;
};

struct pop3_session {
    struct reader reader;
    bool utf8;               /* the client takes messages that are not ASCII (RFC 6856) */
    bool named;              /* by USER */
    bool plus;               /* the server offers the mechanism with channel binding */
    struct slice capability; /* a line of its CAPA that is not whole yet */
    const struct pop3_exchange *exchange;
    bool half;                    /* the beginning of a response is out, and its end is not */
    struct pop3_reading *reading; /* owned; NULL: none is being read */
    struct spool *capabilities;   /* of the server, until all are there; owned */
    struct kept_back kept_back;   /* numbers of messages */
    unsigned char *recorded;      /* a bit for each message that a record tells of; owned */
    size_t recorded_size;
};

static inline struct pop3_session *pop3_of(struct session *base)
{
    return (struct pop3_session *)base;
}

static inline struct pop3_session *pop3_of_reader(struct reader *r)
{
    return (struct pop3_session *)r;
}

/* ---- pop3_answer.c ---- */

/* "+OK text", "-ERR text (reference)"; `code`: a response code with its brackets (RFC 2449 8, RFC
 * 3206), or "". */
void pop3_ok(struct pop3_session *s, const char *text);
void pop3_answer_tls(struct session *base, bool yes); /* of struct reader_protocol */
void pop3_err(struct pop3_session *s, const char *code, struct slice text);
/* A mistake of the client's; too many end the session. */
void pop3_mistake(struct pop3_session *s, const char *text);
/* A line of the server's, as it came. */
void pop3_pass(struct pop3_session *s, struct slice line);
/* The same, and the client may go on. */
void pop3_answer(struct pop3_session *s, struct slice line);
void pop3_deny(struct pop3_session *s, const char *code, struct slice text);

/* ---- pop3_verbs.c ---- */
size_t pop3_take_line(struct pop3_session *s, struct slice bytes);

/* ---- pop3_mailbox.c ---- */
extern const struct reader_protocol pop3_reader;
/* The server has hung up: so do we. */
void pop3_lose_server(struct pop3_session *s, const char *trouble);

/* ---- pop3_login.c ---- */

/* Of struct reader_protocol: begins to log in to the server, which is ready; the client's response, or that there is none. */
void pop3_log_in(struct reader *r);
void pop3_respond(struct session *base, struct slice response);
void pop3_cancel(struct session *base);
/* Begins an exchange that passes; refuses a mechanism that the server has not, or must not be asked for. */
void pop3_begin_exchange(struct pop3_session *s);
void pop3_not_here(struct pop3_session *s);
/* The server has said what comes of it. */
void pop3_login_said(struct pop3_session *s, enum pop3_status status, struct slice line);

/* ---- pop3_password.c: pop3_login_said follows ---- */
void pop3_say_plain(struct pop3_session *s);
void pop3_say_user(struct pop3_session *s);

/* ---- pop3_plus.c ---- */

/* Begins the exchange, unless the server offers the mechanism with channel binding as well. */
void pop3_ask_plus(struct pop3_session *s);

/* ---- pop3_relay.c ---- */
void pop3_send(struct pop3_session *s, struct slice line, enum pop3_answer answer,
               const struct pop3_exchange *exchange);
void pop3_relay(struct pop3_session *s, struct slice line, enum pop3_answer answer);
void pop3_relay_capabilities(struct pop3_session *s);
void pop3_relay_quit(struct pop3_session *s);
/* What was queued is out: the server may go on. */
void pop3_relay_drained(struct pop3_session *s);

/* ---- pop3_read.c ---- */
void pop3_read(struct pop3_session *s, enum pop3_part part, uint32_t number, uint32_t lines);
void pop3_read_later(struct pop3_session *s, const char *why);
/* Gives up the message that is being read, if there is one. */
void pop3_read_end(struct pop3_session *s);

/* ---- pop3_trickle.c ---- */
/* The whole message is there, and is being examined. */
void pop3_trickle_begin(struct pop3_session *s);
void pop3_trickle_end(struct pop3_trickle *trickle);

/* ---- pop3_give.c ---- */
/* Gives the message behind the status line; pop3_read_end follows. */
void pop3_give(struct pop3_session *s, struct slice message);
void pop3_give_drained(struct pop3_session *s);
void pop3_give_slow(struct pop3_session *s);

#endif
