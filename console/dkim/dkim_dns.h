/* SPDX-License-Identifier: ISC
 * The DNS as gatepostctl dkim asks it: one question after the other, as they are few, and all answers
 * in one table. */
#ifndef CONSOLE_DKIM_DKIM_DNS_H
#define CONSOLE_DKIM_DKIM_DNS_H

#include "console/dkim/dkim_options.h"
#include "filters/dns/resolver.h"

struct dkim_dns {
    struct arena *arena; /* the caller's */
    struct event_base *base;
    struct resolver *resolver;
    struct dns_answers *answers;
};

/* Where the options say, which becomes part of the configuration. False: why not was said.
 * dkim_dns_end either way. */
bool dkim_dns_begin(struct dkim_dns *dns, const struct dkim_options *options, struct config *config,
                    struct arena *arena);
void dkim_dns_end(struct dkim_dns *dns);

/* The answer is in the table afterwards. */
void dkim_dns_ask(struct dkim_dns *dns, const struct dns_wanted *wanted);

/* The TXT records of a name. */
void dkim_dns_look_up(struct dkim_dns *dns, struct slice name, struct dns_answer *answer);

#endif
