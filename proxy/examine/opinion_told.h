/* SPDX-License-Identifier: ISC
 * What somebody says of a message, told to Redis at once, for messages that come (campaign.seen,
 * reported.by_recipient): whatever is learnt of it later. */
#ifndef PROXY_EXAMINE_OPINION_TOLD_H
#define PROXY_EXAMINE_OPINION_TOLD_H

#include "common/learning.h"
#include "proxy/process/proxy.h"

struct campaign_sketch;
struct scan_answer;

/* Whether a rule asks what people say, so that messages that they speak of need a sketch and an author. */
bool opinion_is_asked(const struct proxy *proxy);

/* The address of From; empty: there is none, or it was not asked for. */
struct slice opinion_author(const struct scan_answer *answer);

/* `author`: the address of From; empty: there is none. Nothing where nobody asks, or there is no sketch.
 * `arena`: for a moment. */
void opinion_tell(const struct proxy *proxy, struct arena *arena, const struct label *label,
                  const struct campaign_sketch *sketch, struct slice author);

#endif
