/* SPDX-License-Identifier: ISC
 * What somebody says of a message, on its way to the keeper: a scanner makes the message's vector
 * beside whatever else happens, and nobody waits for it. */
#ifndef PROXY_EXAMINE_LABELLING_H
#define PROXY_EXAMINE_LABELLING_H

#include "common/learning.h"
#include "proxy/process/proxy.h"

enum { LABELLING_MOST = 64 /* that wait in a proxy, or are with a scanner: one at a time */ };

struct labelling;

/* Whether labels are taken at all. */
bool labelling_wanted(const struct proxy *proxy);

/* Gives the message to a scanner. Of `label` all is copied but the vector. NULL: there is no room for
 * it now, and the label is lost, as one may be. The caller's, until one of the next two. */
struct labelling *labelling_begin(struct proxy *proxy, struct slice message,
                                  const struct label *label);

/* It is so: the keeper is told once the vector is there. */
void labelling_say(struct labelling *labelling);
/* It is not. NULL is fine. */
void labelling_drop(struct labelling *labelling);

#endif
