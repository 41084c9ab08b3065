/* SPDX-License-Identifier: ISC
 * What a server offers in its answer to EHLO, and what was found out about it. */
#ifndef PROXY_SMTP_SMTP_CAPABILITIES_H
#define PROXY_SMTP_SMTP_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

struct smtp_capabilities {
    bool known, pipelining, eight_bit, utf8, dsn, starttls;
    unsigned mechanisms; /* that one may log in by, a bit for each enum login_mechanism, */
    unsigned plus;       /* and those of them that it would bind to TLS as well */
    uint64_t size;       /* largest message; 0: none told */
    unsigned xclient;    /* what it may be told of clients (smtp_xclient.h) */
    unsigned recipients; /* most in a transaction; 0: not known */
};

#endif
