/* SPDX-License-Identifier: ISC
 * What gateways remember together, in Redis: greylisting, rates, senders, counts for DMARC's
 * reports. Each function sends one script (common/state_scripts.h), which is one step for all
 * gateways; a call that fails leaves its facts unknown, and none waits longer than redis.timeout.
 * Keys are digests (proxy/state/state_keys.h), each with a life time. */
#ifndef PROXY_STATE_STATE_H
#define PROXY_STATE_STATE_H

#include "filters/spam/campaign_sketch.h"
#include "policy/config.h"
#include "proxy/state/redis.h"
#include "proxy/state/state_keys.h"

struct state;

/* `config` must outlive it, and `secret`, which contacts are remembered under (empty: none are).
 * NULL: out of memory. */
struct state *state_new(struct event_base *base, struct redis *redis, const struct config *config,
                        struct slice secret);
/* After all inquiries have ended or been cancelled; before redis_free, or after it. */
void state_free(struct state **state);

/* The questions of one transaction. Facts are written when an answer comes, or at once where none
 * will; `done` is called when the last one has come, never from inside these functions: with
 * state_pending 0 after asking all is known and it is not called. NULL: the arena is full. */
struct state_inquiry;
struct state_inquiry *state_begin(struct state *state, struct arena *arena, struct facts *facts,
                                  void (*done)(void *ctx), void *ctx);
unsigned state_pending(const struct state_inquiry *inquiry);
/* Before the arena goes: nothing will be written or called any more.
 * What was asked still counts. */
void state_cancel(struct state_inquiry *inquiry);
struct state_cost {
    unsigned calls;
    int64_t ms; /* waited for, in all */
};
struct state_cost state_cost(const struct state_inquiry *inquiry);

/* Who brings a message, without <>. */
struct state_sender {
    struct ip client;
    struct slice sender; /* empty: <> */
    struct slice recipient;
    struct slice authenticated; /* a domain that SPF has passed for; empty: none */
    bool unproven;              /* SPF may pass for it: that is not known yet */
};

/* greylist.*: looks up and, at the first meeting, writes down. What meets is the client, the sender
 * (proxy/state/sender_fold.h) and the recipient. The client is known by its network
 * (settings.greylist_network4, 6) and by the authenticated domain, as whose it may come back from
 * anywhere: who has waited under one of the two has waited under both.
 *   - The first meeting, and one that comes back after settings.greylist_window: not known, has to
 *     wait for settings.greylist_delay.
 *   - One that comes back before the delay is over: not known, has to wait for the rest.
 *   - One that comes back in the window: known, for settings.greylist_lifetime after each time.
 *   - A network, or an authenticated domain, of which settings.greylist_passes messages have been
 *     accepted is known at once, for that lifetime after each of them.
 *   - config->greylist_exempt holds the recipient: known, nothing is asked or written.
 * Of a domain that is unproven only one thing is asked: what greylist.first_seen is if it is proven
 * later, into *proven_first_seen, which stays as it is when nothing is known of that. Who is known then
 * is told again with state_met_again. */
void state_greylist(struct state_inquiry *inquiry, const struct state_sender *who,
                    struct value *proven_first_seen);
/* The same meeting, now that its domain is proven; nobody waits for the answer. */
void state_met_again(struct state *state, const struct state_sender *who);

/* sender.first_seen, sender.messages: accepted messages of a sender (proxy/state/sender_fold.h).
 * Absent for <>, which is everybody's. */
void state_history(struct state_inquiry *inquiry, struct slice sender);

/* sender.first_contact: whether no message of this sender (proxy/state/sender_fold.h) was delivered to
 * this recipient within settings.contacts_lifetime. Absent for <>. */
void state_contact(struct state_inquiry *inquiry, struct slice sender, struct slice recipient);

/* Somebody a message is for, as he is spelled. */
struct state_recipient {
    struct slice address;
    struct value reported; /* reported.by_recipient, of him */
    struct value answered; /* message.from_answered, of him */
};

