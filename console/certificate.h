/* SPDX-License-Identifier: ISC
 * What is to be said of a certificate that a server shows. */
#ifndef CONSOLE_CERTIFICATE_H
#define CONSOLE_CERTIFICATE_H

#include "base/arena.h"

#include <openssl/x509.h>

enum { CERTIFICATE_SOON_DAYS = 14 };

/* The names that it is for, ", " in between. */
struct slice certificate_names(struct arena *arena, X509 *certificate);

/* Why who verifies would not take it as this name's; empty: he would. `verified` is what OpenSSL
 * said of its chain, by the authorities in `ca_file`; without a name any will do. */
struct slice certificate_flaw(struct arena *arena, X509 *certificate, long verified,
                              struct slice name, struct slice ca_file);

/* Days until it ends; below 0: it has ended. */
int certificate_days(const X509 *certificate);

#endif
