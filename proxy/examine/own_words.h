/* SPDX-License-Identifier: ISC
 * How much somebody has written himself above what he quotes, found without reading the message as MIME. */
#ifndef PROXY_EXAMINE_OWN_WORDS_H
#define PROXY_EXAMINE_OWN_WORDS_H

#include "base/slice.h"

enum { OWN_WORDS_MAX = 64 * 1024 /* octets of the body that are looked at */ };

/* The letters (ASCII's, and octets of others) of the first text of a message's body, up to what it quotes with '>', the line
 * before that included if it ends with ':' ("On Monday Bob wrote:"), or up to a signature ("-- "). What is encoded, or is
 * HTML, counts as it stands, so as more than it says. */
size_t own_words(struct slice message);

#endif
