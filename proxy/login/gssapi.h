/* SPDX-License-Identifier: ISC
 * What layer a client of GSSAPI wants to speak through (RFC 4752 3.1): its last message says so, and
 * is wrapped so that it can be read. */
#ifndef PROXY_LOGIN_GSSAPI_H
#define PROXY_LOGIN_GSSAPI_H

#include "base/slice.h"

/* It is that message, and wants a layer, or hides what it wants. */
bool gssapi_wants_layer(struct slice message);

#endif
