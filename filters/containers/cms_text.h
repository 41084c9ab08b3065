/* SPDX-License-Identifier: ISC
 * BER that was sent as base64 text (RFC 7468 2, and the same without its first and last line). */
#ifndef FILTERS_CONTAINERS_CMS_TEXT_H
#define FILTERS_CONTAINERS_CMS_TEXT_H

#include "base/arena.h"

enum { CMS_TEXT_HEAD = 48 };

/* The first octets of what a text holds, in `head`, at most CMS_TEXT_HEAD; none when it cannot be
 * such a text. */
struct slice cms_text_head(struct slice text, char *head);

/* All that it holds, in `arena`; ptr is NULL when that is full. */
struct slice cms_text_decode(struct arena *arena, struct slice text);

#endif
