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

/* Of two texts without what they begin and end alike with: the rows of the matrix of distances, of
 * which only the band that can stay within `most` is filled, with FAR at both its sides. */
enum { FAR = 100 };
struct rows {
    unsigned char room[3][LABEL_FORM_MAX + 2], *before, *above, *row;
};

static unsigned cost(const struct rows *rows, struct slice a, struct slice b, size_t i, size_t j)
{
    unsigned changed = a.ptr[i - 1] != b.ptr[j - 1];
    unsigned best = least(rows->above[j] + 1U, rows->row[j - 1] + 1U, rows->above[j - 1] + changed);
    bool exchanged = i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1];
    return exchanged ? least(best, rows->before[j - 2] + 1U, best) : best;
}

/* Row i, from..to; returns the least in it. */
static unsigned fill(struct rows *rows, struct slice a, struct slice b, size_t i, size_t from,
                     size_t to)
{
    unsigned best = from == 1 ? (unsigned)i : FAR;
    rows->row[from - 1] = (unsigned char)best;
    for (size_t j = from; j <= to; j++) {
        unsigned one = cost(rows, a, b, i, j);
        rows->row[j] = (unsigned char)one;
        best = one < best ? one : best;
    }
    rows->row[to + 1] = FAR;
    return best;
}

static void next_row(struct rows *rows)
{
    unsigned char *oldest = rows->before;
    rows->before = rows->above;
    rows->above = rows->row;
    rows->row = oldest;
}

static bool within(struct slice a, struct slice b, unsigned most)
{
    struct rows rows = {.before = rows.room[0], .above = rows.room[1], .row = rows.room[2]};
    for (unsigned j = 0; j <= most + 1; j++)
        rows.above[j] = (unsigned char)j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t from = i > most ? i - most : 1, to = i + most < b.len ? i + most : b.len;
        if (fill(&rows, a, b, i, from, to) > most)
            return false;
        next_row(&rows);
    }
    return rows.above[b.len] <= most;
}

static void drop_common(struct slice *a, struct slice *b)
{
    size_t shorter = a->len < b->len ? a->len : b->len, same = 0;
    while (same < shorter && a->ptr[same] == b->ptr[same])
        same++;
    *a = slice_from(*a, same);
    *b = slice_from(*b, same);
    while (a->len && b->len && a->ptr[a->len - 1] == b->ptr[b->len - 1]) {
        a->len--;
        b->len--;
    }
}

bool label_within(struct slice a, struct slice b, unsigned most)
{
    size_t difference = a.len > b.len ? a.len - b.len : b.len - a.len;
    if (difference > most || a.len > LABEL_FORM_MAX || b.len > LABEL_FORM_MAX)
        return false;
    drop_common(&a, &b);
    return within(a, b, most);
}
