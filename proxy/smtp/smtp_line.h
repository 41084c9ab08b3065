/* SPDX-License-Identifier: ISC
 * Where an SMTP client's command lines end, and what is no SMTP at all. Pure. */
#ifndef PROXY_SMTP_SMTP_LINE_H
#define PROXY_SMTP_SMTP_LINE_H

#include "base/slice.h"

enum {
    /* A command line with its CRLF; RFC 5321 4.5.3.1.4 asks for 512, extensions add to it. */
    SMTP_LINE_MAX = 2048,
    /* AUTH with a response of 12,288 octets (RFC 4954 4). */
    SMTP_LOGIN_LINE_MAX = 12288 + 64,
};

/* The command line at the front of `bytes`. CRLF alone ends it (RFC 5321 2.3.8); with `lf_ends` LF
 * does too, and CRs before it belong to the end. *line is without its end.
 *   1: whole; *used counts its end too
 *   0: not complete yet
 *  -1: longer than `most`
 *  -2: it holds a bare CR or NUL; *used is set, one line long
 *  -3: it holds a bare LF; *line and *used go up to that, the rest is for smtp_line_rest */
int smtp_line(struct slice bytes, size_t most, bool lf_ends, struct slice *line, size_t *used);

/* What follows a bare LF up to CRLF is the same line still. *used: how much of `bytes` belongs to
 * it. 1: its end was found; 0: not yet; -3: another bare LF. */
int smtp_line_rest(struct slice bytes, size_t *used);

/* It begins with a control octet, as no command does: a client that may never end a line. */
bool smtp_is_binary(struct slice line);

/* What a client speaks whose line (or what there is of it) begins like this, when it is surely not
 * SMTP: "HTTP", "TLS" ..., in static text. NULL: it may be SMTP, right or wrong. */
const char *smtp_other_protocol(struct slice line);

#endif
