/* SPDX-License-Identifier: ISC
 * Tables of recipients: whoever is in none is refused for good, so an entry that can never be
 * anybody's address is a mistake, and so is a table without entries. */
#ifndef POLICY_RECIPIENTS_H
#define POLICY_RECIPIENTS_H

#include "policy/parser.h"

/* NULL: an address, "@example.com" or "*.example.com".
 * Else what is wrong with the entry, and what was expected. */
const char *recipient_fault(struct slice entry);

/* Reports each entry that is no address. */
void check_mail_addresses(struct parser *parser, const struct table *table, struct span user);

/* The same, for the recipients of a domain: reports an empty table as well, and warns when nobody
 * in it is in the domain. */
void check_recipients(struct parser *parser, const struct domain *domain, struct span user);

#endif
