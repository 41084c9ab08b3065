/* SPDX-License-Identifier: ISC
 * Which of IMAP's capabilities a server behind may show to a client: what the gateway does not look
 * into is neither offered nor taken. */
#ifndef COMMON_IMAP_CAPABILITIES_H
#define COMMON_IMAP_CAPABILITIES_H

#include "base/slice.h"

/* The next of those that stand in "CAPABILITY ..." without that word; *list goes on behind it.
 * False: there is none. */
bool imap_capability(struct slice *list, struct slice *out);

/* Whether it is one that we relay: an allow-list. AUTH= and STARTTLS are none. */
bool imap_is_relayed_capability(struct slice capability);

#endif
