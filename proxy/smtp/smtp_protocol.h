/* SPDX-License-Identifier: ISC
 * SMTP, as the engine sees it. */
#ifndef PROXY_SMTP_SMTP_PROTOCOL_H
#define PROXY_SMTP_SMTP_PROTOCOL_H

#include "proxy/session/protocol.h"

extern const struct mail_protocol smtp_protocol;

#endif