/* sender.answered: whether this recipient has written to this sender within settings.contacts_answered
 * (state_wrote). Absent for <>. */
void state_answered(struct state_inquiry *inquiry, struct slice sender, struct slice recipient);
/* message.from_answered: the same of an author, of each recipient; they must outlive the inquiry. Unknown
 * while Redis is away. */
void state_answered_author(struct state_inquiry *inquiry, struct slice author,
                           struct state_recipient *recipients, size_t count);
/* message.in_reply_to_known: whether one of these Message-IDs, STATE_LETTERS_MOST at most, has left. */
enum { STATE_LETTERS_MOST = 16 };
void state_in_reply(struct state_inquiry *inquiry, const struct slice *ids, size_t count);

struct state_campaign {
    const struct campaign_sketch *sketch; /* need not outlive the call */
    struct slice author;                  /* the address of From; empty: there is none */
    bool counts;                          /* campaign.seen is asked for */
    struct state_recipient *recipients;   /* must outlive the inquiry */
    size_t count;                         /* 0: nobody asks for what they have reported */
};

/* campaign.seen: of the accounts that have given opinions of messages that are like this one
 * (filters/spam/campaign_sketch.h) within settings.learn_campaigns, those that called them spam less
 * those that called them good, each by what it said last; 0 where they are fewer.
 * Of each recipient: whether it is spam what his account has said last of such a message, or of one of
 * this author within settings.learn_age. Unknown while Redis is away. */
void state_campaign(struct state_inquiry *inquiry, const struct state_campaign *about);

/* Who sends a message out. All texts may go once the call is over. */
struct state_sending {
    struct slice name;              /* its account's, as it is spelled */
    const struct slice *recipients; /* of the message, as they are spelled */
    size_t count;                   /* at least one */
    bool logged_in;                 /* network and country count: */
    struct ip client;
    uint32_t asn;         /* 0: not known */
    struct slice country; /* empty: not known */
    const uint8_t *text;  /* digest of its text, STATE_DIGEST octets; NULL: it has none */
};

/* What the message was counted as, so that it can be taken back. */
struct state_sending_count {
    bool counted;
    int64_t at;
    unsigned fresh; /* recipients that are new to it */
};

/* All account facts but its name: counts the message, whatever becomes of it (state_sending_over).
 * `count` is written with them, and must outlive the inquiry. */
void state_sending(struct state_inquiry *inquiry, const struct state_sending *who,
                   struct state_sending_count *count);

/* What became of it. */
struct state_sending_end {
    struct state_sending_count count;
    bool put_off;                  /* it comes again, and is counted then */
    const struct slice *delivered; /* to these */
    size_t delivered_count;
    size_t refused; /* that many recipients the server behind has refused for good */
};
void state_sending_over(struct state *state, const struct state_sending *who,
                        const struct state_sending_end *end);
/* The server behind has refused a recipient at RCPT. */
void state_sending_refused(struct state *state, struct slice name);

/* Who is told of what, once a day. */
struct state_notice {
    struct slice rule, account, address;
};
/* Its key, by which a proxy remembers it as well; empty: it cannot be made. */
struct state_key state_notice_key(struct state *state, const struct state_notice *notice);
enum state_once { ONCE_UNKNOWN, ONCE_FIRST, ONCE_AGAIN };
/* Whether it is the first of the day; from here on none is. `answer` is written by the time that
 * state_pending is 0, as ONCE_UNKNOWN while Redis is away; it must outlive the inquiry. */
void state_notice(struct state_inquiry *inquiry, const struct state_key *key,
                  enum state_once *answer);
/* It was not told after all. */
void state_notice_undo(struct state *state, const struct state_key *key);

/* The policy's rate(...) facts whose event this is: counted, and their values set in facts->keyed
 * (the caller's, one for each of policy_keys). Call once an event; at RCPT both for
 * RATE_RECIPIENTS and for RATE_UNKNOWN_RECIPIENTS, which is only looked up.
 * The value: events in the present fixed window, this one included, and those of the window before
 * in proportion to the part of it that the sliding window still covers. Windows are whole seconds.
 * A client's IPv6 address counts as its /64. When a fact of it is absent there is nothing to count:
 * 0; when one is unknown or pending, so is the rate unknown. */
