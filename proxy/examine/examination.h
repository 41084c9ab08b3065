/* SPDX-License-Identifier: ISC
 * What is found out about one message and who brings it, whatever protocol brought it: facts, the
 * spool, DNS, Redis, scanners. Each is asked as soon as its inputs are known, and only for facts
 * that the rules need; its owner waits for what a decision needs.
 *
 *   examination.c        about the sender: rounds of DNS and scanner
 *   examination_state.c  what Redis remembers
 *   examination_account.c  the same of the account that sends
 *   examination_scan.c   jobs for the scanners, in line (scan_line.h) */
#ifndef PROXY_EXAMINE_EXAMINATION_H
#define PROXY_EXAMINE_EXAMINATION_H

#include "filters/judge.h"
#include "filters/pictures/codes_wait.h"
#include "proxy/examine/client_study.h"
#include "proxy/examine/scan_answers.h"
#include "proxy/examine/scan_memory.h"
#include "proxy/examine/spool.h"
#include "proxy/state/state.h"

/* Who an answer of a scanner is awaited for. */
enum scan_slot {
    SCAN_CONTENT,
    SCAN_ANTIVIRUS,
    SCAN_SENDER,
    SCAN_REDACTION,
    SCAN_QR, /* once the content's is there, if that tells of pictures */
    SCAN_SLOTS,
};

/* Stands in the proxy's line for a scanner, or is on a family's queue or in a scanner. */
enum scan_step { SCAN_NOT_ASKED, SCAN_IN_LINE, SCAN_UNDER_WAY };

/* What its network has on a family's queue (scan_places.h). */
struct scan_place {
    uint64_t who; /* 0: there is no place, and needs none */
    enum scanner_kind kind;
    double ms; /* of CPU that is charged for it in the end */
    bool slow; /* it is one of those of slow networks */
};

struct scan_wait {
    TAILQ_ENTRY(scan_wait) link; /* in proxy->line or proxy->under_way */
    struct examination *of;
    struct scan_ticket ticket; /* while under way */
    struct scan_pieces pieces; /* of its answer */
    enum scan_slot slot;
    enum scan_step step;
    int64_t since, began; /* clock_ms: joined the line; was put on the queue */
    struct scan_place place;
    bool stands_back;    /* in line, for what its own network has: others pass it */
    bool over;           /* answered, or the scanner has failed */
    uint64_t reign;      /* which scanners served when it was given to one (scan_deaths.h) */
    struct scan_key key; /* under which the answer will be remembered, */
    bool has_key;        /* if it will be */
};

/* None is called from inside a function of this header; the examination may be gone afterwards. */
struct examination_owner {
    void (*changed)(void *ctx); /* something has come: look again at what is awaited */
    /* The scanners have no room for the message, and had none for long. */
    void (*no_room)(void *ctx);
};

struct examination {
    struct proxy *proxy;
    const bool *wants;                 /* of each producer: proxy_wants */
    struct arena *arena;               /* holds all that is found out */
    const char *ref;                   /* in logs */
    const struct holder *holder;       /* whose share of what all use it takes; outlives it */
    const struct client_study *client; /* NULL: nothing is asked about the client */
    const struct examination_owner *owner;
    void *ctx;

    bool spf_may_wait; /* told before it begins: examination_needs_spf will be said if it may not */
    bool begun;
    struct facts facts;
    struct spool *spool;  /* owned; NULL: there is no message yet */
    uint64_t spool_taken; /* of the shared budget */
    bool whole;           /* the spool holds all of it */
    bool header_only;     /* of a message: there is nothing in it for the antivirus */
    bool has_digest;      /* it may be read again: what scanners say is remembered */
    bool knows_digest;    /* that, or somebody has asked for it */
    unsigned char digest[SCAN_DIGEST];
    const char
        *unscanned; /* why a scanner has not looked into it; in the arena. NULL: none has failed */
    struct part_range *parts;
    size_t part_count;
    bool vector_wanted;  /* if a scanner looks at its content, what may be learnt of it is kept */
    struct slice vector; /* that, in the arena; empty: there is none */
    struct banner_sites banners; /* where they can stand */
    bool banners_only;           /* nothing else is asked about the content */

    struct study study;
    struct inquiry dns;    /* all that is asked about the sender */
    unsigned list_queries; /* what it asked of lists, which dns.queries does not count */
    bool header_asked;     /* for the names in the header block */
    struct state_inquiry *state;
    bool counted; /* as a transaction */
    /* greylist.first_seen of the recipient in question, should SPF pass; pending: it is that anyway. */
    struct value proven_first_seen;

    struct scan_wait scans[SCAN_SLOTS];
    struct {
        struct redaction_wanted wanted;
        const struct overlay_range *overlays; /* ascending, in the arena */
        size_t count;
        bool known;
    } redaction;
    struct codes_wait codes; /* while SCAN_QR is awaited */
    uint64_t scan_taken;     /* octets of the room that all messages being scanned share */
    struct state_recipient *recipients; /* in the arena, for what each has reported and answered, or
                                         * an account sends; NULL: not asked */
    size_t recipient_count;
    struct state_sending sending;    /* of outbound mail: who sends it, */
    struct state_sending_count sent; /* and what it counts as until that is over */
    bool sender_beside;              /* the job about the content asks about the sender as well */
    unsigned sender_rounds;
    int64_t sender_ms;           /* that scanners took for them */
    int64_t scan_ms[SCAN_SLOTS]; /* that the last job of each took */
};

