/* SPDX-License-Identifier: ISC
 * A compiled policy, and what it decides. Pure: facts in, verdict out; no sockets, no clock, no
 * mail.
 *
 * Meaning: all rules in source order over complete facts; the first terminal action is the verdict
 * (accept when there is none). Deciding early, before all facts are known, never changes that.
 *
 * What is built of other things means what they mean, and is known, unknown or pending as they are:
 *   condition "x"           what stands in it, in parentheses; what it binds stays within
 *   any e in TABLE (...)    the condition with each entry in e's place, joined by `or`; all: by `and`.
 *                           A table is known from the start, so only the condition waits for facts
 *   TABLE[FACT]             the value of the entry that is the fact's, or stands for it; absent when
 *                           there is none or the fact is absent, else pending or unknown as the fact
 *   contains i, == and in   texts without regard to case: a matter of the comparison alone
 *   header set "X" "v"      header remove "X", header add "X" "v"
 *   bcc                     as copy to: it belongs to a message that is kept, and waits as its edits
 *   redirect to             a verdict as strict as quarantine. It keeps the message, so it waits for
 *                           what an accept waits for; for a login, and for mail that is read, it
 *                           means what quarantine means there */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "policy/facts.h"

struct policy; /* part of a struct config, lives in its arena */
struct rule;

enum action {
#define ACTION(id, ...) ACTION_##id,
#include "policy/actions.def"
#undef ACTION
    ACTION_COUNT
};

struct action_info {
    const char *word;
    bool terminal;
    int strictness;
    const char *doc;
};

const struct action_info *action_info(enum action action);

struct rule_info {
    struct slice name;
    struct slice file;
    unsigned line;
    bool drops;         /* enforced, and its verdict closes the connection */
    bool observe;       /* evaluated and recorded, never enforced */
    enum phase acts_at; /* the earliest phase at which it can decide */
    struct slice
        does; /* its actions in words, without texts: header set "X-Note", quarantine "spam" */
    /* Why not before: names the fact or the earlier rule; empty at CONNECT. */
    struct slice why_later;
};

size_t policy_rule_count(const struct policy *policy);
struct rule_info policy_rule_info(const struct policy *policy, size_t rule);

/* Which facts any rule names, in conditions or in {texts}. */
bool policy_uses(const struct policy *policy, enum fact fact);
/* The same of a field of the records in a list. */
bool policy_uses_field(const struct policy *policy, enum fact list, int field);
/* Whether any enforced rule holds messages or has them copied. */
bool policy_keeps(const struct policy *policy);
/* Whether somebody is told of some rule, once a day. */
bool policy_notifies(const struct policy *policy);
/* Whether any enforced rule gives a banner or a disclaimer. */
bool policy_banners(const struct policy *policy);
/* Whose facts any rule names, or another that is wanted needs: nothing else need be found out. */
bool policy_wants(const struct policy *policy, enum producer producer);
/* Whether one that is wanted asks one of these (bits of enum asks). */
bool policy_asks(const struct policy *policy, unsigned whom);

/* What rate() counts: the first event at which all its facts are known, unless the rule says
 * otherwise: rate(client.ip, 1h, unknown_recipients). In the order of a session. */
enum rate_event {
    RATE_CONNECTIONS,
    RATE_TRANSACTIONS, /* MAIL */
    RATE_RECIPIENTS,
    RATE_MESSAGES,
    RATE_UNKNOWN_RECIPIENTS, /* those that a backend refused as such; looked up at RCPT */
};

enum { RATE_FACTS_MAX = 4 };

/* What keyed facts are asked for: header["x-spam"] is {FACT_HEADER, "x-spam"},
 * dnsbl.listed("zen.example") {FACT_DNSBL_LISTED, "zen.example"}; keys are lower case.
 * rate(client.ip, sender.domain, 1h) has "client.ip, sender.domain, 1h" as key, and what follows;
 * rates that count the same are one key. */
struct policy_key {
    enum fact fact;
    struct slice key;
    struct {
        enum fact fact;
        bool domain; /* of an address: its domain only */
    } of[RATE_FACTS_MAX];
    size_t of_count;
    int64_t window; /* milliseconds */
    enum rate_event event;
};
enum { POLICY_KEYS_MAX = 256 };

/* In the order of facts->keyed. */
const struct policy_key *policy_keys(const struct policy *policy, size_t *count);

/* When it can be known at the earliest; a rate at its event.
 * All that a rate counts by is known then: connections are counted by facts of the
 * session that are there at CONNECT, transactions by those and what HELO, MAIL and
 * PRODUCER_CLIENT tell, later events by SPF's and the recipient as well. */
enum phase policy_key_phase(const struct policy_key *key);

/* As rules write it. ptr NULL: the arena is full. */
struct slice policy_key_name(struct arena *arena, const struct policy_key *key);

/* Places for the values of all keys, pending:
 * facts->keyed of one transaction. NULL: the arena is full. */
struct value *facts_keyed_new(struct arena *arena, const struct policy *policy);

/* As they are at that phase: what is first known later is pending.
 * Their keyed ones are new places in the arena; false when that is full. */
bool facts_through(const struct facts *facts, enum phase phase, const struct policy *policy,
                   struct arena *arena, struct facts *out);

/* One change to a message that is delivered. Texts are one line of UTF-8 without controls: who
 * writes them into a header encodes what is not ASCII (RFC 2047). */
