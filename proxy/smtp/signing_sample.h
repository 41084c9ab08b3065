/* SPDX-License-Identifier: ISC
 * A message of fixed words, signed as what leaves is (message_signing.h), so that an admin sees what
 * that comes to. It goes nowhere. */
#ifndef PROXY_SMTP_SIGNING_SAMPLE_H
#define PROXY_SMTP_SIGNING_SAMPLE_H

#include "proxy/process/proxy.h"

/* Of nobody's words but the domain in From, which is checked, the time and a number that nobody can
 * guess. `told` is called once, from here or from the loop: reason NULL: that is the message with its
 * signatures; without any where the configuration has no key for it. A proxy that ends before says nothing. */
void signing_sample(struct proxy *proxy, uint32_t number, struct slice domain,
                    void (*told)(uint32_t number, const char *reason, struct slice message));

#endif
