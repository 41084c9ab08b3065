/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_owned.h"

#include "policy/pairs.h"
#include "proxy/smtp/smtp_login.h"

/* "ann, joe@example.com": by the names that they log in with, or their addresses. */
static bool lists(struct slice users, const struct submitter *who)
{
    struct slice user;
    while (users.len) {
        slice_cut(users, ',', &user, &users);
        user = slice_trim(user);
        if (user.len &&
            (slice_ieq(user, slice_of(who->user)) || slice_ieq(user, slice_of(who->address))))
            return true;
    }
    return false;
}

/* A mechanism may tell nobody but the server who he is. */
static bool is_named(const struct smtp_session *s)
{
    return s->submitter && *s->submitter->address;
}

static bool owns(const struct smtp_session *s, struct slice address)
{
    const struct table *senders = s->base.listener->senders;
    if (address.len == 0 || slice_ieq(address, slice_of(s->submitter->address)))
        return address.len > 0;
    struct value users = senders ? pairs_look_up(senders, address, false) : value_absent();
    return users.state == VALUE_KNOWN && lists(users.text, s->submitter);
}

void smtp_owned_sender(struct smtp_session *s)
{
    struct slice sender = s->t->sender.spelled;
    s->t->message.facts.fact[FACT_LOGIN_OWNS_SENDER] =
        is_named(s) && s->t->sender.address.len ? value_bool(owns(s, sender)) : value_absent();
}

static struct value owns_all(const struct smtp_session *s, const struct value *authors)
{
    bool all = authors->list.count > 0 && !authors->list.cut;
    if (authors->state != VALUE_KNOWN)
        return *authors;
    for (size_t i = 0; all && i < authors->list.count; i++)
        all = owns(s, authors->list.items[i].text);
    return value_bool(all);
}

void smtp_owned_author(struct smtp_session *s)
{
    struct value *fact = s->t->message.facts.fact;
    if (s->submitter && smtp_wants(s)[PRODUCER_LOGIN_AUTHOR])
        fact[FACT_LOGIN_OWNS_FROM] =
            is_named(s) ? owns_all(s, &fact[FACT_MESSAGE_FROM_ALL]) : value_absent();
}
