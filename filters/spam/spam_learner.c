/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_learner.h"

#include "filters/spam/spam_calibration.h"
#include "filters/spam/spam_logistic.h"

#include <math.h>
#include <stdlib.h>

enum { OUTCOMES_MAX = 4096 };

static const double rate = 0.3, shrink = 1e-3, damping = 1e-6, most_for_balance = 4;

struct cell {
    float weight, moved; /* moved: the sum of the squares of all its slopes */
};

struct spam_learner {
    struct spam_key key;
    uint64_t learnt[2]; /* good, spam */
    struct spam_outcome outcomes[OUTCOMES_MAX];
    struct cell cells[SPAM_CELLS];
};

struct spam_learner *spam_learner_new(const uint8_t key[static SPAM_KEY_SIZE])
{
    struct spam_learner *learner = calloc(1, sizeof *learner);
    if (learner)
        learner->key = spam_key_of(key);
    return learner;
}

void spam_learner_free(struct spam_learner **learner)
{
    free(*learner);
    *learner = NULL;
}

/* ---- learning ---- */

static double log_odds_of(const struct spam_learner *learner, const struct spam_section *section)
{
    struct spam_reading reading = spam_section_read(section);
    double sum = 0;
    while (reading.left)
        sum += (double)learner->cells[spam_section_next(&reading)].weight;
    return sum * spam_unit(section->count);
}

/* The window by which a message is judged, and what it is taken for. */
static const struct spam_section *worst_of(const struct spam_learner *learner,
                                           const struct spam_vector *vector, double *log_odds)
{
    const struct spam_section *worst = NULL;
    double most = 0;
    for (size_t i = 0; i < vector->count; i++) {
        double odds = log_odds_of(learner, &vector->windows[i]);
        if (worst && odds <= most)
            continue;
        worst = &vector->windows[i];
        most = odds;
    }
    *log_odds = log_odds_of(learner, &vector->whole) + most;
    return worst;
}

/* Each cell shrinks a little each time: who has said enough once would otherwise never be asked again,
 * as what is known makes no slope, and what says little by itself would keep what it got by chance. */
static void move(struct spam_learner *learner, const struct spam_section *section, double slope,
                 double weight)
{
    struct spam_reading reading = spam_section_read(section);
    slope *= spam_unit(section->count);
    while (reading.left) {
        struct cell *cell = &learner->cells[spam_section_next(&reading)];
        double own = slope - shrink * weight * (double)cell->weight;
        double moved = (double)cell->moved + own * own;
        cell->moved = (float)moved;
        cell->weight += (float)(rate * own / sqrt(moved + damping));
    }
}

/* So that both classes weigh the same, whatever the mix. */
static double balance_of(const struct spam_learner *learner, bool spam)
{
    double own = (double)learner->learnt[spam], other = (double)learner->learnt[!spam];
    double balance = (own + other + 1) / (2 * own + 1);
    return balance < most_for_balance ? balance : most_for_balance;
}

bool spam_learner_again(struct spam_learner *learner, struct slice vector, bool spam, double weight,
                        double *log_odds)
{
    struct spam_vector opened;
    double odds;
    if (!spam_vector_open(vector, &opened))
        return false;
    const struct spam_section *worst = worst_of(learner, &opened, &odds);
    double slope = (spam - spam_logistic(odds)) * weight * balance_of(learner, spam);
    move(learner, &opened.whole, slope, weight);
    if (worst)
        move(learner, worst, slope, weight);
    if (log_odds)
        *log_odds = odds;
    return true;
}

bool spam_learner_learn(struct spam_learner *learner, struct slice vector, bool spam, double weight,
                        double *log_odds)
{
    double odds;
    if (!spam_learner_again(learner, vector, spam, weight, &odds))
        return false;
    uint64_t at = learner->learnt[0] + learner->learnt[1];
    learner->outcomes[at % OUTCOMES_MAX] = (struct spam_outcome){(float)odds, spam};
    learner->learnt[spam]++;
    if (log_odds)
        *log_odds = odds;
    return true;
}

/* ---- the model ---- */

/* The later half of each class: before, the learner knew little. */
static bool calibrate(const struct spam_learner *learner, double *a, double *b)
{
    uint64_t learnt = learner->learnt[0] + learner->learnt[1];
    size_t count = learnt < OUTCOMES_MAX ? (size_t)learnt : OUTCOMES_MAX, kept = count;
    struct spam_outcome *late = malloc(count * sizeof *late);
    size_t left[2] = {0};
    for (size_t i = 0; i < count; i++)
        left[learner->outcomes[i].spam]++;
    left[0] -= left[0] / 2;
    left[1] -= left[1] / 2;
    for (uint64_t at = learnt; late && at > learnt - count; at--) {
        const struct spam_outcome *outcome = &learner->outcomes[(at - 1) % OUTCOMES_MAX];
        if (left[outcome->spam]) {
            left[outcome->spam]--;
            late[--kept] = *outcome;
        }
    }
    bool ok = late && spam_calibrate(late + kept, count - kept, a, b);
    free(late);
    return ok;
}

static double largest_of(const struct spam_learner *learner)
{
    double largest = 0;
    for (size_t i = 0; i < SPAM_CELLS; i++)
        largest = fmax(largest, fabs((double)learner->cells[i].weight));
    return largest;
}

bool spam_learner_model(const struct spam_learner *learner, uint8_t file[static SPAM_MODEL_SIZE])
{
    struct spam_model model = {
        .key = learner->key, .ham = learner->learnt[0], .spam = learner->learnt[1]};
    int8_t *cells = malloc(SPAM_CELLS);
    bool ok = cells && model.ham && model.spam && calibrate(learner, &model.a, &model.b);
    if (ok) {
        model.scale = largest_of(learner) / INT8_MAX;
        for (size_t i = 0; i < SPAM_CELLS; i++)
            cells[i] = (int8_t)rint((double)learner->cells[i].weight / model.scale);
        model.cells = cells;
        spam_model_write(&model, file);
    }
    free(cells);
    return ok;
}
