/* SPDX-License-Identifier: ISC
 * POP3, as the engine needs it (proxy/session/protocol.h). */
#ifndef PROXY_POP3_POP3_PROTOCOL_H
#define PROXY_POP3_POP3_PROTOCOL_H

#include "proxy/session/protocol.h"

extern const struct mail_protocol pop3_protocol;

#endif
