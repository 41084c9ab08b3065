/* SPDX-License-Identifier: ISC
 * When a certificate ends. */
#ifndef PARENT_PARENT_CERTIFICATE_H
#define PARENT_PARENT_CERTIFICATE_H

#include "base/slice.h"

/* The first of a chain in PEM: seconds since 1970; 0: it cannot be read. */
int64_t certificate_expires(struct slice chain);

#endif
