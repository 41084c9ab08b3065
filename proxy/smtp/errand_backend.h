/* SPDX-License-Identifier: ISC
 * Where what Gatepost itself delivers goes. */
#ifndef PROXY_SMTP_ERRAND_BACKEND_H
#define PROXY_SMTP_ERRAND_BACKEND_H

#include "common/errand.h"
#include "common/hold.h"
#include "proxy/upstream/upstream_way.h"

/* Where its client wanted to go has led to, the relay by which it would have left, or the server behind the recipient's domain. NULL with *why,
 * in the arena: it is configured no more, and may be again. */
const struct backend *errand_backend(const struct config *config, struct arena *arena,
                                     const struct errand *errand, const struct hold_request *held,
                                     struct slice *why);

/* Who it is delivered for: where he wanted to go; he has gone. */
struct upstream_client errand_client(const struct hold_request *held);

#endif
