/* SPDX-License-Identifier: ISC
 * What is lost where words are in lower case, and figures one word each: who shouts, and at what price. */
#include "filters/spam/spam_walk.h"

enum { WORD_LEAST = 2, WORD_MOST = 30, MARKS_MOST = 6 };

static void take_word(struct spam_walk *walk, struct slice word)
{
    size_t capitals = 0, figures = 0;
    for (size_t i = 0; i < word.len; i++) {
        capitals += word.ptr[i] >= 'A' && word.ptr[i] <= 'Z';
        figures += ascii_digit(word.ptr[i]);
    }
    word = slice_sub(word, 0, WORD_MOST);
    if (capitals && word.len >= WORD_LEAST)
        spam_take(walk, SPAM_TOKEN_CAPITALS, word);
    if (figures) {
        struct spam_phrase phrase = {.len = 0};
        spam_say_form(&phrase, word);
        spam_take_phrase(walk, SPAM_TOKEN_FIGURES, &phrase);
    }
}

void spam_take_spelling(struct spam_walk *walk, struct slice text)
{
    for (size_t from = 0, to; from < text.len; from = to) {
        bool word = spam_in_word(text.ptr[from]);
        for (to = from; to < text.len && text.ptr[to] != ' ' && spam_in_word(text.ptr[to]) == word;)
            to++;
        struct slice run = slice_sub(text, from, to);
        if (word)
            take_word(walk, run);
        else if (run.len)
            spam_take(walk, SPAM_TOKEN_MARKS, slice_sub(run, 0, MARKS_MOST));
        else
            to++;
    }
}
