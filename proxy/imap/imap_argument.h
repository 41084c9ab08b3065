/* SPDX-License-Identifier: ISC
 * Strings as arguments of the commands that we say (RFC 3501 9 quoted; a literal holds what that cannot). */
#ifndef PROXY_IMAP_IMAP_ARGUMENT_H
#define PROXY_IMAP_IMAP_ARGUMENT_H

#include "base/buf.h"

/* Whether a quoted string can hold it: ASCII without CR and LF. Any other goes as a literal. */
bool imap_is_quotable(const char *text);
/* Appends it in quotes. */
void imap_quote(struct buf *out, const char *text);

#endif
