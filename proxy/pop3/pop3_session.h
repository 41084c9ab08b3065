/* SPDX-License-Identifier: ISC
 * One POP3 client's connection (RFC 1939): before login we answer, behind it the server does, and
 * what of a message may be shown is decided here.
 *
 *   pop3_protocol.c  what the engine (session.h) asks for
 *   pop3_verbs.c     takes in command lines, and who answers each
 *   pop3_login.c     who logs in, and whether he may try
 *   pop3_mailbox.c   the connection to the server with his mailbox, and what it says to him
 *   pop3_relay.c     responses that pass
 *   pop3_read.c      RETR and TOP: the message is read whole and examined, then
 *   pop3_trickle.c   meanwhile the client hears its header, slowly
 *   pop3_redact.c    what must not be shown is overlaid, once the original is kept
 *   pop3_give.c      ... and it is given
 *   pop3_answer.c    our own words; pop3_record.c what is recorded */
#ifndef PROXY_POP3_POP3_SESSION_H
#define PROXY_POP3_POP3_SESSION_H

#include "proxy/login/login_guard.h"
#include "proxy/login/sasl_mechanism.h"
#include "proxy/pop3/pop3_command.h"
#include "proxy/pop3/pop3_upstream.h"
#include "proxy/process/holding.h"
#include "proxy/session/session.h"

#include <openssl/evp.h>

struct pop3_session;

/* Who hears the response that is under way. */
struct pop3_exchange {
    void (*status)(struct pop3_session *s, enum pop3_status status, struct slice line);
    bool (*content)(struct pop3_session *s, struct slice octets);
    void (*complete)(struct pop3_session *s);
};

/* What the client's next line is, where it is no command. */
enum pop3_dialogue { POP3_COMMANDS, POP3_RESPONSE, POP3_LOGIN_PASSWORD };

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
    struct examination message;
    struct pop3_trickle trickle;
    enum pop3_part part;
    uint32_t number, lines;
    struct spool *beginning; /* what TOP gave, once the whole was examined */
    struct reading verdict;
    char *overlaid; /* a copy of the message in which nothing is seen that must not be */
    bool too_big;   /* or there was no room */
    uint64_t octets;
    EVP_MD_CTX *digest;  /* of what has come of it; owned; NULL: nobody asks */
    bool digests;        /* nothing went wrong with it */
    struct slice status; /* the server's line, in the arena */
    struct holding holding;
    struct iovec *pieces;
    size_t piece_count, given;
    char *stuffed;
    int64_t began;
};

enum { POP3_KEPT_BACK_MOST = 64 };

struct pop3_kept_back {
    uint32_t number;
    int64_t until;
};

struct pop3_session {
    struct session base;
    struct arena *mail; /* of the message, or of the login */
    char ref[40];       /* of what is under way; stands in our refusals */
    unsigned references;
    bool utf8;         /* the client takes messages that are not ASCII (RFC 6856) */
    struct slice user; /* that USER named */
    bool logged_in;
    struct slice login;   /* who is; in the session's arena; empty: the server alone knows */
    struct slice mailbox; /* his address */
    const struct sasl_mechanism *mechanism; /* how */
    enum pop3_dialogue dialogue;
    struct credentials *who; /* until he is logged in; owned */
    struct login_guard guard;
    unsigned responses;        /* of the exchange that is under way */
    int64_t served;            /* of the delays of this login, milliseconds */
    bool password_out;         /* the server has been told it, and has not answered */
    bool plus;                 /* it offers the mechanism with channel binding */
    struct slice capability;   /* a line of its CAPA that is not whole yet */
    struct facts *login_facts; /* while it is judged; in the arena */
    uint64_t tried;            /* servers */
    struct pop3_upstream *upstream;
    const struct pop3_exchange *exchange;
    bool half; /* the beginning of a response is out, and its end is not */
    const struct backend *backend;
    struct pop3_reading *reading; /* owned; NULL: none is being read */
    struct spool *capabilities;   /* of the server, until all are there; owned */
    /* Of which nothing could be shown for now: not to be deleted, nor scanned again at once. */
    struct pop3_kept_back *kept_back; /* owned; NULL: there was none */
    size_t kept_back_count;
    bool keeps_all;          /* there were more: nothing is deleted any more */
    unsigned char *recorded; /* a bit for each message that a record tells of; owned */
    size_t recorded_size;
};

