/* SPDX-License-Identifier: ISC
 * The example of RFC 8463 A: a message with an Ed25519 and an RSA signature that both verify. */
#ifndef FILTERS_SENDER_DKIM_EXAMPLE_H
#define FILTERS_SENDER_DKIM_EXAMPLE_H

#include "filters/dns/dns_answers.h"

enum { DKIM_EXAMPLE_TIME = 1528637909 };

struct slice dkim_example(void);
/* Adds its two keys. False: the table's arena is full. */
bool dkim_example_keys(struct dns_answers *dns);

#endif
