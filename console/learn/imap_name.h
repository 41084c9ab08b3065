/* SPDX-License-Identifier: ISC
 * Names of mailboxes as IMAP has them: modified UTF-7 (RFC 3501 5.1.3). */
#ifndef CONSOLE_LEARN_IMAP_NAME_H
#define CONSOLE_LEARN_IMAP_NAME_H

#include "base/slice.h"

/* From UTF-8, with a NUL behind it. False: that is none, or it does not fit. */
bool imap_name_encode(struct slice name, char *out, size_t size);

#endif
