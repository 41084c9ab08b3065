/* SPDX-License-Identifier: ISC
 * IMAP (RFC 3501), as the engine sees it. */
#ifndef PROXY_IMAP_IMAP_PROTOCOL_H
#define PROXY_IMAP_IMAP_PROTOCOL_H

#include "proxy/session/protocol.h"

extern const struct mail_protocol imap_protocol;

#endif
