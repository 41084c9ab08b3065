/* SPDX-License-Identifier: ISC
 * How a gateway finds out that a server behind is the gateway itself, by whatever address and
 * through whatever stands between: to clients who call themselves by its own name it shows a word in
 * its answer to EHLO that only its own processes can know. */
#ifndef PROXY_SMTP_OWN_MARK_H
#define PROXY_SMTP_OWN_MARK_H

#include "base/slice.h"
#include "common/shared.h"

enum { OWN_MARK_MAX = 48 };

/* A keyword of EHLO, the same in all proxies of a parent, in `out`. */
struct slice own_mark(const struct shared *shared, char out[static OWN_MARK_MAX]);

#endif
