/* SPDX-License-Identifier: ISC */
#include "filters/likeness/added_words.h"

#include <string.h>

static const struct slice words[] = {
#define WORD(word) {word, sizeof word - 1},
#include "filters/likeness/added_words.def"
#undef WORD
};
enum { WORDS = sizeof words / sizeof *words };

static bool is(struct slice word, const char *text, size_t len)
{
    return word.len == len && word.ptr[0] == text[0] && memcmp(text, word.ptr, len) == 0;
}

bool added_word(struct slice word)
{
    for (size_t i = 0; word.len && i < WORDS; i++)
        if (is(words[i], word.ptr, word.len))
            return true;
    return false;
}

bool added_word_before(struct slice text, size_t *at, struct slice *rest)
{
    while (*at < WORDS) {
        struct slice word = words[(*at)++];
        *rest = slice_from(text, word.len);
        if (rest->len && is(word, text.ptr, word.len))
            return true;
    }
    return false;
}

bool added_word_behind(struct slice text, size_t *at, struct slice *rest)
{
    while (*at < WORDS) {
        struct slice word = words[(*at)++];
        *rest = slice_sub(text, 0, text.len > word.len ? text.len - word.len : 0);
        if (rest->len && is(word, text.ptr + rest->len, word.len))
            return true;
    }
    return false;
}
