/* SPDX-License-Identifier: ISC */
#include "filters/likeness/label.h"

#include "base/domain_name.h"
#include "filters/likeness/look.h"

#include <idn2.h>
#include <string.h>

enum { SHORT_BELOW = 5 };

struct slice label_form_slice(const struct label_form *form)
{
    return (struct slice){form->text, form->len};
}

static void fold(struct slice shown, struct label_form *out)
{
    struct buf text = buf_over(out->text, sizeof out->text);
    look_fold(&text, shown, LOOK_BY_SHAPE);
    out->len = buf_len(&text);
}

/* False: it is none. */
static bool fold_a_label(struct slice label, struct label_form *out)
{
    char name[DOMAIN_LABEL_MAX + 1], *shown = NULL;
    if (!slice_to_text(label, name, sizeof name))
        return false;
    int result = idn2_to_unicode_8z8z(name, &shown, 0);
    if (result == IDN2_OK)
        fold(slice_of(shown), out);
    idn2_free(shown);
    return result == IDN2_OK;
}

void label_look(struct slice label, struct label_form *out)
{
    if (!slice_istarts(label, SLICE("xn--")) || !fold_a_label(label, out))
        fold(label, out);
}

void label_letters(struct slice look, struct label_form *out)
{
    char (*same)(char) = look.len < SHORT_BELOW ? look_letter_narrow : look_letter;
    out->len = 0;
    for (size_t i = 0; i < look.len && out->len < sizeof out->text; i++)
        out->text[out->len++] = same(look.ptr[i]);
}

static char pair(char first, char second)
{
    if (first == 'r' && second == 'n')
        return 'm';
    if (first == 'v' && second == 'v')
        return 'w';
    return (char)(first == 'c' && (second == 'l' || second == '1') ? 'd' : '\0');
}

void label_pairs(struct slice look, struct label_form *out)
{
    char joined[LABEL_FORM_MAX];
    size_t len = 0;
    for (size_t i = 0; i < look.len && len < sizeof joined; i++) {
        char one = (char)(i + 1 < look.len ? pair(look.ptr[i], look.ptr[i + 1]) : '\0');
        joined[len++] = (char)(one ? one : look.ptr[i]);
        i += one != '\0';
    }
    label_letters((struct slice){joined, len}, out);
}

uint32_t label_set(struct slice form)
{
    uint32_t set = 0;
    for (size_t i = 0; i < form.len; i++) {
        char c = form.ptr[i];
        set |= 1U << (c >= 'a' && c <= 'z' ? c - 'a' : c == '-' ? 26 : 27);
    }
    return set;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Rows of the matrix of distances, of which only the band that can stay within `most` is filled. */
struct rows {
    unsigned char before[LABEL_FORM_MAX + 2], above[LABEL_FORM_MAX + 2], row[LABEL_FORM_MAX + 2];
};

/* Row i, from..to; returns the least in it. */
static unsigned fill(struct rows *rows, struct slice a, struct slice b, size_t i, size_t from,
                     size_t to)
{
    unsigned best = rows->row[0];
    for (size_t j = from; j <= to; j++) {
        unsigned changed = a.ptr[i - 1] != b.ptr[j - 1];
        unsigned cost =
            least(rows->above[j] + 1U, rows->row[j - 1] + 1U, rows->above[j - 1] + changed);
        if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
            cost = least(cost, rows->before[j - 2] + 1U, cost);
        rows->row[j] = (unsigned char)cost;
        best = cost < best ? cost : best;
    }
    return best;
}

bool label_within(struct slice a, struct slice b, unsigned most)
{
    struct rows rows;
    size_t difference = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (difference > most || a.len > LABEL_FORM_MAX || b.len > LABEL_FORM_MAX)
        return false;
    memset(&rows, LABEL_FORM_MAX, sizeof rows);
    for (size_t j = 0; j <= most && j <= b.len; j++)
        rows.above[j] = (unsigned char)j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t from = i > most ? i - most : 1, to = i + most < b.len ? i + most : b.len;
        memset(rows.row, LABEL_FORM_MAX, sizeof rows.row);
        rows.row[0] = (unsigned char)(i <= most ? i : LABEL_FORM_MAX);
        if (fill(&rows, a, b, i, from, to) > most)
            return false;
        memcpy(rows.before, rows.above, sizeof rows.before);
        memcpy(rows.above, rows.row, sizeof rows.above);
    }
    return rows.above[b.len] <= most;
}
