/* SPDX-License-Identifier: ISC
 * The session of somebody who reads mail, whatever is spoken: who he is, before the server behind
 * hears of it, and what of each message he may be shown.
 *
 *   reader_login.c   who logs in, and whether he may try
 *   reader_server.c  which server has his mailbox, and how a try ends
 *   reader_upstream.c, reader_ready.c  the connection to it (reader_upstream.h)
 *   fetched.c        a message that he reads (fetched.h)
 *   fetched_redact.c what must not be shown is overlaid, once the original is kept
 *   reader_record.c  what is recorded
 *   turns.c          of one user's messages only some are examined at once
 *   kept_back.c      messages that cannot be shown for now; id_set.c: those that were met before
 *   giving.c         what is large goes out from where it lies (giving.h) */
#ifndef PROXY_READER_READER_H
#define PROXY_READER_READER_H

#include "proxy/login/login_guard.h"
#include "proxy/login/sasl_mechanism.h"
#include "proxy/session/session.h"
#include "proxy/upstream/upstream_server.h"

struct reader;
struct reader_upstream;
struct upstream_dialect;

enum reader_refusal {
    READER_NOT_THIS_LOGIN, /* this user, password or mechanism */
    READER_NOT_NOW,
};

/* What differs between protocols. */
struct reader_protocol {
    /* Says no to what is under way, with the session's reference. */
    void (*refuse)(struct reader *r, enum reader_refusal why, struct slice text);
    /* The same, of a mistake of the client's; too many end the session. */
    void (*mistake)(struct reader *r, const char *text);
    const char *needs_tls; /* what is said to passwords in the clear */

    const struct upstream_dialect *dialect; /* spoken to a server until it is ready, */
    void (*ready)(struct reader *r);        /* for the first command; then */
    /* Octets have come, with what was left before in front. How many were taken. */
    size_t (*input)(struct reader *r, struct slice octets);
    void (*taken)(struct reader *r);   /* all that can be; NULL: it does nothing then */
    void (*drained)(struct reader *r); /* behind reader_upstream_pieces; NULL: it has none */
    /* Nothing that was said to the server counts any more, while he logs in; and afterwards: it has gone. */
    void (*forget)(struct reader *r);
    void (*lost)(struct reader *r, const char *trouble);

    /* Goes on with what the client has said; breaks it off. */
    void (*respond)(struct reader *r, struct slice response);
    void (*cancel)(struct reader *r);
};

/* What the client's next line is, where it is no command. */
enum reader_dialogue { READER_COMMANDS, READER_RESPONSE, READER_LOGIN_PASSWORD };

/* Of a user who is not logged in yet. */
struct login_attempt {
    enum reader_dialogue dialogue;
    struct credentials who;
    struct login_guard guard;
    struct facts *facts; /* while it is judged; in the arena */
    unsigned responses;  /* of the exchange that is under way */
    int64_t served;      /* of the delays of this login, milliseconds */
    bool password_out;   /* the server has been told it, and has not answered */
    bool counted;        /* among the logins that servers are asked about, */
    int64_t in_line;     /* or it has waited for that since (clock_ms) */
    uint64_t tried;      /* servers */
};

struct reader {
    struct session base;
    const struct reader_protocol *protocol;
    struct arena *mail; /* of the message, or of the login */
    char ref[40];       /* of what is under way; stands in our refusals */
    unsigned references;
    struct login_attempt *attempt; /* owned; NULL: he is logged in */
    struct slice login;   /* who is; in the session's arena; empty: the server alone knows */
    struct slice mailbox; /* his address */
    const struct sasl_mechanism *mechanism; /* how */
    const struct backend *backend;
    struct reader_upstream *upstream; /* owned; NULL: there is no connection to a server */
    struct fetched *fetched;          /* that is judged; NULL: none */
    struct {
        int64_t count, octets; /* of messages that no rule looked at */
    } passed;
};

static inline struct reader *reader_of(struct session *base)
{
    return (struct reader *)base;
}

static inline bool reader_is_logged_in(const struct reader *r)
{
    return !r->attempt;
}

/* False: out of memory; to be closed nevertheless. */
bool reader_open(struct reader *r, const struct reader_protocol *protocol);
void reader_close(struct reader *r);

/* Another reference, for what begins now; and that of a message, the same each time it is read, as it
 * may stand in what is shown of it. */
void reader_refer(struct reader *r);
void reader_refer_to_message(struct reader *r, uint32_t number);

/* Of struct mail_protocol. */
enum outcome reader_judge(struct session *base, enum phase phase, struct verdict *out);
int64_t reader_patience(const struct session *base);
bool reader_is_known(const struct session *base);
void reader_show(const struct session *base, struct live_session *out);
void reader_early(struct session *base);
void reader_record_said(struct session *base, struct slice said);

/* ---- reader_login.c ---- */

/* Whether one may log in here and now, and with this; reader_denies says so if not. */
bool reader_may_log_in(const struct reader *r);
bool reader_offers(const struct reader *r, enum login_mechanism mechanism);
bool reader_denies(struct reader *r, enum login_mechanism mechanism);

/* What r->attempt->who holds is to be tried. */
void reader_try(struct reader *r, enum login_mechanism mechanism);
/* AUTH: by its name, and with a first response, or an empty text. */
void reader_authenticate(struct reader *r, struct slice name, struct slice initial);
/* The client's line in a dialogue. */
void reader_answer(struct reader *r, struct slice line);
/* What the client has said so far does not count. */
void reader_forget(struct reader *r);

/* What rules are told of the session and of who logs in or is logged in; not of the client. */
void reader_facts(struct reader *r, struct slice user, struct facts *facts);
/* Whose mailbox is to be opened: his address. */
struct slice reader_mailbox(struct reader *r);

/* The server has let him in. False: out of memory; the session ends. */
bool reader_enters(struct reader *r);
/* It has not, and the connection is given up. */
void reader_give_up(struct reader *r, enum login_end end);
/* What it counts as when the server's answer does not come. */
enum login_end reader_unanswered(const struct reader *r);

/* ---- reader_server.c ---- */

/* The rules let him try: goes on with what the client has said, to be answered. */
void reader_proceed(struct reader *r);
/* The connection has ended; `early`: it never became ready, and another server is tried. */
void reader_lose_upstream(struct reader *r, bool early, const char *trouble);
/* Where his mailbox lies; empty: there is no connection. */
struct slice reader_server_address(const struct reader *r);
/* The server has said no. Whether that may be passed on: not when it was one error too many. */
bool reader_is_refused(struct reader *r, struct slice line);

/* ---- reader_record.c ---- */

/* Who is asking, as far as he has said so. */
struct slice reader_user(const struct reader *r);
/* Refused for what he is or said; or for our own trouble, of which the log has told in words of its own. */
void reader_record_refusal(struct reader *r, struct slice reply, const struct verdict *rules);
void reader_record_trouble(struct reader *r, struct slice reply);
/* The line of a connection that a rule drops; nothing is recorded. */
void reader_log_drop(struct session *base, const struct verdict *rules);
void reader_record_message(struct reader *r, struct fetched *fetched, const char *verdict,
                           const char *reason);
/* Where no rule looks at messages a session's first few are recorded one by one. Whether that is over:
 * reader_count_passed is enough for one that passes, and what it counted is told at the session's end. */
bool reader_only_counts(const struct reader *r);
void reader_count_passed(struct reader *r, uint64_t octets);
void reader_record_rest(struct reader *r);

#endif
