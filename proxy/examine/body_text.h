/* SPDX-License-Identifier: ISC
 * What the copies of a mass mailing have in common, found without reading the message as MIME: that is a
 * scanner's matter, and asked of mail that leaves for nothing else. */
#ifndef PROXY_EXAMINE_BODY_TEXT_H
#define PROXY_EXAMINE_BODY_TEXT_H

#include "base/slice.h"

#include <stdbool.h>

enum {
    BODY_TEXT_DIGEST = 16,
    BODY_TEXT_MAX = 64 * 1024, /* octets of the body that are looked at */
    BODY_TEXT_LONG = 20,       /* octets; a shorter line may be whom it greets */
};

/* A digest of the lines of a message's body, as they came: without digits and blanks, without lines that
 * separate parts or name what does, and without short ones if there are others. False: there is no such
 * line, or no memory. Bodies in base64 or with long lines that name their reader all differ. */
bool body_text_digest(struct slice message, uint8_t out[static BODY_TEXT_DIGEST]);

#endif