void state_rates(struct state_inquiry *inquiry, enum rate_event event);

/* What a try of a message has left for its retry: octets, under digests of the caller's that name
 * its sender, and each recipient with a name of the client. */
enum { STATE_RETRY_MAX = 384 /* octets of it */, STATE_RETRY_PLACES = 3 };
struct state_retry_place {
    uint8_t sender[STATE_DIGEST]; /* stands for all his messages */
    uint8_t at[STATE_RETRY_PLACES][STATE_DIGEST];
    unsigned count; /* of `at`, at least one */
};

struct state_retry_answer {
    bool of_sender; /* something is remembered of some message of his */
    /* In the inquiry's arena: what whoever can write there wrote. Empty: nothing, or Redis is away. */
    struct slice left[STATE_RETRY_PLACES];
};
/* `answer` is written by the time that state_pending is 0. */
void state_retry(struct state_inquiry *inquiry, const struct state_retry_place *place,
                 struct state_retry_answer *answer);
/* Without waiting: it stands at all of them for `ms`. */
void state_retry_keep(struct state *state, const struct state_retry_place *place, struct slice left,
                      int64_t ms);

/* Who wants to log in. */
struct state_login {
    struct ip client;
    struct slice user; /* his address; empty: he was not named */
};
enum login_end { LOGIN_FAILED, LOGIN_SUCCEEDED, LOGIN_NEITHER };

/* login.failures, login.network_failures, login.user_failures: within the last hour, up to a
 * thousand. Those under way count as well where some have failed, or where there are many, so
 * that who tries many passwords at once learns no more. It is under way until state_login_over. */
void state_login(struct state_inquiry *inquiry, const struct state_login *who);

/* Afterwards, nobody waits for these. What became of a login; `mark`: a keyed digest of the
 * password, short, so that the same wrong one counts once within some minutes; empty: each
 * counts. */
void state_login_over(struct state *state, const struct state_login *who, enum login_end end,
                      struct slice mark);
/* A message was accepted from here (once a message, whoever
 * its recipients are); counts only what the policy's rules name: */
void state_accepted(struct state *state, const struct state_sender *who);
/* Somebody has called a message spam, or good. */
struct state_opinion {
    const struct campaign_sketch *sketch;
    struct slice account; /* whose opinion: an address; or a word for those who are no user */
    struct slice author;  /* the address of From; empty: there is none */
    bool personal;        /* it counts for mail of this author to that address */
    bool spam;
};
/* What the account has said before of a message that is like it, or of the author, counts no more. */
void state_opine(struct state *state, const struct state_opinion *opinion);
/* A message was delivered to these: they know its sender from now on. */
void state_met(struct state *state, struct slice sender, const struct slice *recipients,
               size_t count);
/* A message of our users has left: they have written to each of these, and who has it may answer it. */
struct state_letter {
    struct slice sender; /* one of ours */
    const struct slice *recipients;
    size_t count;    /* 0: nobody asks whom they write to */
    struct slice id; /* empty: nobody asks, or it has none */
};
void state_wrote(struct state *state, const struct state_letter *letter);
/* The backend has refused a recipient that does not exist: the rates of RATE_UNKNOWN_RECIPIENTS. */
void state_unknown_recipient(struct state *state, const struct facts *facts);
/* For aggregate reports (RFC 9990): what DMARC's policy came to for a message under From's
 * domain: none, quarantine or reject. Without a published record there is nothing to count. A
 * message that was deferred comes again, and is counted then. Equal rows of half a second are told
 * together. */
void state_dmarc(struct state *state, const struct facts *facts, const char *disposition);
/* The process is about to leave: nothing is gathered any more. */
void state_settle(struct state *state);

#endif