/* ---- examination.c ---- */

/* The sender is known: *e has its first seven members and the facts of the session, keyed too, and is
 * else empty. `from` says who brings it; its texts live in the arena. */
void examination_begin(struct examination *e, const struct scan_sender *from);

/* The same of a message that lay in a mailbox: who brought it, and over which connection, nobody
 * knows; those facts are absent (policy/facts.h). What it was signed with can still be asked. */
void examination_begin_fetched(struct examination *e);

/* The header block is in: the DNS is asked ahead. The spool holds the whole: all the rest. */
void examination_header(struct examination *e, struct slice block);
void examination_message(struct examination *e);
/* Instead of that: only who has signed it, for nothing else is asked about the message. */
void examination_signer(struct examination *e);
/* The same, and where a banner can stand in it: behind that nobody else can tell who has signed it. */
void examination_banners(struct examination *e);

/* Goes on as far as that is possible without waiting. */
void examination_go_on(struct examination *e);

bool examination_waits(const struct examination *e); /* for the DNS or Redis */
bool examination_done(const struct examination *e, enum phase phase);
/* SPF is not found out before the message is there; it must be, now. */
static inline bool examination_spf_waits(const struct examination *e)
{
    return e->study.spf_waits && e->study.about[PRODUCER_SPF] == LEARNING;
}
void examination_needs_spf(struct examination *e);

/* Waits no longer for the DNS and Redis: what has not been answered counts as timed out, with which
 * a scanner may still have to be asked; until it is patient again. */
void examination_hurry(struct examination *e, enum phase awaited);
void examination_patient(struct examination *e);
/* Nor for scanners: what is not known by that phase is unknown, and it is done. */
void examination_give_up(struct examination *e, enum phase awaited);

/* Frees what it holds beside the arena, and waits for nothing more. */
void examination_end(struct examination *e);
void examination_drop_body(struct examination *e);

/* All that the DNS was asked so far is answered: a scanner may be asked about the sender. */
bool examination_asks_scanner(const struct examination *e);

/* ---- examination_scan.c ---- */

/* Brings the whole message to the scanners whose facts the rules name, now or when
 * it is its turn. */
void examination_scan(struct examination *e);
/* True: the answer was known, and has been taken in. */
bool examination_scan_sender(struct examination *e);
/* Asks where these parts of the message stand, or all that is no header: e->redaction, unless it
 * failed. `parts` must stay. */
void examination_redact(struct examination *e, bool whole, const unsigned *parts, size_t count);
/* Its answer is not awaited any more. */
void examination_drop_scan(struct examination *e, enum scan_slot slot);
void examination_give_scan_room(struct examination *e);

static inline bool examination_awaits_scan(const struct examination *e, enum scan_slot slot)
{
    return e->scans[slot].step != SCAN_NOT_ASKED;
}

bool examination_awaits_any_scan(const struct examination *e);

/* ---- examination_state.c ---- */

/* Facts that are another for each recipient of a message. */
struct recipient_facts {
    struct value greylist[3]; /* known, first_seen, wait */
    struct value proven_first_seen;
    struct value first_contact, answered, bounce_tag;
    struct value *keyed; /* NULL: no rule counts recipients */
};

void examination_state_begin(struct examination *e);
/* Its facts that should be known at that phase, and are not, are unknown. */
void examination_state_failed(struct examination *e, enum phase phase);

/* About a recipient (as it is spelled; until he is forgotten, or another); his facts kept in the arena when they are
 * there, and put back when the rules look at him again. */
void examination_recipient(struct examination *e, struct slice recipient);
void examination_keep_recipient(const struct examination *e, struct arena *arena,
                                struct recipient_facts *known);
/* The same question about greylisting once more, as SPF has passed meanwhile. */
void examination_greylist(struct examination *e, struct slice recipient);
void examination_recall_recipient(struct examination *e, struct slice recipient,
                                  const struct recipient_facts *known);
/* Whom the whole message is for (as they are spelled, in their order), for what each has reported and
 * answered, or what an account sends; before examination_message. Out of memory it is unknown of all. */
void examination_recipients(struct examination *e, size_t count,
                            struct slice (*spelled)(void *ctx, size_t number), void *ctx);
/* That of this one of them. */
void examination_recall_told(struct examination *e, size_t number);
/* What the message has in common with others is known; e->facts tell whose it is. */
void examination_campaign(struct examination *e, const struct campaign_sketch *sketch);

/* Who was known before SPF was, is now also known by the domain that it has passed for, if it has. */
void examination_met_again(struct examination *e, struct slice recipient,
                           const struct recipient_facts *known);

/* The domain that SPF has passed for, if not everybody passes for it; empty: none. */
struct slice examination_authenticated(const struct examination *e);

/* The backend does not know the recipient. */
void examination_unknown_recipient(struct examination *e);

/* It was delivered to these (as they are spelled). */
void examination_delivered(struct examination *e, const struct slice *recipients, size_t count);

/* What became of a message: `verdict` as in its decision record; the first of its recipients. */
void examination_remember(struct examination *e, const char *verdict, struct slice recipient);

/* ---- examination_account.c ---- */

/* The whole message is there, and for whom it is: its account's facts. */
void examination_account(struct examination *e);
/* What became of it; end->count need not be told. Nothing if the account was not asked for. */
void examination_account_over(struct examination *e, const struct state_sending_end *end);
/* The server behind has refused a recipient at RCPT. */
void examination_recipient_refused(struct examination *e);

#endif
