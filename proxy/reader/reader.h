/* SPDX-License-Identifier: ISC
 * The session of somebody who reads mail, whatever is spoken: who he is, before the server behind
 * hears of it, and what of each message he may be shown.
 *
 *   reader_login.c   he logs in (proxy/login/login.h)
 *   reader_server.c  which server has his mailbox, and how a try ends
 *   reader_upstream.c, reader_ready.c  the connection to it (reader_upstream.h)
 *   reader_foreign.c  TLS that is another server's
 *   fetched.c        a message that he reads (fetched.h)
 *   fetched_redact.c what must not be shown is overlaid, once the original is kept
 *   reader_record.c  what is recorded
 *   turns.c          of one user's messages only some are examined at once
 *   kept_back.c      messages that cannot be shown for now; id_set.c: those that were met before
 *   giving.c         what is large goes out from where it lies (giving.h) */
#ifndef PROXY_READER_READER_H
#define PROXY_READER_READER_H

#include "proxy/login/login.h"
#include "proxy/session/session.h"
#include "proxy/upstream/upstream_server.h"

struct reader;
struct reader_upstream;
struct upstream_dialect;

/* What differs between protocols. */
struct reader_protocol {
    const struct login_protocol *login;
    const struct upstream_dialect
        *dialect; /* spoken to a server until it is ready; then as there */
    void (*ready)(struct reader *r);
    size_t (*input)(struct reader *r, struct slice octets);
    void (*taken)(struct reader *r); /* NULL: it does nothing then */
    void (*drained)(struct reader *r);
    /* Nothing that was said to the server counts any more, while he logs in; and afterwards: it has gone. */
    void (*forget)(struct reader *r);
    void (*lost)(struct reader *r, const char *trouble);
    void (*answer_tls)(struct session *base, bool yes); /* that the client has asked for */
};

struct reader {
    struct session base;
    const struct reader_protocol *protocol;
    struct arena *mail; /* of the message, or of the login */
    char ref[40];       /* of what is under way; stands in our refusals */
    unsigned references;
    struct slice login;   /* who is; in the session's arena; empty: the server alone knows */
    struct slice mailbox; /* his address */
    const struct sasl_mechanism *mechanism; /* how */
    const struct backend *backend;
    struct reader_upstream *upstream; /* owned; NULL: there is no connection to a server */
    struct reader_foreign *foreign;   /* owned: who would end TLS; NULL: nobody is asked */
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
    return !r->base.login;
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

/* Of struct login_protocol. */
void reader_begins_login(struct session *base);
void reader_session_facts(struct session *base, struct facts *facts);
void reader_record_login(struct session *base, struct slice reply, const struct verdict *rules);
bool reader_is_connected(const struct session *base);
void reader_gives_up(struct session *base);

/* What rules are told of the session and of who logs in or is logged in; not of the client. */
void reader_facts(struct reader *r, struct slice user, struct facts *facts);
/* Whose mailbox is to be opened: his address. */
struct slice reader_mailbox(struct reader *r);

/* The server has let him in. False: out of memory; the session ends. */
bool reader_enters(struct reader *r);

/* ---- reader_server.c ---- */

/* Of struct login_protocol. */
void reader_proceed(struct session *base);
void reader_cannot(struct session *base, const char *reason);
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
