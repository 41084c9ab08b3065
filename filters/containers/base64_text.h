/* SPDX-License-Identifier: ISC
 * A text that is base64 (RFC 4648) and nothing else, as `base64` writes it, or between the lines
 * "-----BEGIN ...-----" and "-----END ...-----" (RFC 7468), as `certutil -encode` does. */
#ifndef FILTERS_CONTAINERS_BASE64_TEXT_H
#define FILTERS_CONTAINERS_BASE64_TEXT_H

#include "base/slice.h"

/* The letters of a text that is so; ptr is NULL when it is not. It may end within a quantum. */
struct slice base64_text_find(struct slice text);

/* Decodes them into `out`, which has room for as many octets and 4. Returns how many. */
size_t base64_text_decode(struct slice letters, char *out);

#endif
