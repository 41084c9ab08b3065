/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_batv.h"

#include "base/clock.h"
#include "filters/mime/headers.h"

static bool is_ours(const struct proxy *proxy, struct arena *arena, struct slice address,
                    struct domain_name *domain)
{
    struct slice text = slice_from(address, slice_rfind(address, '@') + 1);
    return !domain_name_make(arena, text, domain) && config_domain(proxy->config, *domain);
}

struct slice smtp_batv_sender(const struct proxy *proxy, struct arena *arena, struct slice sender,
                              struct slice message)
{
    struct header list;
    struct domain_name domain;
    if (proxy->batv.count == 0 || sender.len == 0 || !is_ours(proxy, arena, sender, &domain) ||
        headers_find(headers_block(message, NULL), SLICE("List-Id"), 0, &list))
        return sender;
    return batv_tagged(&proxy->batv, arena, sender, domain.text, clock_wall());
}

struct slice smtp_batv_sender_of(struct smtp_session *s)
{
    bool leaves = s->base.listener->direction == DIRECTION_OUTBOUND;
    return leaves ? smtp_batv_sender(s->base.proxy, s->mail, s->t->sender.address,
                                     spool_bytes(s->t->message.spool))
                  : s->t->sender.address;
}

bool smtp_batv_recipient(struct smtp_session *s, struct smtp_path *path, bool *bore_tag)
{
    const struct proxy *proxy = s->base.proxy;
    struct value *fact = &s->t->message.facts.fact[FACT_BOUNCE_TAG];
    *fact = value_absent();
    *bore_tag = false;
    if (proxy->batv.count == 0 || s->base.listener->relay ||
        !config_domain(proxy->config, path->name))
        return true;
    struct slice local = path->local;
    enum bounce_tag tag = batv_read(&proxy->batv, &local, path->name.text, clock_wall());
    bool telling = tag != BOUNCE_TAG_NONE || batv_can_bear(local);
    if (s->t->sender.address.len == 0 && telling)
        *fact = value_integer((int64_t)tag);
    if (tag == BOUNCE_TAG_NONE)
        return true;
    path->local = local;
    *bore_tag = true;
    return smtp_path_keep(s->rcpt, path->domain, path);
}
