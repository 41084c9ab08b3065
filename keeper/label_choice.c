/* SPDX-License-Identifier: ISC */
#include "keeper/label_choice.h"

#include <stdlib.h>
#include <string.h>

typedef int comparison(const void *a, const void *b);

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_number(const void *a, const void *b)
{
    const struct label_vote *x = a, *y = b;
    return compare(x->number, y->number);
}

static int by_message(const void *a, const void *b)
{
    const struct label_vote *x = a, *y = b;
    int order = memcmp(x->message, y->message, LABEL_MESSAGE);
    return order ? order : by_number(a, b);
}

/* Those of one decision stand together; where there is none, those of one message. */
static int by_matter(const void *a, const void *b)
{
    const struct label_vote *x = a, *y = b;
    int order = compare(x->reference, y->reference);
    return order || x->reference ? order : memcmp(x->message, y->message, LABEL_MESSAGE);
}

/* By what he did: he was not asked, and has not said so. */
static bool is_quiet(const struct label_vote *vote)
{
    return vote->how == LABEL_ANSWERED || vote->how == LABEL_LEFT;
}

static int softness(const struct label_vote *vote)
{
    return is_quiet(vote) + (vote->how == LABEL_LEFT);
}

/* Open matters first; in one, of each account first what he has said, then what he has done, and of that the newest. */
static int by_account(const void *a, const void *b)
{
    const struct label_vote *x = a, *y = b;
    int order = x->settled - y->settled;
    if (!order)
        order = by_matter(a, b);
    if (!order)
        order = compare(x->account, y->account);
    if (!order)
        order = softness(x) - softness(y);
    return order ? order : by_number(b, a);
}

static int same_message(const void *a, const void *b)
{
    const struct label_vote *x = a, *y = b;
    return memcmp(x->message, y->message, LABEL_MESSAGE);
}

/* How many at the beginning belong together. */
static size_t run_of(const struct label_vote *votes, size_t count, comparison *differ)
{
    size_t n = 1;
    while (n < count && differ(&votes[0], &votes[n]) == 0)
        n++;
    return n;
}

/* ---- what counts at once ---- */

static bool is_trusted(const struct label_vote *vote)
{
    return vote->how == LABEL_IMPORTED || vote->how == LABEL_RELEASED || vote->how == LABEL_TRAP ||
           (vote->how == LABEL_REPORTED && vote->account == 0);
}

/* Of one message, in the order of their numbers. */
static void settle(struct label_vote *votes, size_t count)
{
    struct label_vote *newest = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_trusted(&votes[i]))
            newest = &votes[i];
    for (size_t i = 0; i < count; i++) {
        votes[i].weight = 0;
        votes[i].alone = false;
        votes[i].settled = newest != NULL;
    }
    if (newest)
        newest->weight = LEARN_WEIGHT;
}

/* ---- what users say ---- */

/* Its loudest votes: explicit ones, and only where there is none those that say nothing. */
static bool is_heard(const struct label_vote *vote, bool explicit)
{
    return !explicit || !is_quiet(vote);
}

static bool any_explicit(const struct label_vote *votes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_quiet(&votes[i]))
            return true;
    return false;
}

static bool is_first_of_account(const struct label_vote *votes, size_t i)
{
    return i == 0 || votes[i].account != votes[i - 1].account;
}

static uint32_t count_accounts(const uint32_t say[static LABEL_CLASSES])
{
    return say[LABEL_GOOD] + say[LABEL_SPAM];
}

/* They name the decision, which a message's header says, and so whoever has written the message. */
static bool are_copies(const struct label_vote *votes, size_t count)
{
    return run_of(votes, count, same_message) < count;
}

/* An answer is more than leaving: it counts where one alone has written it. */
static void hear_answers(struct label_vote *votes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_first_of_account(votes, i) && votes[i].how == LABEL_ANSWERED) {
            votes[i].weight = LEARN_WEIGHT / LABELS_ANSWERED_SHARE;
            votes[i].alone = true;
        }
}

/* Too few say one thing: who is the only one to say anything may have company elsewhere. */
static void hear_few(struct label_vote *votes, size_t count, bool explicit, uint32_t accounts)
{
    if (!explicit)
        hear_answers(votes, count);
    for (size_t i = 0; explicit && accounts == 1 && i < count; i++)
        votes[i].alone = is_first_of_account(votes, i) && is_heard(&votes[i], explicit);
}

static void agree(struct label_vote *votes, size_t count)
{
    bool explicit = any_explicit(votes, count);
    uint32_t say[LABEL_CLASSES] = {0};
    for (size_t i = 0; i < count; i++)
        if (is_first_of_account(votes, i) && is_heard(&votes[i], explicit))
            say[votes[i].class]++;
    enum label_class class = say[LABEL_SPAM] > say[LABEL_GOOD] ? LABEL_SPAM : LABEL_GOOD;
    uint32_t against = say[class == LABEL_SPAM ? LABEL_GOOD : LABEL_SPAM];
    if (say[class] < LABELS_AGREEING || say[class] < LABELS_AGAINST * against) {
        hear_few(votes, count, explicit, count_accounts(say));
        return;
    }
    uint32_t whole = explicit ? LEARN_WEIGHT : LEARN_WEIGHT / LABELS_LEFT_SHARE;
    for (size_t i = 0; i < count; i++)
        if (is_first_of_account(votes, i) && is_heard(&votes[i], explicit) &&
            votes[i].class == class) {
            votes[i].weight = whole / say[class];
            votes[i].alone = are_copies(votes, count) || votes[i].how == LABEL_ANSWERED;
        }
}

/* ---- */

static void in_runs(struct label_vote *votes, size_t count, comparison *differ,
                    void (*take)(struct label_vote *votes, size_t count))
{
    for (size_t i = 0, n; i < count; i += n) {
        n = run_of(votes + i, count - i, differ);
        take(votes + i, n);
    }
}

static size_t open_of(const struct label_vote *votes, size_t count)
{
    size_t open = 0;
    while (open < count && !votes[open].settled)
        open++;
    return open;
}

void label_choose(struct label_vote *votes, size_t count)
{
    if (count == 0)
        return;
    qsort(votes, count, sizeof *votes, by_message);
    in_runs(votes, count, same_message, settle);
    qsort(votes, count, sizeof *votes, by_account);
    in_runs(votes, open_of(votes, count), by_matter, agree);
    qsort(votes, count, sizeof *votes, by_number);
}

/* ---- */

enum { BESIDE = 64 /* octets at most that a label takes beside its vector */ };

static bool is_chosen(const struct label_vote *vote)
{
    return vote->weight || vote->alone;
}

static uint32_t leave_out(struct label_vote *votes, size_t count, uint64_t most, uint64_t *octets,
                          bool of_users)
{
    uint32_t left_out = 0;
    for (size_t i = 0; i<count && * octets> most; i++)
        if (is_chosen(&votes[i]) && (votes[i].account || !of_users)) {
            votes[i].weight = 0;
            votes[i].alone = false;
            *octets -= votes[i].octets + BESIDE;
            left_out++;
        }
    return left_out;
}

uint32_t label_fit(struct label_vote *votes, size_t count, uint64_t most)
{
    uint64_t octets = 0;
    for (size_t i = 0; i < count; i++)
        octets += is_chosen(&votes[i]) ? (uint64_t)votes[i].octets + BESIDE : 0;
    uint32_t of_users = leave_out(votes, count, most, &octets, true);
    return of_users + leave_out(votes, count, most, &octets, false);
}
