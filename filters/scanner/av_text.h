/* SPDX-License-Identifier: ISC
 * Messages that are one plain text and nothing else, of which libclamav's parser of mail can find no
 * more than is seen without it: it costs more than all the rest of such a scan. What it would look
 * for in a text, or could read otherwise than we do, is a doubt, and a doubt is no. */
#ifndef FILTERS_SCANNER_AV_TEXT_H
#define FILTERS_SCANNER_AV_TEXT_H

#include "filters/mime/mime.h"

/* True when `message`
 * - is one leaf, text/plain or without a type, not encoded or in base64, not attached, without a name,
 *   and nothing about it is malformed but what av_text.c lists;
 * - has a header of plain fields, with at most one each of Content-Type, -Transfer-Encoding,
 *   -Language and -Disposition (inline), without comments, encoded words or odd quotes;
 * - has no line longer than libclamav's parser takes in one piece, and words in its first line and in
 *   the last before empty ones, which ends;
 * - has no line that begins like uuencode, yEnc, BinHex, a mailbox's "From ", or a field of a message
 *   or part within, since the parser decodes what follows on those.
 * Of a base64 text ask av_text_is_words() as well, once it is decoded. */
bool av_text_is_sound(const struct mime_message *message);

/* Whether a text has no tags of HTML: the parser looks for links in them, for phishing. */
bool av_text_is_words(struct slice text);

/* A text as the parser writes it down, with LF for CRLF. malloc'd, at most text.len octets; ptr NULL
 * when memory is short. */
struct slice av_text_with_lf(struct slice text);

#endif
