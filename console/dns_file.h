/* SPDX-License-Identifier: ISC
 * DNS from a file, for checks offline: a JSON map of a name to its list of {"type", "value"}.
 * Types are A, AAAA, MX ("value" is [preference, name]), PTR, CNAME, TXT and SPF (published as TXT
 * where the name has no TXT of its own; a TXT of "NONE" says that it has none). The characters
 * U+0080 to U+00FF stand for single bytes; a text may be a list of strings, which are joined.
 * {"type": "TIMEOUT"}, "SERVFAIL", "NXDOMAIN" and "UNASKED" (a limit on our questions) answer for
 * the types that the name has no record of, or, with a type as "value", for that type alone.
 * "dnssec": true beside "value" says that the record was validated. A name that is not there is
 * NXDOMAIN. */
#ifndef CONSOLE_DNS_FILE_H
#define CONSOLE_DNS_FILE_H

#include "base/buf.h"
#include "filters/dns/dns_answers.h"

#include <jansson.h>

/* A table that is complete (no look-up misses), in the arena; CNAMEs followed. NULL, and the reason
 * in *error (in the arena or static), when the text is not of that form or the arena is full. */
struct dns_answers *dns_file_parse(struct arena *arena, struct slice json, const char **error);

/* The same from a parsed object: the key "dns" of a batch line. */
struct dns_answers *dns_file_load(struct arena *arena, const json_t *map, const char **error);

/* Appends a file of all that is in the table, ends with a line end. False: out of memory, or the
 * buffer is full. */
bool dns_file_write(const struct dns_answers *table, struct buf *out);

#endif
