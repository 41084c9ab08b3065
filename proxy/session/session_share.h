/* SPDX-License-Identifier: ISC
 * Whose a session is, and what its networks may have of what all use (common/shares.h). */
#ifndef PROXY_SESSION_SESSION_SHARE_H
#define PROXY_SESSION_SESSION_SHARE_H

#include "proxy/process/proxy.h"

/* The claim of a client who comes in at that listener. */
struct session_claim session_claim(const struct proxy *proxy, const struct listener *listener,
                                   const struct ip *client);

/* Whether it is the address of a server behind. */
bool session_is_of_backend(const struct config *config, const struct ip *ip);

#endif
