/* SPDX-License-Identifier: ISC */
#ifndef CONSOLE_LEARN_MESSAGE_DIGEST_H
#define CONSOLE_LEARN_MESSAGE_DIGEST_H

#include "common/learning.h"

/* The SHA-256 by which a message is known, of all that is in `message` (a memfd). False with errno. */
bool message_digest(int message, unsigned char digest[static LABEL_MESSAGE]);

#endif
