/* SPDX-License-Identifier: ISC */
#include "keeper/learn_build.h"

#include "filters/spam/spam_learner.h"
#include "keeper/learn_compare.h"
#include "keeper/learn_heard.h"

#include <stdlib.h>
#include <string.h>

enum { MILLION = 1000000 };
_Static_assert((int)LABEL_VECTOR_MOST >= (int)SPAM_VECTOR_MAX, "each vector can be a label's");
_Static_assert((int)LEARN_MODEL_MOST >= (int)SPAM_MODEL_SIZE, "each model can be sent");
_Static_assert((int)LEARN_DIGEST == (int)SPAM_MODEL_DIGEST, "a model is known by its digest");

struct row {
    uint64_t number;
    enum label_class class;
    struct slice sealed;
    double weight;
    bool read;                 /* it could be opened, and was learnt */
    double log_odds, old_odds; /* it was taken for before it was learnt, and by the old one */
    uint16_t probability;      /* as the new one says it */
    bool has_old;
    bool old_knew; /* it has learnt this label */
};

struct building {
    const struct learn_given *given;
    const struct learn_helper *helper;
    struct learn_built *built;
    struct spam_learner *learner;
    struct spam_model old, model;
    bool has_old;
    struct unpack old_predictions;
    struct learn_prediction next; /* of them */
    bool has_next;
    struct row *rows; /* those that were learnt */
    bool *heard;      /* which labels are */
    uint32_t count;
};

/* ---- what is given ---- */

static bool count_items(struct slice labels, uint32_t *count)
{
    struct unpack in = {.left = labels};
    struct learn_item item;
    *count = 0;
    while (learn_item_next(&in, &item))
        if (++*count > LEARN_LABELS_MOST)
            return false;
    return !in.bad;
}

/* One of another version scores nothing, so it is no more to be compared with than none. */
static void take_old(struct building *b)
{
    const char *reason;
    b->has_old =
        b->given->old_model.len > 0 && spam_model_open(b->given->old_model, &b->old, &reason);
    b->old_predictions.left = b->given->old_predictions;
    b->has_next = b->has_old && learn_prediction_next(&b->old_predictions, &b->next);
}

static bool begin(struct building *b, uint32_t *count, const char **reason)
{
    *reason = "the labels cannot be read";
    if (!count_items(b->given->labels, count))
        return false;
    take_old(b);
    *reason = "out of memory";
    b->learner = spam_learner_new(b->given->key);
    b->rows = calloc((size_t)*count + 1, sizeof *b->rows);
    b->heard = learn_heard(b->given, b->helper, *count);
    return b->learner && b->rows && b->heard;
}

/* ---- learning ---- */

/* Both stand in the order of their numbers. */
static bool old_prediction(struct building *b, const struct row *row, uint16_t *out)
{
    while (b->has_next && b->next.number < row->number)
        b->has_next = learn_prediction_next(&b->old_predictions, &b->next);
    bool is = b->has_next && b->next.number == row->number && b->next.class == row->class;
    if (is)
        *out = b->next.probability;
    return is;
}

static struct row row_of(struct building *b, const struct learn_item *item)
{
    struct row row = {.number = item->number,
                      .class = item->class,
                      .sealed = item->sealed,
                      .weight = (double)item->weight / LEARN_WEIGHT};
    uint16_t probability;
    row.old_knew = row.has_old = b->has_old && old_prediction(b, &row, &probability);
    if (row.old_knew)
        row.old_odds = (learn_log_odds(probability) - b->old.b) / b->old.a;
    return row;
}

static void take_rows(struct building *b)
{
    struct unpack in = {.left = b->given->labels};
    struct learn_item item;
    for (uint32_t i = 0; learn_item_next(&in, &item); i++)
        if (b->heard[i])
            b->rows[b->count++] = row_of(b, &item);
}

static void ask_old(const struct building *b, struct row *row, struct slice vector)
{
    struct spam_score score;
    row->has_old = spam_score(&b->old, vector, &score);
    if (row->has_old)
        row->old_odds = score.log_odds;
}

