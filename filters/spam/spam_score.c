/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_logistic.h"
#include "filters/spam/spam_model.h"

static int32_t sum_of(const int8_t *cells, const struct spam_section *section)
{
    struct spam_reading reading = spam_section_read(section);
    int32_t sum = 0;
    while (reading.left)
        sum += cells[spam_section_next(&reading)];
    return sum;
}

static double log_odds(const struct spam_model *model, int32_t sum, size_t cells)
{
    return model->scale * sum * spam_unit(cells);
}

bool spam_score(const struct spam_model *model, struct slice vector, struct spam_score *out)
{
    struct spam_vector opened;
    if (!spam_vector_open(vector, &opened))
        return false;
    int32_t whole = sum_of(model->cells, &opened.whole);
    *out = (struct spam_score){log_odds(model, whole, opened.whole.count), 0, SPAM_NO_WINDOW};
    for (size_t i = 0; i < opened.count; i++) {
        const struct spam_section *window = &opened.windows[i];
        double odds = log_odds(model, whole + sum_of(model->cells, window),
                               opened.whole.count + window->count);
        if (i == 0 || odds > out->log_odds)
            *out = (struct spam_score){odds, 0, (int)i};
    }
    out->probability = spam_logistic(model->a * out->log_odds + model->b);
    return true;
}
