/* SPDX-License-Identifier: ISC
 * Command lines of POP3 (RFC 1939 3, RFC 2449 4). */
#ifndef PROXY_POP3_POP3_COMMAND_H
#define PROXY_POP3_POP3_COMMAND_H

#include "base/slice.h"

enum { POP3_LINE_MAX = 12400 }; /* AUTH's are longer than RFC 2449's 255 octets (RFC 5034 4) */

enum pop3_verb {
#define VERB(id, ...) POP3_##id,
#include "proxy/pop3/pop3_verbs.def"
#undef VERB
    POP3_VERBS
};

/* 1: *line is the next, without its CRLF; 0: more must come; -1: it is too long; -2: it holds NUL,
 * or CR or LF alone. *used: with its end, also at -2. */
int pop3_line(struct slice bytes, struct slice *line, size_t *used);

/* POP3_VERBS: unknown. *argument: what stands behind the verb, without blanks around it, but for
 * PASS, of which all is said that stands behind one blank. */
enum pop3_verb pop3_verb(struct slice line, struct slice *argument);

/* "3" or "3 20": message numbers and lines. False: anything else. */
bool pop3_number(struct slice text, uint32_t *number);
bool pop3_numbers(struct slice text, uint32_t *number, uint32_t *lines);

#endif
