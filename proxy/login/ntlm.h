/* SPDX-License-Identifier: ISC
 * Who logs in by NTLM ([MS-NLMP]): nothing else of it is read. */
#ifndef PROXY_LOGIN_NTLM_H
#define PROXY_LOGIN_NTLM_H

#include "base/slice.h"

/* The client's first message (2.2.1.1). */
bool ntlm_is_negotiate(struct slice message);

/* The user of an AUTHENTICATE_MESSAGE (2.2.1.3) in UTF-8, as "DOMAIN\user", or as it is without a
 * domain; in `room`. False: it is none, points out of itself, or does not fit. */
bool ntlm_user(struct slice message, char *room, size_t size, struct slice *out);

#endif
