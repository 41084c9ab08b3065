/* SPDX-License-Identifier: ISC
 * XCLIENT (Postfix' XCLIENT_README): a server that lets us is told whose the connection is, and begins anew with
 * that client. */
#ifndef PROXY_SMTP_SMTP_XCLIENT_H
#define PROXY_SMTP_SMTP_XCLIENT_H

#include "proxy/upstream/told_client.h"

/* A line with its CRLF (RFC 5321 4.5.3.1.4), and the end of a text. */
enum { XCLIENT_LINE_MAX = 512 + 1 };

/* What a server lets be told, in its answer to EHLO: "XCLIENT NAME ADDR ..."; a bit each, 0: nothing. */
unsigned smtp_xclient_offered(struct slice names);

/* Writes the command that tells of this client what is `offered`, as xtext (RFC 3461 4): what is not known, or does not
 * fit into the line, is [UNAVAILABLE]. All that is offered stands in it, so that nothing stays
 * of a client before. */
void smtp_xclient_line(const struct told_client *client, unsigned offered,
                       char line[static XCLIENT_LINE_MAX]);

#endif
