/* SPDX-License-Identifier: ISC
 * The journal has a message once, with each recipient whose verdict says so. */
#include "proxy/smtp/smtp_aside.h"
#include "proxy/smtp/smtp_hold.h"

static bool is_for_journal(const struct recipient *r)
{
    return smtp_is_kept_for(r) && r->verdict.journal;
}

bool smtp_journal_wanted(const struct smtp_session *s)
{
    for (size_t i = 0; i < s->t->recipient_count; i++)
        if (is_for_journal(&s->t->recipients[i]))
            return true;
    return false;
}

static struct hold_recipient entry_for(const struct smtp_session *s, const struct recipient *r)
{
    int64_t age = s->base.proxy->config->settings.journal_age;
    return (struct hold_recipient){.address = r->path.address,
                                   .domain = r->path.name.text,
                                   .why = SLICE("journal"),
                                   .rule = smtp_rule(s, &r->verdict),
                                   .age = (uint64_t)age / 1000};
}

bool smtp_journal_tell(struct smtp_session *s, struct hold_request *request)
{
    const struct transaction *t = s->t;
    struct hold_recipient *all = arena_array(s->mail, t->recipient_count, sizeof *all);
    for (size_t i = 0; all && i < t->recipient_count; i++)
        if (is_for_journal(&t->recipients[i]))
            all[request->recipient_count++] = entry_for(s, &t->recipients[i]);
    request->recipients = all;
    return all != NULL;
}
