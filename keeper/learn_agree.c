/* SPDX-License-Identifier: ISC */
#include "keeper/learn_agree.h"

#include "keeper/label_choice.h"

#include <stdlib.h>

/* A voter in one band. */
struct place {
    uint64_t band, account;
    enum label_class class;
    bool quiet;
    uint32_t voter;
};

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_band(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = compare(x->band, y->band);
    if (!order)
        order = compare(x->class, y->class);
    if (!order)
        order = compare(x->account, y->account);
    if (!order)
        order = x->quiet - y->quiet;
    return order ? order : compare(x->voter, y->voter);
}

/* Of places in their order: who is one account counts once, and of him first what he has said. */
static void count_accounts(const struct place *places, size_t count,
                           uint32_t say[static LABEL_CLASSES])
{
    for (size_t i = 0; i < count; i++)
        if (!places[i].quiet && (i == 0 || places[i].class != places[i - 1].class ||
                                 places[i].account != places[i - 1].account))
            say[places[i].class]++;
}

static bool outweighs(const uint32_t say[static LABEL_CLASSES], enum label_class class)
{
    enum label_class other = class == LABEL_SPAM ? LABEL_GOOD : LABEL_SPAM;
    return say[class] >= LABELS_AGREEING && say[class] >= LABELS_AGAINST * say[other];
}

static int company(const uint32_t say[static LABEL_CLASSES], enum label_class class)
{
    bool contradicted = say[class == LABEL_SPAM ? LABEL_GOOD : LABEL_SPAM] > 0;
    return contradicted ? -1 : say[class] > 0;
}

/* Those who are alike in a band. */
static void weigh(const struct place *places, size_t count, int *balance)
{
    uint32_t say[LABEL_CLASSES] = {0};
    count_accounts(places, count, say);
    for (size_t i = 0; i < count; i++) {
        enum label_class class = places[i].class;
        if (places[i].quiet)
            balance[places[i].voter] += company(say, class);
        else if (outweighs(say, class))
            balance[places[i].voter]++;
        else if (say[LABEL_GOOD] && say[LABEL_SPAM])
            balance[places[i].voter]--;
    }
}

static void weigh_band(struct place *places, size_t count, int *balance)
{
    qsort(places, count, sizeof *places, by_band);
    for (size_t i = 0, n; i < count; i += n) {
        n = 1;
        while (i + n < count && places[i + n].band == places[i].band)
            n++;
        weigh(places + i, n, balance);
    }
}

bool learn_agree(struct learn_voter *voters, size_t count)
{
    struct place *places = calloc(count + 1, sizeof *places);
    int *balance = calloc(count + 1, sizeof *balance);
    for (size_t band = 0; places && balance && band < SPAM_SKETCH_BANDS; band++) {
        for (size_t i = 0; i < count; i++)
            places[i] = (struct place){voters[i].sketch.bands[band], voters[i].account,
                                       voters[i].class, voters[i].quiet, (uint32_t)i};
        weigh_band(places, count, balance);
    }
    for (size_t i = 0; balance && i < count; i++)
        voters[i].heard = voters[i].account && balance[i] + voters[i].quiet > 0;
    bool ok = places && balance;
    free(places);
    free(balance);
    return ok;
}