static void learn_one(struct building *b, struct row *row)
{
    struct slice vector;
    row->read = b->helper->open(b->helper->ctx, row->sealed, &vector) &&
                spam_learner_learn(b->learner, vector, row->class == LABEL_SPAM, row->weight,
                                   &row->log_odds);
    if (row->read && b->has_old && !row->old_knew)
        ask_old(b, row, vector);
    ++*(!row->read                 ? &b->built->unread
        : row->class == LABEL_SPAM ? &b->built->spam
                                   : &b->built->good);
}

static void learn_again(struct building *b, struct row *row)
{
    struct slice vector;
    if (row->read && b->helper->open(b->helper->ctx, row->sealed, &vector))
        spam_learner_again(b->learner, vector, row->class == LABEL_SPAM, row->weight, NULL);
}

/* The next of its class. */
static uint32_t find(const struct building *b, enum label_class class, uint32_t from)
{
    while (b->rows[from].class != class)
        from++;
    return from;
}

/* Good mail and spam in turn, each in its order: who imports the one and then the other would have it learnt that all is
 * good, and then that all is spam, and what was thought of each before would say nothing. */
static void in_turn(struct building *b, uint32_t before,
                    void (*take)(struct building *b, struct row *row))
{
    uint32_t total[LABEL_CLASSES] = {0}, taken[LABEL_CLASSES] = {0}, next[LABEL_CLASSES] = {0};
    for (uint32_t i = 0; i < b->count; i++)
        total[b->rows[i].class]++;
    for (uint32_t done = 0; done < b->count; done++) {
        bool spam = (uint64_t)taken[LABEL_SPAM] * total[LABEL_GOOD] <
                    (uint64_t)taken[LABEL_GOOD] * total[LABEL_SPAM];
        enum label_class class =
            (spam || taken[LABEL_GOOD] == total[LABEL_GOOD]) ? LABEL_SPAM : LABEL_GOOD;
        uint32_t at = find(b, class, next[class]);
        if (done % LEARN_TOLD_EACH == 0)
            b->helper->progress(b->helper->ctx, before + done, SPAM_LEARNER_PASSES * b->count);
        take(b, &b->rows[at]);
        next[class] = at + 1;
        taken[class]++;
    }
}

static void leave_out_unread(struct building *b)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->count; i++)
        if (b->rows[i].read)
            b->rows[kept++] = b->rows[i];
    b->count = kept;
}

static void learn_all(struct building *b)
{
    take_rows(b);
    in_turn(b, 0, learn_one);
    for (uint32_t pass = 1; pass < SPAM_LEARNER_PASSES; pass++)
        in_turn(b, pass * b->count, learn_again);
    leave_out_unread(b);
}

/* ---- the model ---- */

/* With the key that vectors are to be made with, and nothing else. */
static bool make_empty(const struct learn_given *given, uint8_t file[static SPAM_MODEL_SIZE])
{
    int8_t *cells = calloc(SPAM_CELLS, 1);
    if (cells)
        spam_model_write(
            &(struct spam_model){.key = spam_key_of(given->key), .a = 1, .cells = cells}, file);
    free(cells);
    return cells != NULL;
}

static bool is_enough(const struct building *b)
{
    return b->built->good >= LEARN_OF_CLASS && b->built->spam >= LEARN_OF_CLASS;
}

static bool make_model(struct building *b, struct learn_made *made)
{
    const char *reason;
    return is_enough(b) && spam_learner_model(b->learner, made->model) &&
           spam_model_open((struct slice){(const char *)made->model, sizeof made->model}, &b->model,
                           &reason);
}

static double calibrated(const struct spam_model *model, double log_odds)
{
    return model->a * log_odds + model->b;
}

/* As the model would have said it: what it learns of probabilities it learns at the end. */
static void predict(struct building *b, struct buf *out)
{
    for (uint32_t i = 0; i < b->count; i++) {
        struct row *row = &b->rows[i];
        row->probability = learn_probability(calibrated(&b->model, row->log_odds));
        learn_prediction_pack(
            out, &(struct learn_prediction){row->number, row->class, row->probability});
    }
}

