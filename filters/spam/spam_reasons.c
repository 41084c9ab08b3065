/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_reasons.h"

#include "base/utf8.h"
#include "filters/spam/spam_features.h"
#include "filters/spam/spam_logistic.h"

#include <math.h>
#include <string.h>

enum { GRAM = 4 };

struct search {
    const struct spam_model *model;
    struct spam_reasons *out;
    uint32_t spam_cells[SPAM_REASONS_MAX], ham_cells[SPAM_REASONS_MAX]; /* of those that are kept */
    double unit; /* log-odds of 1 in a cell of this section */
    double window_unit;
    int window, worst;
};

/* The pieces of a word are tokens of another kind; BIAS: it has none. */
static enum spam_token gram_of(enum spam_token token)
{
    switch (token) {
    case SPAM_TOKEN_SUBJECT:
        return SPAM_TOKEN_SUBJECT_GRAM;
    case SPAM_TOKEN_FROM:
        return SPAM_TOKEN_FROM_GRAM;
    default:
        return SPAM_TOKEN_BIAS;
    }
}

static bool has_no_name(enum spam_token token)
{
    return token == SPAM_TOKEN_BIAS || token == SPAM_TOKEN_SUBJECT_GRAM ||
           token == SPAM_TOKEN_FROM_GRAM;
}

static double share_of(const struct search *search, uint32_t cell, enum spam_token token,
                       struct slice text)
{
    const struct spam_model *model = search->model;
    enum spam_token gram = gram_of(token);
    int sum = 0;
    sum += model->cells[cell];
    for (size_t i = 0; gram != SPAM_TOKEN_BIAS && i + GRAM <= text.len; i++)
        sum += model->cells[spam_cell_gram(&model->key, gram, text.ptr + i)];
    return sum * search->unit;
}

/* What is no UTF-8, and controls, become '?'. */
static void put_text(char out[static SPAM_REASON_TEXT_MAX + 1], struct slice text)
{
    size_t len = 0;
    while (text.len > 0) {
        uint32_t code;
        size_t n = utf8_next(text, &code), size = n ? n : 1;
        bool shows = n && code >= ' ' && !(code >= 0x7f && code < 0xa0);
        if (len + (shows ? n : 1) > SPAM_REASON_TEXT_MAX)
            break;
        if (shows)
            memcpy(out + len, text.ptr, n);
        else
            out[len] = '?';
        len += shows ? n : 1;
        text = slice_from(text, size);
    }
    out[len] = '\0';
}

/* The strongest so far. */
struct kept {
    struct spam_reason *reasons;
    uint32_t *cells;
    size_t *count;
};

static bool is_kept(const struct kept *kept, uint32_t cell)
{
    for (size_t i = 0; i < *kept->count; i++)
        if (kept->cells[i] == cell)
            return true;
    return false;
}

/* Where it belongs, with room made for it; SPAM_REASONS_MAX: nowhere. */
static size_t place_for(const struct kept *kept, double share)
{
    size_t at = *kept->count;
    while (at > 0 && fabs(kept->reasons[at - 1].log_odds) < fabs(share))
        at--;
    if (at == SPAM_REASONS_MAX)
        return at;
    *kept->count += *kept->count < SPAM_REASONS_MAX;
    size_t behind = *kept->count - at - 1;
    memmove(&kept->reasons[at + 1], &kept->reasons[at], behind * sizeof *kept->reasons);
    memmove(&kept->cells[at + 1], &kept->cells[at], behind * sizeof *kept->cells);
    return at;
}

static void take(void *ctx, uint32_t cell, enum spam_token token, struct slice text)
{
    struct search *search = ctx;
    bool counts = search->window == SPAM_NO_WINDOW || search->window == search->worst;
    if (!counts || has_no_name(token))
        return;
    double share = share_of(search, cell, token, text);
    struct spam_reasons *out = search->out;
    struct kept kept = share > 0 ? (struct kept){out->spam, search->spam_cells, &out->spam_count}
                                 : (struct kept){out->ham, search->ham_cells, &out->ham_count};
    if (share == 0 || is_kept(&kept, cell))
        return;
    size_t at = place_for(&kept, share);
    if (at == SPAM_REASONS_MAX)
        return;
    kept.cells[at] = cell;
    kept.reasons[at].where = spam_token_name(token);
    kept.reasons[at].log_odds = share;
    put_text(kept.reasons[at].text, text);
}

static void window(void *ctx)
{
    struct search *search = ctx;
    search->window++;
    search->unit = search->window_unit;
}

/* Which window counts, and what a cell does. */
static bool prepare(struct search *search, struct arena *arena, const struct spam_source *source)
{
    const struct spam_model *model = search->model;
    struct slice vector;
    struct spam_vector opened;
    struct spam_score score;
    if (!spam_features(arena, source, &model->key, &vector) || !spam_score(model, vector, &score) ||
        !spam_vector_open(vector, &opened))
        return false;
    search->window = SPAM_NO_WINDOW;
    search->worst = score.window;
    search->unit = model->scale * spam_unit(opened.whole.count);
    if (score.window != SPAM_NO_WINDOW)
        search->window_unit = model->scale * spam_unit(opened.windows[score.window].count);
    return true;
}

bool spam_reasons(struct arena *arena, const struct spam_source *source,
                  const struct spam_model *model, struct spam_reasons *out)
{
    struct search *search = arena_alloc(arena, sizeof *search);
    *out = (struct spam_reasons){.spam_count = 0};
    if (!search)
        return false;
    search->model = model;
    search->out = out;
    struct spam_sink sink = {take, window, search};
    return prepare(search, arena, source) && spam_tokens(arena, source, &model->key, &sink);
}
