/* SPDX-License-Identifier: ISC
 * What the keeper knows, as metrics (common/metrics.h). */
#ifndef KEEPER_METRICS_H
#define KEEPER_METRICS_H

#include "keeper/history.h"
#include "keeper/quarantine.h"
#include "keeper/sharing.h"

/* Appends them. `history` NULL: none is kept; so `quarantine`. */
void metrics_of_keeper(struct history *history, struct quarantine *quarantine, struct buf *out);
/* Those of what gateways share. */
void metrics_of_sharing(const struct sharing_status *status, struct buf *out);

#endif
