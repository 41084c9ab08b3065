/* SPDX-License-Identifier: ISC */
#include "policy/parser.h"

static const struct service_info services[] = {
    [SERVICE_SMTP] = {"smtp", PROTOCOL_SMTP, .port = 25},
    [SERVICE_SMTPS] = {"smtps", PROTOCOL_SMTP, .implicit_tls = true, .port = 465},
    [SERVICE_SUBMISSION] = {"submission", PROTOCOL_SMTP, .submission = true, .port = 587},
    [SERVICE_SUBMISSIONS] = {"submissions", PROTOCOL_SMTP, .implicit_tls = true, .submission = true,
                             .port = 465},
    [SERVICE_POP3] = {"pop3", PROTOCOL_POP3, .port = 110},
    [SERVICE_POP3S] = {"pop3s", PROTOCOL_POP3, .implicit_tls = true, .port = 995},
    [SERVICE_IMAP] = {"imap", PROTOCOL_IMAP, .port = 143},
    [SERVICE_IMAPS] = {"imaps", PROTOCOL_IMAP, .implicit_tls = true, .port = 993},
    [SERVICE_LMTP] = {"lmtp", PROTOCOL_SMTP, .lmtp = true, .port = 24},
    [SERVICE_MILTER] = {"milter", PROTOCOL_MILTER, .port = 8891},
};

struct service_info service_info(enum service service)
{
    return services[service];
}

bool protocol_reads(enum protocol protocol)
{
    return protocol == PROTOCOL_POP3 || protocol == PROTOCOL_IMAP;
}
