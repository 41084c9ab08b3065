/* SPDX-License-Identifier: ISC
 * Text in any of the charsets that mail uses, made into UTF-8 that
 * is safe to show: no controls, always valid. */
#ifndef FILTERS_MIME_CHARSET_H
#define FILTERS_MIME_CHARSET_H

#include "base/buf.h"
#include "base/slice.h"

/* Opens every allowed charset once and keeps them: no file is opened later, so call it before the
 * jail closes. Conversions call it themselves when nobody did. */
void charset_warm_up(void);

/* What a charset is known by between processes: less than CHARSETS; -1: it is not known. */
enum { CHARSETS = 75 };
int charset_number(struct slice name);
/* Its name in mail, lower case, and what iconv calls it; empty: UTF-8 or a part of it. */
const char *charset_name(int number);
const char *charset_iconv(int number);

enum charset_kind { CHARSET_UNKNOWN, CHARSET_KNOWN, CHARSET_UTF7 };
enum charset_kind charset_kind(struct slice name);

/* Appends `octets` as clean UTF-8. Octets that are invalid there, and all above 127 of an unknown
 * charset that are not UTF-8, are shown as Latin-1; controls as their pictures (NUL is U+2400).
 * False when `out` is full. */
bool charset_append(struct buf *out, struct slice name, struct slice octets);

/* The same for octets without a label: UTF-8 where it is valid. A tab becomes a blank. */
bool text_append(struct buf *out, struct slice octets);

/* Pictures of controls in what was appended become those controls again, for who reads lines. */
void charset_unpicture(struct buf *out);

#endif
