/* SPDX-License-Identifier: ISC
 * The Received fields that this gateway has put on a message (proxy/smtp/trace.h writes them), found
 * again. Anybody may forge one. */
#ifndef PROXY_SESSION_OWN_RECEIVED_H
#define PROXY_SESSION_OWN_RECEIVED_H

#include "base/slice.h"

/* Whether it says "by HOSTNAME (Gatepost)". */
bool received_is_own(struct slice value, struct slice hostname);

/* The reference in the topmost of ours, as it came in last; empty: there is none. */
struct slice received_reference(struct slice header, struct slice hostname);

#endif
