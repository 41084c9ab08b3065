/* SPDX-License-Identifier: ISC
 * Where strings of responses end (RFC 3501 9 string; RFC 3516 literal8). */
#ifndef PROXY_IMAP_IMAP_STRING_H
#define PROXY_IMAP_IMAP_STRING_H

#include "base/slice.h"

static inline bool imap_is_one_of(char c, struct slice set)
{
    return slice_find(set, c) < set.len;
}

/* An octet is what begins a string only where a word would begin: in the middle of one it is a part of
 * that. */
bool imap_word_begins(struct slice octets, size_t at);

/* Behind the quoted string at `at`; 0: it does not end in its line. Servers forget to escape quotes: one
 * ends the string only before a blank, ")", "]" or the line's end. *unescaped: there are such in it. */
size_t imap_quoted_end(struct slice octets, size_t at, bool *unescaped);

/* Behind the literal that is announced at `at`, *content what it holds; 0: there is none, or not all
 * of it. */
size_t imap_literal_end(struct slice octets, size_t at, struct slice *content);

/* The announcement ("{5}", "~{5}") at the end of a line without its CRLF: where it begins, *digits its
 * size; line.len: there is none. */
size_t imap_announcement(struct slice line, struct slice *digits);

#endif
