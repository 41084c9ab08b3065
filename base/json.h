/* SPDX-License-Identifier: ISC
 * Writing JSON into a buffer.
 * Commas are put by json_key and json_item; overflow shows in buf.failed. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void json_text(struct buf *out, struct slice text);
void json_number(struct buf *out, double number); /* integers without a fraction */

/* `"key":`, with a comma before it unless it is first in its object. */
void json_key(struct buf *out, struct slice key);
/* A comma unless it is first in its array. */
void json_item(struct buf *out);

#endif
