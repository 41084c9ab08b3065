/* SPDX-License-Identifier: ISC
 * What Gatepost itself has to deliver, given to this proxy by gatepost-release: handed to the server
 * behind as any message, and the keeper is told how that ended (common/errand.h). */
#ifndef PROXY_SMTP_ERRANDS_H
#define PROXY_SMTP_ERRANDS_H

#include "proxy/process/proxy.h"

struct errands;

/* Takes errands from `sock` (taken over), some at once. `over` is called when the last has ended
 * while none is taken any more. NULL: out of memory. */
struct errands *errands_new(struct proxy *proxy, int sock, void (*over)(struct proxy *proxy));

/* Takes no more. Whether some are under way: they end as they must. */
bool errands_drain(struct errands *errands);

/* The other end is another now (taken over). */
void errands_move(struct errands *errands, int sock);

#endif
