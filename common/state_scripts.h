/* SPDX-License-Identifier: ISC
 * What runs inside Redis, where a script is one step: two gateways that meet the same sender at the
 * same moment cannot both be the first. Every key that a script writes is given a life time.
 *
 * The time comes as an argument, in seconds since 1970, not from Redis: so tests can move it, and a
 * replica runs the same writes. Gateways whose clocks differ by some seconds differ by as much over
 * the end of a delay; nothing worse follows. Durations are seconds too. */
#ifndef COMMON_STATE_SCRIPTS_H
#define COMMON_STATE_SCRIPTS_H

/* All of them: X(name) is state_script_NAME below. */
#define STATE_SCRIPTS(X)                                                                           \
    X(greylist)                                                                                    \
    X(history)                                                                                     \
    X(accepted)                                                                                    \
    X(rates)                                                                                       \
    X(contact)                                                                                     \
    X(contacts)                                                                                    \
    X(account)                                                                                     \
    X(account_over)                                                                                \
    X(once)                                                                                        \
    X(campaign)                                                                                    \
    X(opine)                                                                                       \
    X(retry)                                                                                       \
    X(retries)                                                                                     \
    X(dmarc)                                                                                       \
    X(login)                                                                                       \
    X(login_over)

#define STATE_SCRIPT_ONE_MORE(name) +1
enum { STATE_SCRIPT_COUNT = STATE_SCRIPTS(STATE_SCRIPT_ONE_MORE) };
#undef STATE_SCRIPT_ONE_MORE

extern const char *const state_script_texts[STATE_SCRIPT_COUNT];

/* What a user of Redis must be allowed so that a proxy can run them by their digests, in the words of
 * ACL SETUSER: a script may do what its user may. */
#define STATE_SCRIPT_RIGHTS                                                                        \
    "+ping +select +client|setname +evalsha +time +get +set +del +exists +expire +incr +decr "     \
    "+hset +hsetnx +hmget +hincrby +hexists +hlen +sadd +scard +sismember "                        \
    "+zadd +zcard +zcount +zpopmin +zrange +zrem +zremrangebyscore"

/* Keys: the meeting of sender and recipient under each name that the client is known by: its
 * network, and the domain that SPF has passed for; counters of accepted messages, none to two, of
 * which one that has reached `passes` makes it known.
 * Arguments: now, delay, window, lifetime, passes, how many of the keys are meetings, and how many of
 * these, the first ones, are this client's for sure: of the others it is only read when they began.
 * Answer: {known 0 or 1, first seen, seconds to wait, first seen if the others are his as well, which
 * counters have reached `passes`: a bit for each, the first one's the lowest}.
 * A meeting is "first last known": when it first took place and when last, and whether it has
 * waited. They are one: what has waited under one name has waited under all, and the earliest counts.
 * One that comes back before the delay is over leaves it as it is; one that comes back after the
 * window is a first meeting again. */
extern const char state_script_greylist[];

/* Key: a sender's history. Answer: {when a message was first accepted, or -1; messages}. */
extern const char state_script_history[];

/* Keys: counters and, last, a sender's history, a hash {first, messages}. Arguments: now, life
 * time, how many of the keys are counters. Counts an accepted message in all of them. Answer: those
 * counters. */
extern const char state_script_accepted[];

/* Keys: pairs of counters, of the present window and of the one before it. Arguments: for each pair
 * how long the former is to live when this event counts in it, or 0 to look only. Answer: both
 * counts of each pair. */
extern const char state_script_rates[];

/* Keys: that somebody has written to somebody, or of a message. Answer: of each whether it is there. */
extern const char state_script_contact[];

/* Keys: the same. Argument: the life time. Answer: how many. */
extern const char state_script_contacts[];

/* What an account sends. Keys: a hash of what it does; sets of whom it has written to in this half of a
 * year and in the one before; how many its text was sent to, or none.
 * Arguments: now; the life times of the hash and of texts; recipients of the message; those of them that
 * are looked for, numbers with blanks between, as they stand in the sets; most in a set, of which a
 * full one means that nobody is new; least recipients that shares are told of; names of the network and
 * of the country, or nothing; how long these are new.
 * Answer: {when it was first seen, or -1; recipients within the last hour; most delivered to in an hour
 * of the last four weeks, without the last two; percentage that was new, and that was refused; whether
 * network and country are new, or -1; to how many the text was sent, or -1; how many of the recipients
 * are new}.
 *
 * Bounded whatever it sends: the hash has "first"; "h0" to "h3", the last hours that it sent in ("hour
 * recipients delivered new refused"); "d0" to "d27", for each day ("day most") the most delivered to in
 * an hour that is no longer among those; "networks" and "countries" (a name, when it was first and last
 * seen), of which the one that was not seen for longest goes. */
extern const char state_script_account[];

/* Keys: the hash, the set of this half of a year, and of the text or none. Arguments: when the message was
 * counted; life times of the hash and of the set; most in the set; how many more recipients it has,
 * delivered, new and refused ones, in that hour, each of which may be less than 0; how many more the text
 * was sent to; whom it was delivered to, as above. Answer: 1. */
extern const char state_script_account_over[];

/* Key: that something was done. Argument: for how long that holds, or 0: it was not done after all.
 * Answer: {1 where it had not been done}. */
extern const char state_script_once[];

/* Keys: of a message's digests the opinions of messages that have them (a sorted set of accounts; the
 * score is when, less than 0 for good mail), those of its text and then of its structure; and of each
 * account what it has said of the author, or none of these. Arguments: now, how long opinions of messages
 * count; how many keys are of the text, and of the structure; in how many of the text an account must
 * stand, or in how many fewer of it and in how many of the structure; the accounts.
 * Answer: {accounts that have said spam less those that have said good, at least 0; of each account
 * whether its last word is spam}. */
extern const char state_script_campaign[];

/* Keys: the same of digests; how much the account has said within a day of its first word; what it says
 * of an author, or none. Arguments: when, less than 0 for good mail; the life times of opinions of
 * messages and of authors; how many keys are of digests; most accounts under one, of which the one that
 * has spoken first goes; the account; how much it may say. Answer: 1, or 0 where that is too much. */
extern const char state_script_opine[];

/* Keys: that something is remembered of a sender; two places where it may be. Answer: {whether there
 * is the former, what stands at each of the latter, or nothing}. */
extern const char state_script_retry[];

/* Keys: the former, and any number of places. Arguments: life time, what is to stand there.
 * Answer: 1. */
extern const char state_script_retries[];

/* Key: a hash of counts. Arguments: its life time, most fields that it may have, the field to
 * count, the policy to remember, how many. What would be a field too much counts as "other". */
extern const char state_script_dmarc[];

/* Keys: for each counter of logins two, of those that failed and of those under way. Arguments: the
 * life times of the latter and of failures; for each counter how many may be under way of whom none
 * has failed. Answer: for each counter those that failed and those under way, or 0 while that is all
 * right. So many who try at once count as if they came one after the other. This one is under way
 * then. */
extern const char state_script_login[];

/* Keys: the same, then the set of passwords that were tried. Arguments: what came of it ("failed",
 * "succeeded", "neither"); a mark of the password; the life times of counters and of marks; most
 * marks, and failures of a counter. A password that was tried before counts once. Success resets the
 * first counter. Marks are neither replicated nor written to the append-only file as they come.
 * Answer: 1. */
extern const char state_script_login_over[];

#endif
