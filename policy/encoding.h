/* SPDX-License-Identifier: ISC
 * What the bytes of a text file must be: UTF-8 (RFC 3629) without NUL. Editors and shells of other
 * systems write more than that. */
#ifndef POLICY_ENCODING_H
#define POLICY_ENCODING_H

#include "base/slice.h"

/* The text without the byte order mark at its front, which Notepad and PowerShell write. */
struct slice encoding_text(struct slice file);

/* NULL: it is UTF-8 without NUL. Else what it is and what was expected, and *at is the offset of
 * the first byte that does not fit. */
const char *encoding_fault(struct slice text, size_t *at);

#endif
