/* SPDX-License-Identifier: ISC
 * A known label among words that were put around it. */
#include "filters/likeness/added_words.h"
#include "filters/likeness/domain_likeness.h"
#include "filters/likeness/label.h"

enum {
    PIECES_MAX = 32, /* of a label: between hyphens */
    TOGETHER_MAX = 4,
    WHOLE_MIN = 3,    /* letters of a known label that stands for a label below another domain, */
    BESIDE_MIN = 5,   /* among any words, */
    USUAL_MIN = 2,    /* among usual ones, */
    ATTACHED_MIN = 4, /* without a hyphen */
};

struct pieces {
    struct slice text[PIECES_MAX];
    bool added[PIECES_MAX]; /* a word that is usual beside a known name */
    size_t count, added_count;
};

static void split(struct slice look, struct pieces *out)
{
    struct slice rest = look;
    *out = (struct pieces){.count = 0};
    while (rest.len > 0 && out->count < PIECES_MAX) {
        struct slice piece;
        slice_cut(rest, '-', &piece, &rest);
        if (piece.len == 0)
            continue;
        out->text[out->count] = piece;
        out->added[out->count] = added_word(piece);
        out->added_count += out->added[out->count];
        out->count++;
    }
}

static struct slice joined(const struct pieces *pieces, size_t first, size_t count)
{
    const char *begin = pieces->text[first].ptr;
    const struct slice *last = &pieces->text[first + count - 1];
    return (struct slice){begin, (size_t)(last->ptr - begin) + last->len};
}

static void look_up(const struct known_domains *all, enum known_by by,
                    const struct label_form *form, size_t least, struct likenesses *out)
{
    struct slice text = label_form_slice(form);
    size_t at = 0;
    for (const struct known *known; (known = known_next(all, by, text, &at)) != NULL;)
        if (known->label.len >= least && !added_word(known->label))
            likenesses_add(out, known, LIKENESS_BY_WORDS);
}

static void find(const struct known_domains *all, struct slice text, size_t least,
                 struct likenesses *out)
{
    struct label_form form;
    label_letters(text, &form);
    look_up(all, KNOWN_BY_LETTERS, &form, least, out);
    label_pairs(text, &form);
    look_up(all, KNOWN_BY_PAIRS, &form, least, out);
}

/* "my" + "example" + "online". */
static void find_attached(const struct known_domains *all, struct slice piece,
                          struct likenesses *out)
{
    struct slice rest, middle;
    for (size_t at = 0; added_word_behind(piece, &at, &rest);)
        find(all, rest, ATTACHED_MIN, out);
    for (size_t at = 0; added_word_before(piece, &at, &rest);) {
        find(all, rest, ATTACHED_MIN, out);
        for (size_t behind = 0; added_word_behind(rest, &behind, &middle);)
            find(all, middle, ATTACHED_MIN, out);
    }
}

static void find_together(const struct known_domains *all, const struct pieces *pieces,
                          size_t first, struct likenesses *out)
{
    size_t most = pieces->count - first < TOGETHER_MAX ? pieces->count - first : TOGETHER_MAX;
    for (size_t count = 1; count <= most; count++) {
        struct slice text = joined(pieces, first, count);
        if (count == pieces->count)
            continue;
        size_t others = pieces->count - count, usual = pieces->added_count;
        for (size_t i = first; i < first + count; i++)
            usual -= pieces->added[i];
        find(all, text, usual == others ? USUAL_MIN : BESIDE_MIN, out);
    }
}

void label_words(const struct known_domains *all, struct slice label, bool whole,
                 struct likenesses *out)
{
    struct label_form look;
    struct pieces pieces;
    label_look(label, &look);
    if (whole)
        find(all, label_form_slice(&look), WHOLE_MIN, out);
    split(label_form_slice(&look), &pieces);
    for (size_t i = 0; i < pieces.count; i++) {
        find_together(all, &pieces, i, out);
        find_attached(all, pieces.text[i], out);
    }
}
