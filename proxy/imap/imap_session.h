/* SPDX-License-Identifier: ISC
 * One IMAP client's connection (RFC 3501): before login we answer, behind it the server does, a command at a
 * time, and what of a message may be shown is decided here.
 *
 *   imap_protocol.c  what the engine (session.h) asks for
 *   imap_answer.c    our own words
 *   imap_input.c     takes in commands and their literals
 *   imap_verbs.c     who answers each
 *   imap_mailbox.c   the connection to the server with his mailbox (reader.h)
 *   imap_greeting.c  what that says until it is ready
 *   imap_login.c     how he logs in there, and how that ends
 *   imap_password.c  ... with a password that we have
 *   imap_relay.c     commands that pass, and
 *   imap_pass.c      responses that do
 *   imap_held.c      a FETCH response with content waits until that is judged (imap_held.h)
 *   imap_octets.c    where it lies
 *   imap_unheld.c    where no rule looks at it, it does not wait
 *   imap_match.c     what of it may be shown, by the message that it belongs to
 *   imap_barrier.c   FETCH of parts: each message is read whole before
 *   imap_append.c    what a client puts into a mailbox
 *   imap_opine.c     what it thinks of messages, by what it moves into Junk, and out of it
 *   imap_look.c      those are read before
 *   imap_left.c      what is read and left where it is
 *   imap_places.c    which mailbox that is
 *   imap_clock.c     what takes long, and what is kept for a while */
#ifndef PROXY_IMAP_IMAP_SESSION_H
#define PROXY_IMAP_IMAP_SESSION_H

#include "base/buf.h"
#include "proxy/imap/imap_command.h"
#include "proxy/imap/imap_junk.h"
#include "proxy/imap/imap_response.h"
#include "proxy/reader/fetched.h"
#include "proxy/reader/giving.h"
#include "proxy/reader/id_set.h"
#include "proxy/reader/kept_back.h"
#include "proxy/reader/reader_foreign.h"
#include "proxy/reader/reader_upstream.h"
#include "proxy/session/upload_clock.h"

#include <event2/event.h>

enum {
    IMAP_INPUT_MAX = 64 * 1024 /* of a response, as it is offered; what is longer comes in pieces */
};

struct imap_session;

/* Who hears the server while a command is under way there. */
struct imap_exchange {
    /* "+"; NULL: nothing is to be asked. */
    void (*go_ahead)(struct imap_session *s, struct slice line);
    /* The tagged response, without its end. */
    void (*done)(struct imap_session *s, const struct imap_response *response, struct slice line);
    /* Whether an untagged one answers a question of ours, and is nothing for the client. NULL: none does. */
    bool (*untagged)(struct imap_session *s, const struct imap_response *response);
};

/* Of a command that comes in. */
struct imap_incoming {
    struct buf text;  /* its pieces and literals so far */
    uint64_t literal; /* octets that are still to come of one, and how they do */
    struct upload_clock clock;
    bool begun; /* by what its first piece says it may go on */
    /* why it is refused, once what still comes of it was thrown away; NULL: it is not */
    const char *refused;
};

/* Where the server is in what it says. */
struct imap_outgoing {
    uint64_t line;    /* octets of one that pass */
    uint64_t literal; /* of the one behind it */
    bool goes_on;     /* behind that */
    bool within_line; /* of one that is longer than what is looked at at once */
    bool within;      /* any response */
    int64_t began;    /* ms: when its first octets came, or the client took what came before; */
    uint64_t came;    /* octets of it since then */
    bool ended;       /* a command: the last response was tagged */
};

struct imap_barrier;
struct imap_append;
struct imap_held;
struct imap_octets;
struct imap_opinions;
struct imap_left;
struct labelling;
struct imap_places;

/* A message of the mailbox that was read whole, and what of it may be shown. */
struct imap_rendering {
    struct fetched fetched;
    struct imap_octets *octets; /* the response that it came in; one of its holders */
    uint32_t uid;               /* 0: unknown */
    bool clear;
    struct slice original, shown; /* of the same length */
};

struct imap_session {
    struct reader reader;
    char tag[IMAP_TAG_MAX + 1]; /* of the client's command */
    struct imap_incoming in;
    bool idle;                            /* only DONE may come */
    const struct imap_exchange *exchange; /* NULL: none is under way */
    char expected[IMAP_TAG_MAX + 1];      /* its tag: the client's or ours */
    char own_tag[48];                     /* the last of ours */
    unsigned own_tags;
    struct imap_outgoing out;
    size_t sent;                      /* of a command that is sent in pieces, and */
    uint64_t awaited;                 /* octets of the literal that comes next, */
    bool asks;                        /* which the server has to ask for */
    struct iovec message;             /* that is on its way to it */
    struct imap_held *held;           /* owned; NULL: none */
    struct imap_rendering *rendering; /* owned; NULL: none */
    struct imap_barrier *barrier;     /* owned; NULL: none is under way */
    struct imap_append *append;       /* owned; NULL: none */
    struct imap_opinions *opinions;   /* owned; NULL: the command says nothing of messages */
    struct imap_left *left;           /* owned; NULL: nothing was read that may be left */
    struct imap_places *places;       /* owned; NULL: nothing is known of mailboxes */
    struct event *clock;              /* owned; NULL: nothing took long yet */
    struct id_set recorded;           /* UIDs of messages that a record tells of */
    struct kept_back kept_back;       /* the same, of which nothing could be shown for now */
    bool withheld; /* of what the command asked for something could not be shown now */
};

