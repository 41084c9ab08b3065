/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_dns.h"

#include "console/command.h"
#include "filters/dns/inquiry.h"

static void heard(void *ctx)
{
    struct dkim_dns *dns = ctx;
    event_base_loopbreak(dns->base);
}

void dkim_dns_ask(struct dkim_dns *dns, const struct dns_wanted *wanted)
{
    struct inquiry inquiry;
    inquiry_begin(&inquiry, dns->resolver, dns->arena, dns->answers, heard, dns);
    if (inquiry_ask(&inquiry, wanted, 1) > 0)
        event_base_dispatch(dns->base);
    inquiry_cancel(&inquiry);
}

void dkim_dns_look_up(struct dkim_dns *dns, struct slice name, struct dns_answer *answer)
{
    *answer = (struct dns_answer){.status = DNS_FAILED};
    dkim_dns_ask(dns, &(struct dns_wanted){.name = name, .type = DNS_TXT});
    dns_answers_restart(dns->answers);
    dns_look_up(dns->answers, name, DNS_TXT, answer);
}

bool dkim_dns_begin(struct dkim_dns *dns, const struct dkim_options *options, struct config *config,
                    struct arena *arena)
{
    static struct name_server only;
    const char *reason = "out of memory";
    *dns = (struct dkim_dns){arena, event_base_new(), NULL, dns_answers_new(arena)};
    if (options->resolver.port) {
        only = options->resolver;
        config->name_servers = &only;
        config->name_server_count = 1;
    }
    if (dns->base && dns->answers)
        dns->resolver = resolver_new(dns->base, config, &reason);
    return dns->resolver || (command_error("resolver", reason), false);
}

void dkim_dns_end(struct dkim_dns *dns)
{
    if (dns->resolver)
        resolver_free(&dns->resolver);
    if (dns->base)
        event_base_free(dns->base);
}
