/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_logistic.h"
#include "filters/spam/spam_model.h"

static double log_odds_of(const struct spam_model *model, const struct spam_section *section)
{
    struct spam_reading reading = spam_section_read(section);
    int32_t sum = 0;
    while (reading.left)
        sum += model->cells[spam_section_next(&reading)];
    return model->scale * sum * spam_unit(section->count);
}

bool spam_score(const struct spam_model *model, struct slice vector, struct spam_score *out)
{
    struct spam_vector opened;
    if (!spam_vector_open(vector, &opened))
        return false;
    double worst = 0;
    out->window = SPAM_NO_WINDOW;
    for (size_t i = 0; i < opened.count; i++) {
        double odds = log_odds_of(model, &opened.windows[i]);
        if (i > 0 && odds <= worst)
            continue;
        worst = odds;
        out->window = (int)i;
    }
    out->log_odds = log_odds_of(model, &opened.whole) + worst;
    out->probability = spam_logistic(model->a * out->log_odds + model->b);
    return true;
}