static inline struct imap_session *imap_of(struct session *base)
{
    return (struct imap_session *)base;
}

static inline struct imap_session *imap_of_reader(struct reader *r)
{
    return (struct imap_session *)r;
}

/* ---- imap_answer.c ---- */

/* A line, to which CRLF is added. */
void imap_say(struct imap_session *s, struct slice line);
/* "tag OK text" to the command that is under way; NO and BAD with the session's reference; `code`: "[ALERT]" or "". */
void imap_ok(struct imap_session *s, const char *code, const char *text);
void imap_no(struct imap_session *s, const char *code, struct slice text);
void imap_answer_tls(struct session *base, bool yes); /* of struct reader_protocol */
void imap_bad(struct imap_session *s, const char *text);
/* The capabilities before the login, separated by blanks. */
void imap_own_capabilities(struct imap_session *s, struct buf *out);

/* ---- imap_input.c ---- */
size_t imap_take(struct imap_session *s, struct slice bytes);
/* What has come of a command is not needed any more; it is over, and the next may come. */
void imap_forget_command(struct imap_session *s);
void imap_next_command(struct imap_session *s);

/* ---- imap_verbs.c ---- */

/* Its first piece is there, and has a literal: why it is refused. NULL: it may go on. */
const char *imap_refusal(struct imap_session *s);
/* It is complete. */
void imap_run(struct imap_session *s);

/* ---- imap_mailbox.c ---- */
extern const struct reader_protocol imap_reader;
/* The server has hung up: so do we. */
void imap_lose_server(struct imap_session *s, const char *trouble);

/* ---- imap_greeting.c ---- */
extern const struct upstream_dialect imap_dialect;

/* ---- imap_login.c ---- */

/* Of struct reader_protocol: begins to log in to the server, which is ready. Of struct login_protocol: the
 * client's response, or that there is none. */
void imap_log_in(struct reader *r);
void imap_respond(struct session *base, struct slice response);
void imap_cancel(struct session *base);
/* The server has said what comes of it. */
void imap_login_said(struct imap_session *s, const struct imap_response *response,
                     struct slice line);

/* ---- imap_password.c: imap_login_said follows ---- */
void imap_say_plain(struct imap_session *s);
void imap_say_login(struct imap_session *s);

/* ---- imap_relay.c ---- */

/* What is sent next has this tag. */
void imap_expect(struct imap_session *s, struct slice tag, const struct imap_exchange *exchange);
struct slice imap_own_tag(struct imap_session *s);
/* All that was sent is out: goes on with what is sent in pieces. */
void imap_relay_drained(struct imap_session *s);
/* Sends the client's command as it is. */
void imap_relay(struct imap_session *s, const struct imap_exchange *exchange);
extern const struct imap_exchange imap_relaying, imap_idling;
/* Sends the literal that the server has asked for. */
void imap_go_ahead(struct imap_session *s, struct slice line);
/* Sends a command of ours: "tag text". */
void imap_ask(struct imap_session *s, struct slice tag, struct slice text,
              const struct imap_exchange *exchange);
/* Answers the command with what the server has said, unless something was withheld. */
void imap_conclude(struct imap_session *s, const struct imap_response *response, struct slice line);

/* ---- imap_pass.c ---- */

/* Takes octets of the server's. */
size_t imap_take_response(struct imap_session *s, struct slice bytes);
void imap_out_of_step(struct imap_session *s, const char *why);
/* What was queued is out: the server may go on. */
void imap_pass_drained(struct imap_session *s);
/* The server waits while the client does not take what it has said. */
void imap_hold_back(struct imap_session *s);
/* All that has come of it and can be is taken. */
void imap_pass_taken(struct imap_session *s);
/* It has, or does not have to. */
void imap_does_take(struct imap_session *s);
/* Passes the response that begins here, which has a literal, on as it comes; how much of it was taken. */
size_t imap_pass_as_it_comes(struct imap_session *s, struct slice bytes);
/* Passes capabilities on, rewritten. */
void imap_pass_line(struct imap_session *s, const struct imap_response *response,
                    struct slice line);

/* ---- imap_held.c ---- */

/* A FETCH response begins: how much of it was taken; 0: more must come. */
size_t imap_held_begin(struct imap_session *s, const struct imap_response *response,
                       struct slice bytes);
