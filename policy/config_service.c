/* SPDX-License-Identifier: ISC */
#include "policy/parser.h"

static const struct service_info services[] = {
    [SERVICE_SMTP] = {PROTOCOL_SMTP, .port = 25},
    [SERVICE_SMTPS] = {PROTOCOL_SMTP, .implicit_tls = true, .port = 465},
};

struct service_info service_info(enum service service)
{
    return services[service];
}