/* ---- comparing ---- */

static uint32_t millionths(double sum, uint32_t count)
{
    return count ? (uint32_t)(sum / count * MILLION + 0.5) : 0;
}

static uint32_t first_of_last(const struct building *b)
{
    return b->count > LEARN_COMPARED ? b->count - LEARN_COMPARED : 0;
}

static void measure(struct building *b)
{
    double sum = 0;
    uint32_t first = first_of_last(b);
    for (uint32_t i = first; i < b->count; i++)
        sum += learn_loss(b->rows[i].probability, b->rows[i].class);
    b->built->loss = millionths(sum, b->count - first);
}

static double loss_of(const struct spam_model *model, double log_odds, enum label_class class)
{
    return learn_loss(learn_probability(calibrated(model, log_odds)), class);
}

static void tell(struct building *b, const struct learn_compared *compared)
{
    b->built->compared = compared->count;
    b->built->loss = millionths(compared->loss, compared->count);
    b->built->old_loss = millionths(compared->old_loss, compared->count);
}

static bool predicts_worse(struct building *b)
{
    struct learn_compared compared = {0};
    for (uint32_t i = first_of_last(b); i < b->count; i++) {
        const struct row *row = &b->rows[i];
        if (row->has_old)
            learn_compare(&compared, loss_of(&b->model, row->log_odds, row->class),
                          loss_of(&b->model, row->old_odds, row->class));
    }
    tell(b, &compared);
    return learn_is_worse(&compared);
}

/* What the old one had learnt it was right or wrong about before: the new one should know it by now. */
static bool has_unlearnt(struct building *b)
{
    struct learn_compared compared = {0};
    for (uint32_t i = b->count; i-- > 0 && compared.count < LEARN_COMPARED;) {
        const struct row *row = &b->rows[i];
        struct slice vector;
        struct spam_score score;
        if (row->old_knew && b->helper->open(b->helper->ctx, row->sealed, &vector) &&
            spam_score(&b->model, vector, &score))
            learn_compare(&compared, loss_of(&b->model, score.log_odds, row->class),
                          loss_of(&b->old, row->old_odds, row->class));
    }
    bool worse = learn_is_worse(&compared);
    if (worse)
        tell(b, &compared);
    return worse;
}

/* Labels that tell good mail from spam no better than by chance make no model. */
static bool judge_none(struct building *b, struct learn_made *made)
{
    b->built->outcome = b->has_old && is_enough(b) ? LEARN_WORSE : LEARN_COLLECTING;
    return make_empty(b->given, made->model);
}

static bool judge(struct building *b, struct learn_made *made)
{
    if (!make_model(b, made))
        return judge_none(b, made);
    predict(b, &made->predictions);
    measure(b);
    bool worse = b->has_old && (predicts_worse(b) || has_unlearnt(b));
    b->built->outcome = worse ? LEARN_WORSE : LEARN_PUBLISHED;
    return !made->predictions.failed;
}

/* ---- */

bool learn_build(const struct learn_given *given, const struct learn_helper *helper,
                 struct learn_made *made, const char **reason)
{
    struct building b = {.given = given, .helper = helper, .built = &made->built};
    uint32_t count;
    made->built = (struct learn_built){.number = given->number};
    made->predictions = buf_init((size_t)LEARN_LABELS_MOST * LEARN_PREDICTION);
    bool ok = begin(&b, &count, reason);
    if (ok) {
        learn_all(&b);
        ok = judge(&b, made);
        memcpy(made->built.digest, made->model + SPAM_MODEL_SIZE - SPAM_MODEL_DIGEST,
               SPAM_MODEL_DIGEST);
    }
    spam_learner_free(&b.learner);
    free(b.rows);
    free(b.heard);
    if (!ok)
        buf_release(&made->predictions);
    return ok;
}
