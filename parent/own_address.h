/* SPDX-License-Identifier: ISC
 * Which addresses lead to this machine itself. */
#ifndef PARENT_OWN_ADDRESS_H
#define PARENT_OWN_ADDRESS_H

#include "policy/value.h"

bool address_is_any(const struct ip *ip); /* 0.0.0.0, :: */
bool address_is_loopback(const struct ip *ip);

/* One of an interface, or either of those. Where the kernel does not tell, only those. */
bool address_is_ours(const struct ip *ip);

#endif
