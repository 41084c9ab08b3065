/* SPDX-License-Identifier: ISC
 * Signatures of a message, verified as the gateway would: by gatepost-scan in its jail, with what the
 * DNS says. */
#ifndef CONSOLE_DKIM_DKIM_VERIFY_H
#define CONSOLE_DKIM_DKIM_VERIFY_H

#include "console/dkim/dkim_dns.h"
#include "console/offline.h"

struct dkim_verdict {
    struct slice domain, selector, algorithm;
    const char *result;  /* in the words of RFC 8601 */
    struct slice reason; /* empty: it passes */
    bool passes;
};

/* In the order of the message. */
struct dkim_verdicts {
    struct dkim_verdict *each;
    size_t count;
};

struct dkim_verifier {
    struct offline offline;
    const struct config *config;
    struct dkim_dns *dns;
};

/* Starts the scanner; its options become part of the configuration. False: why not was said.
 * dkim_verifier_close either way; `dns` and `config` outlive it. */
bool dkim_verifier_open(struct dkim_verifier *verifier, struct config *config,
                        struct dkim_dns *dns);
void dkim_verifier_close(struct dkim_verifier *verifier);

/* `message`: a sealed memfd, whose lines end with CRLF. Texts go into the arena. NULL, or why it cannot
 * be told. */
const char *dkim_verify_file(struct dkim_verifier *verifier, int message, struct arena *arena,
                             struct dkim_verdicts *out);

#endif
