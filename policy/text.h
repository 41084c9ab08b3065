/* SPDX-License-Identifier: ISC
 * Texts with {facts} in them, made harmless:
 * each value without controls and cut, the whole within a limit. */
#ifndef POLICY_TEXT_H
#define POLICY_TEXT_H

#include "policy/eval.h"

enum text_kind {
    /* Printable ASCII; with "550 5.7.1 " before it still a legal SMTP line (RFC 5321 4.5.3.1.5). */
    TEXT_REPLY,
    TEXT_HEADER, /* UTF-8 on one line */
    TEXT_LOG,
};

enum {
    TEXT_VALUE_MAX = 200,
    TEXT_REPLY_MAX = 400,
    TEXT_HEADER_MAX = 900,
    TEXT_LOG_MAX = 2000,
};

/* A text without facts costs no memory. ptr NULL: the arena is full. */
struct slice text_render(struct evaluation *evaluation, const struct text *text,
                         enum text_kind kind, struct arena *arena);

/* Whether a fact in it is still pending. */
bool text_pending(struct evaluation *evaluation, const struct text *text);

/* What of a text stands in another at most: its beginning, without controls; `ascii`: as in replies. */
void text_clean(struct buf *out, struct slice text, bool ascii);

/* A value as people write it; "none" for what is absent. Controls and broken UTF-8 are '?'. */
void text_value(struct buf *out, const struct type *type, const struct value *value);

#endif
