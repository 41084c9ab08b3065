/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_walk.h"

enum { WORD_LEAST = 2, WORD_MOST = 30, GRAM = 4 };

bool spam_in_word(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (unsigned char)c >= 0x80 || c == '$' || c == '%' ||
           c == '_';
}

void spam_take_words(struct spam_walk *walk, enum spam_token word, struct slice text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && spam_in_word(text.ptr[i]))
            continue;
        if (i - from >= WORD_LEAST && i - from <= WORD_MOST)
            spam_take(walk, word, slice_sub(text, from, i));
        from = i + 1;
    }
}

void spam_take_grams(struct spam_walk *walk, enum spam_token gram, struct slice text)
{
    for (size_t i = 0; i + GRAM <= text.len; i++)
        walk->sink->take(walk->sink->ctx, spam_cell_gram(walk->key, gram, text.ptr + i), gram,
                         (struct slice){text.ptr + i, GRAM});
}

struct slice spam_lower(struct spam_walk *walk, struct slice text)
{
    char *copy = arena_alloc(walk->arena, text.len + 1);
    walk->full |= !copy;
    for (size_t i = 0; copy && i < text.len; i++)
        copy[i] = ascii_lower(text.ptr[i]);
    return (struct slice){copy, copy ? text.len : 0};
}
