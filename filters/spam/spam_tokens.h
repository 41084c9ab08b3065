/* SPDX-License-Identifier: ISC
 * The tokens of a message: what a classifier may count. Only of what a sender chose and a reader
 * sees: fields that receivers add, addresses of recipients and text that is not shown are left out. */
#ifndef FILTERS_SPAM_SPAM_TOKENS_H
#define FILTERS_SPAM_SPAM_TOKENS_H

#include "base/arena.h"
#include "filters/mime/mime.h"
#include "filters/spam/spam_cell.h"
#include "policy/value.h"

enum {
    SPAM_WINDOW = 500, /* octets of text in a window */
    SPAM_FIELDS_MAX = 100,
    SPAM_PARTS_MAX = 30,
    SPAM_LINKS_MAX = 200,
    SPAM_VALUE_MAX = 500, /* octets of a field that are looked at */
};

/* What a scanner has of a message when it has examined it. */
struct spam_source {
    const struct mime_message *message;
    const struct value *text;  /* the fact message.text; what is not known counts as empty */
    const struct value *links; /* the fact links; the same */
};

/* Who takes the tokens, each as often as it stands there. */
struct spam_sink {
    /* `text` is valid until the return. */
    void (*take)(void *ctx, uint32_t cell, enum spam_token token, struct slice text);
    /* What follows stands in the next window; what came before the first, in the whole message. */
    void (*window)(void *ctx);
    void *ctx;
};

/* False: the arena is full, and something may be missing. */
bool spam_tokens(struct arena *arena, const struct spam_source *source, const struct spam_key *key,
                 const struct spam_sink *sink);

#endif