struct edit {
    enum action kind; /* HEADER_ADD, HEADER_REMOVE, SUBJECT_PREFIX, BANNER, DISCLAIMER or STRIP */
    struct slice name, value; /* header name; value, prefix, mark or notice: no CR, no LF */
    unsigned part;            /* STRIP: number of the MIME part */
    bool split;               /* BANNER, DISCLAIMER: recipients who differ in it are told apart */
};

/* Somebody who is to be told that a rule holds. */
struct notice {
    unsigned rule;
    struct slice address;
};

struct score_part {
    struct slice name;
    double points;
};

enum { DELAY_MAX = 60000, HELD_AS_MAX = 40 };

struct verdict {
    enum action action; /* a terminal one */
    unsigned code;      /* reply code, 250 for accept, discard and quarantine */
    /* "5.7.1", "attachment type not allowed": printable ASCII, at most 400 octets. */
    struct slice enhanced, text;
    struct slice held_as; /* QUARANTINE: the rule's word for it; REDIRECT: the address */
    int rule;    /* index of the deciding rule, or of the one that could not be decided; -1: none */
    int unknown; /* enum fact whose being unknown made this a defer; -1: none */
    bool tired;  /* that fact is known, but the rule took too long over it */
    struct edit *edits; /* of enforced rules, in source order */
    size_t edit_count;
    struct slice *copies; /* addresses that are to have one of their own, each once */
    size_t copy_count;
    struct slice *bccs; /* addresses that are to have it as well, each once */
    size_t bcc_count;
    struct notice *notices; /* of enforced rules, in source order */
    size_t notice_count;
    bool journal;      /* it is to be kept there as well */
    struct slice *log; /* texts of log actions */
    size_t log_count;
    double score;
    struct score_part *parts;
    size_t part_count;
    /* Indices of all rules whose condition held up to the decision, observed ones included. */
    unsigned *fired;
    size_t fired_count;
    /* Milliseconds, at most DELAY_MAX, that the reply is held back:
     * the longest of enforced rules whose condition holds. There when PENDING as well. */
    int64_t delay;
    /* A rule that was looked at names `recipient`, greylisting or a rate of
     * (unknown) recipients: these facts must be this recipient's. */
    bool per_recipient;
};

/* What a verdict waits for: a refusal for every earlier enforced rule that could end otherwise (a
 * pending score or tag does not matter to it), an accept for every earlier rule, since its edits,
 * and what observed rules see, belong to the message. So a policy that asks nothing about content
 * accepts as soon as nothing is pending, and one without rules at PHASE_CONNECT. `fired`, `log`,
 * `score` and `edits` of an early refusal hold what was known by then. */
enum outcome { OUTCOME_PENDING, OUTCOME_DECIDED, OUTCOME_NO_MEMORY };

/* Evaluates at a phase. `through` is the phase whose facts are all in `facts` (pending only what
 * later phases bring; at PHASE_MESSAGE nothing is pending any more: what still is counts as
 * unknown). PENDING: no decision can be made yet without risking another meaning;
 * of *out only `delay` counts then, and it is of the reply to this phase's command: a rule that
 * holds from CONNECT on delays every reply whose phase is evaluated. Texts and lists
 * of *out live in `arena` or in `facts`. */
enum outcome policy_evaluate(const struct policy *policy, const struct facts *facts,
                             enum phase through, struct arena *arena, struct verdict *out);

/* Whether what this producer finds out could make a difference to what is done at that phase: an enforced rule that
 * names it is open, by its condition or by a text of it, and could hold by then, or adds to a score that others look
 * at. Where it is false, and policy_evaluate has met no verdict, these facts can come later: nothing would be done at
 * this phase because of them. */
bool policy_could_use(const struct policy *policy, const struct facts *facts,
                      enum producer producer, enum phase through);

/* What the rules say of a login, before the server behind hears of it: accept, defer, reject or
 * drop. Those count that have a condition, and of which all that they name is known at LOGIN at the
 * latest; what others say is of messages. Discard and quarantine mean nothing for a login: rules
 * with such a verdict do not count. What is still pending in `facts` is unknown. Never PENDING. */
enum outcome policy_evaluate_login(const struct policy *policy, const struct facts *facts,
                                   struct arena *arena, struct verdict *out);

/* Whether such a rule is enforced and names a fact of logins. */
bool policy_judges_logins(const struct policy *policy);

enum reading_kind {
    READING_CLEAR,    /* all of it may be shown */
    READING_REDACTED, /* without `parts`, or, when `whole`, nothing of it */
    READING_LATER,    /* nobody can tell now: nothing of it */
};

struct reading {
    enum reading_kind kind;
    bool whole;
    unsigned *parts; /* numbers of MIME parts, each once, ascending */
    size_t part_count;
    /* LATER: the defer. Else that of the first rule that decided, which is accept when there was
     * none, or when only strips redact. What fired, edits, logs and the score are of all rules
     * that were looked at. */
    struct verdict verdict;
};

/* What may be shown of a message that is fetched; what is pending in `facts` is unknown.
 *
 * What policy_evaluate delivers is shown, without the parts that it strips. Of what it refuses,
 * discards or holds, those parts are redacted that the rule fired on (policy/parts.h), all of it if
 * the rule names none. When a rule has named parts the others are still to be judged: the walk goes
 * on behind it as if it had not decided, and further rules add parts, until one accepts, one
 * redacts the whole, or one defers. What is unknown of any rule that was looked at, and stricter
 * than what the walk ended with, makes it LATER. Never PENDING; parts live in `arena`. */
enum outcome policy_evaluate_reading(const struct policy *policy, const struct facts *facts,
                                     struct arena *arena, struct reading *out);

#endif