/* Goes on with one that is larger than what is looked at at once; whether there is one of which not all has come. */
bool imap_held_comes(const struct imap_session *s);
size_t imap_held_take(struct imap_session *s, struct slice bytes);
void imap_held_drained(struct imap_session *s);
void imap_held_end(struct imap_session *s);
void imap_rendering_end(struct imap_session *s);

/* ---- imap_match.c ---- */

/* What is shown of this content of a message: it is overwritten where that is not all. `rendering`: NULL: nobody
 * knows the message, so nothing is. `header`: it is called one. False: it is no part of the message. */
bool imap_match(struct imap_session *s, const struct imap_rendering *rendering, char *content,
                size_t len, bool header);

/* ---- imap_barrier.c ---- */
void imap_barrier_begin(struct imap_session *s, const struct imap_command *command);
/* Parts are not asked for; where some come nevertheless they are postponed: the message is read, and asked for again. */
void imap_barrier_relay(struct imap_session *s, const struct imap_command *command);
bool imap_barrier_postpones(struct imap_session *s, uint32_t number, uint32_t uid);
/* Whether a message is the one that we have asked for; `uid` 0: it does not say. */
bool imap_barrier_reads(const struct imap_session *s, uint32_t number, uint32_t uid);
/* It was read. `shown`: as s->rendering. */
void imap_barrier_read(struct imap_session *s, bool shown);
/* Whether this answers our question which there are. */
bool imap_barrier_lists(struct imap_session *s, uint32_t number, uint32_t uid);
/* What came does not fit what was read of the message some time ago. True: that is read again, and asked for again. */
bool imap_barrier_reads_again(struct imap_session *s);
/* What was read of the message whose parts are asked for now. NULL: it is another's. */
const struct imap_rendering *imap_barrier_rendering(const struct imap_session *s, uint32_t number);
void imap_barrier_end(struct imap_session *s);

/* ---- imap_clock.c ---- */

/* A command begins that may take long; it is over; the session is. */
void imap_clock_begin(struct imap_session *s);
void imap_clock_rest(struct imap_session *s);
void imap_clock_end(struct imap_session *s);

/* ---- imap_append.c ---- */

/* A message follows, if it is one; and octets of it. */
bool imap_append_begin(struct imap_session *s, const struct imap_piece *piece);
bool imap_append_take(struct imap_session *s, struct slice octets);
/* The command is complete. */
void imap_append_run(struct imap_session *s);
/* Whether the literal that is announced up to here in the command is a message, and which. */
bool imap_append_octets(struct imap_session *s, size_t at, struct slice *out);
/* Its messages are told to imap_opine_of. */
void imap_append_opine(struct imap_session *s);
void imap_append_end(struct imap_session *s);

/* ---- imap_opine.c ---- */

/* Sends the client's command as it is, once what it says of messages is known. */
void imap_opine(struct imap_session *s);
void imap_opinions_end(struct imap_session *s);

/* ---- imap_look.c ---- */

/* Whether a message is the one that we have asked for; it has come. */
bool imap_looks_at(const struct imap_session *s, uint32_t number, uint32_t uid);
void imap_looked_at(struct imap_session *s, struct slice message);

/* ---- imap_left.c ---- */

/* Whether that is noticed of him at all. */
bool imap_left_counts(const struct imap_session *s);
/* A message goes to the client as it is; ptr NULL: it is not all there. `uid` 0: unknown. */
void imap_left_shown(struct imap_session *s, uint32_t uid, struct slice message);
/* Whether the command marks one as read that went to him before, and that is to be looked at. */
bool imap_left_is_read(struct imap_session *s, const struct imap_command *command);
/* What may be learnt of it, if it is left. NULL: nothing. */
struct labelling *imap_left_begin(struct imap_session *s, uint32_t uid, struct slice message);
/* It was read; the label becomes the session's, and is said unless the message goes soon. */
void imap_left_keep(struct imap_session *s, uint32_t uid, struct labelling *label);
/* The server has done what the command says: messages that it takes away are not left. */
void imap_left_gone(struct imap_session *s);
void imap_left_end(struct imap_session *s);

/* ---- imap_places.c ---- */

/* The client selects it; `reads`: what he reads there is marked as read. */
void imap_places_select(struct imap_session *s, struct slice name, bool reads);
/* Whether the one that is selected is for mail that comes in, and which: INBOX, or another one that the server says to be for
 * nothing special, where it says such things. Valid until another is selected. */
bool imap_places_are_read(const struct imap_session *s, struct slice *name);
enum imap_mailbox imap_places_selected(const struct imap_session *s);
enum imap_mailbox imap_places_look(const struct imap_session *s, struct slice name);
/* Asks the server which there are, and goes on with imap_opine. False: that was done before. */
bool imap_places_ask(struct imap_session *s);
void imap_places_end(struct imap_session *s);

#endif
