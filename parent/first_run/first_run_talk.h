/* SPDX-License-Identifier: ISC
 * The conversation with the server behind (first_run_wire.h). */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_TALK_H
#define PARENT_FIRST_RUN_FIRST_RUN_TALK_H

#include "parent/first_run/first_run_wire.h"

#include <openssl/ssl.h>

/* What it is encrypted with, to be made before the doors close; the caller's. NULL: out of memory. */
SSL_CTX *wire_tls(struct slice ca_pem);

/* Waits as long as WIRE_CONNECT and WIRE_ANSWER say for each step. */
void wire_talk(const struct answers *answers, SSL_CTX *tls, struct wire_findings *out);

#endif