static inline struct pop3_session *pop3_of(struct session *base)
{
    return (struct pop3_session *)base;
}

/* ---- pop3_answer.c ---- */

/* "+OK text", "-ERR text (reference)"; `code`: a response code with its brackets (RFC 2449 8, RFC
 * 3206), or "". */
void pop3_ok(struct pop3_session *s, const char *text);
void pop3_err(struct pop3_session *s, const char *code, struct slice text);
/* A mistake of the client's; too many end the session. */
void pop3_mistake(struct pop3_session *s, const char *text);
/* A line of the server's, as it came. */
void pop3_pass(struct pop3_session *s, struct slice line);
/* The same, and the client may go on. */
void pop3_answer(struct pop3_session *s, struct slice line);
void pop3_deny(struct pop3_session *s, const char *code, struct slice text);
/* Another reference, for what begins now; and that of a message, the same each time it is read, as it
 * may stand in what is shown of it. */
void pop3_refer(struct pop3_session *s);
void pop3_refer_to_message(struct pop3_session *s, uint32_t number);

/* ---- pop3_verbs.c ---- */
size_t pop3_take_line(struct pop3_session *s, struct slice bytes);

/* ---- pop3_login.c ---- */
/* The lines of CAPA that tell how one may log in. */
void pop3_offer_logins(struct pop3_session *s);
void pop3_user(struct pop3_session *s, struct slice name);
void pop3_password(struct pop3_session *s, struct slice password);
void pop3_auth(struct pop3_session *s, struct slice argument);
/* The client's line in a dialogue. */
void pop3_response(struct pop3_session *s, struct slice line);
bool pop3_may_log_in(const struct pop3_session *s);
/* What rules are told of the session and of who logs in or is logged in; not of the client. */
void pop3_facts(struct pop3_session *s, struct slice user, struct facts *facts);
/* Whose mailbox is to be opened: his address. */
struct slice pop3_mailbox_of(struct pop3_session *s);
/* The server has let him in, with this line; or it has not, and the connection is given up. */
void pop3_logged_in(struct pop3_session *s, struct slice line);
void pop3_login_give_up(struct pop3_session *s, enum login_end end);
/* What it counts as when the server's answer does not come. */
enum login_end pop3_login_unanswered(const struct pop3_session *s);
/* The session ends. */
void pop3_login_end(struct pop3_session *s);

/* ---- pop3_mailbox.c ---- */
/* The rules let him try: goes on with what the client has said, to be answered. */
void pop3_mailbox_enter(struct pop3_session *s);
/* It goes on, or the client breaks it off. */
void pop3_mailbox_respond(struct pop3_session *s, struct slice response);
void pop3_mailbox_cancel(struct pop3_session *s);
/* The server has hung up: so do we. What is being given goes out first. */
void pop3_lose_server(struct pop3_session *s, const char *trouble);

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
bool pop3_is_kept_back(const struct pop3_session *s, uint32_t number);
/* What may be shown is there: `message`, as long as the original. */
void pop3_read_show(struct pop3_session *s, struct slice message);
/* Gives up the message that is being read, if there is one. */
void pop3_read_end(struct pop3_session *s);

/* What examines a spool, which becomes its own. */
struct examination pop3_examination(struct pop3_session *s, struct spool *spool,
                                    const struct examination_owner *owner);
/* Begins with what rules are told of a message that is read. */
void pop3_examine(struct pop3_session *s, struct examination *e);

/* ---- pop3_trickle.c ---- */
/* The whole message is there, and is being examined. */
void pop3_trickle_begin(struct pop3_session *s);
void pop3_trickle_end(struct pop3_trickle *trickle);

/* ---- pop3_redact.c ---- */
void pop3_redact(struct pop3_session *s);
/* Nothing behind the header of what TOP gave is shown. */
bool pop3_redact_beginning(struct pop3_session *s);

/* ---- pop3_give.c ---- */
/* Gives the message behind the status line; pop3_read_end follows. */
void pop3_give(struct pop3_session *s, struct slice message);
void pop3_give_drained(struct pop3_session *s);
void pop3_give_slow(struct pop3_session *s);

/* ---- pop3_record.c ---- */
void pop3_record_refusal(struct pop3_session *s, struct slice reply, const struct verdict *rules);
void pop3_record_message(struct pop3_session *s, const char *verdict, const char *reason);

#endif
