/* SPDX-License-Identifier: ISC */
#include "filters/likeness/added_words.h"

#include <string.h>

static const struct slice words[] = {
#define WORD(word) {word, sizeof word - 1},
#include "filters/likeness/added_words.def"
#undef WORD
};
enum { WORDS = sizeof words / sizeof *words };

bool added_word(struct slice word)
{
    for (size_t i = 0; i < WORDS; i++)
        if (slice_eq(words[i], word))
            return true;
    return false;
}

static bool holds_at(struct slice text, size_t place, struct slice word)
{
    return text.len > word.len && memcmp(text.ptr + place, word.ptr, word.len) == 0;
}

bool added_word_before(struct slice text, size_t n, struct slice *rest)
{
    for (size_t i = 0; i < WORDS; i++)
        if (holds_at(text, 0, words[i]) && n-- == 0) {
            *rest = slice_from(text, words[i].len);
            return true;
        }
    return false;
}

bool added_word_behind(struct slice text, size_t n, struct slice *rest)
{
    for (size_t i = 0; i < WORDS; i++)
        if (text.len > words[i].len && holds_at(text, text.len - words[i].len, words[i]) &&
            n-- == 0) {
            *rest = slice_sub(text, 0, text.len - words[i].len);
            return true;
        }
    return false;
}
