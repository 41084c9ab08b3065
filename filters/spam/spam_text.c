/* SPDX-License-Identifier: ISC
 * The visible text, in windows: a message is as bad as the worst of them, so that good words beside
 * bad ones do not outweigh them. */
#include "filters/spam/spam_vector.h"
#include "filters/spam/spam_walk.h"

#include <string.h>

/* An address of a page, or what no language has: its letters say nothing. */
static bool is_word(struct slice run)
{
    enum { LONGEST = 40 };
    return slice_search(run, SLICE("://")) == run.len &&
           (run.len <= LONGEST || !slice_is_ascii(run));
}

static size_t add_paragraph(char *out, struct slice text)
{
    size_t len = 0;
    while (text.len > 0) {
        struct slice run = slice_sub(text, 0, slice_find(text, ' '));
        text = slice_from(text, run.len + 1);
        if (!is_word(run))
            continue;
        memcpy(out + len, run.ptr, run.len);
        len += run.len;
        out[len++] = ' ';
    }
    return len;
}

/* All paragraphs behind each other. */
static struct slice joined(struct spam_walk *walk, const struct value *text)
{
    size_t size = 1, len = 0;
    for (size_t i = 0; i < text->list.count; i++)
        size += text->list.items[i].text.len + 1;
    char *room = arena_alloc(walk->arena, size);
    walk->full |= !room;
    for (size_t i = 0; room && i < text->list.count; i++)
        len += add_paragraph(room + len, text->list.items[i].text);
    return (struct slice){room, room ? len : 0};
}

static void take_window(struct spam_walk *walk, struct slice text)
{
    walk->sink->window(walk->sink->ctx);
    spam_take_words(walk, SPAM_TOKEN_WORD, spam_lower(walk, text));
    spam_take_spelling(walk, text);
}

/* From its beginning to its end, a little over each other; where there is text for more than there may
 * be, apart. */
void spam_walk_text(struct spam_walk *walk)
{
    const struct value *text = walk->source->text;
    struct slice all = text->state == VALUE_KNOWN ? joined(walk, text) : SLICE("");
    size_t behind = all.len > SPAM_WINDOW ? all.len - SPAM_WINDOW : 0;
    size_t steps = (behind + SPAM_WINDOW - 1) / SPAM_WINDOW;
    if (steps > SPAM_WINDOWS_MAX - 1)
        steps = SPAM_WINDOWS_MAX - 1;
    for (size_t i = 0; all.len > 0 && i <= steps; i++) {
        size_t from = steps ? behind * i / steps : 0;
        take_window(walk, slice_sub(all, from, from + SPAM_WINDOW));
    }
}
