/* SPDX-License-Identifier: ISC
 * What the walks through the parts of a message have in common (spam_tokens.h). */
#ifndef FILTERS_SPAM_SPAM_WALK_H
#define FILTERS_SPAM_SPAM_WALK_H

#include "filters/spam/spam_tokens.h"

struct spam_walk {
    struct arena *arena;
    const struct spam_source *source;
    const struct spam_key *key;
    const struct spam_sink *sink;
    bool full; /* the arena was, and something is missing */
};

void spam_walk_header(struct spam_walk *walk);
void spam_walk_links(struct spam_walk *walk);
void spam_walk_shape(struct spam_walk *walk);
void spam_walk_text(struct spam_walk *walk);

static inline void spam_take(struct spam_walk *walk, enum spam_token token, struct slice text)
{
    walk->sink->take(walk->sink->ctx, spam_cell(walk->key, token, text), token, text);
}

/* The words of a text, which is in lower case already; and each four octets of it that stand behind
 * each other. */
void spam_take_words(struct spam_walk *walk, enum spam_token word, struct slice text);
void spam_take_grams(struct spam_walk *walk, enum spam_token gram, struct slice text);

/* How a text is spelt, whose words are taken beside: words with capitals, the form of what has figures,
 * and marks. */
void spam_take_spelling(struct spam_walk *walk, struct slice text);

/* Whether an octet is one of a word's. */
bool spam_in_word(char c);

/* A copy with ASCII letters in lower case; empty when the arena is full. */
struct slice spam_lower(struct spam_walk *walk, struct slice text);

/* A token that is put together; what has no room is left out. */
struct spam_phrase {
    char room[80];
    size_t len;
};

void spam_say(struct spam_phrase *phrase, struct slice text);
void spam_say_number(struct spam_phrase *phrase, size_t number);
/* How long it is in binary: 0, 1, 2 to 3, 4 to 7 ... are one each. */
void spam_say_size(struct spam_phrase *phrase, size_t number);
/* What it is made of: "Ab12-x" is "Aa0-a". */
void spam_say_form(struct spam_phrase *phrase, struct slice text);
void spam_take_phrase(struct spam_walk *walk, enum spam_token token,
                      struct spam_phrase *phrase); /* which is empty then */

#endif
