/* SPDX-License-Identifier: ISC
 * The words of a message that its campaign has in common: none that is an address, a number or a
 * mark, which are others in each copy. */
#include "filters/spam/campaign_minima.h"
#include "filters/spam/campaign_sketch.h"

enum { WORD_LEAST = 2, WORD_MOST = 30 };

static bool in_word(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (unsigned char)c >= 0x80;
}

static bool holds_digit(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (ascii_digit(word.ptr[i]))
            return true;
    return false;
}

static void take_lower(struct campaign_minima *minima, struct slice word)
{
    char lower[WORD_MOST];
    for (size_t i = 0; i < word.len; i++)
        lower[i] = ascii_lower(word.ptr[i]);
    campaign_minima_take(minima, (struct slice){lower, word.len});
}

/* Of a script that has no blanks between words each letter is one. */
static void take_letters(struct campaign_minima *minima, struct slice run)
{
    for (size_t from = 0, i = 1; i <= run.len && minima->pieces < CAMPAIGN_WORDS_MAX; i++) {
        bool within = i < run.len && ((unsigned char)run.ptr[i] & 0xc0) == 0x80;
        if (within && i - from < WORD_MOST)
            continue;
        take_lower(minima, slice_sub(run, from, i));
        from = i;
    }
}

static void take_word(struct campaign_minima *minima, struct slice word)
{
    if (word.len < WORD_LEAST || holds_digit(word))
        return;
    if (word.len <= WORD_MOST)
        take_lower(minima, word);
    else if (!slice_is_ascii(word))
        take_letters(minima, word);
}

static bool is_address(struct slice run)
{
    return slice_find(run, '@') < run.len || slice_search(run, SLICE("://")) < run.len;
}

static void take_run(struct campaign_minima *minima, struct slice run)
{
    if (is_address(run))
        return;
    size_t from = 0;
    for (size_t i = 0; i <= run.len && minima->pieces < CAMPAIGN_WORDS_MAX; i++) {
        if (i < run.len && in_word(run.ptr[i]))
            continue;
        take_word(minima, slice_sub(run, from, i));
        from = i + 1;
    }
}

static void take_paragraph(struct campaign_minima *minima, struct slice text)
{
    while (text.len > 0 && minima->pieces < CAMPAIGN_WORDS_MAX) {
        struct slice run = slice_sub(text, 0, slice_find(text, ' '));
        take_run(minima, run);
        text = slice_from(text, run.len + 1);
    }
}

void campaign_take_text(struct campaign_minima *minima, const struct value *text)
{
    for (size_t i = 0; i < text->list.count; i++)
        take_paragraph(minima, text->list.items[i].text);
}
