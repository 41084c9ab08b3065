/* SPDX-License-Identifier: ISC
 * What was found out about the sender, written for those behind: Authentication-Results (RFC 8601)
 * and Received-SPF (RFC 7208 9.1). Only what the rules had found out. */
#include "proxy/smtp/smtp_results.h"

#include "base/buf.h"
#include "filters/sender/auth_results.h"
#include "filters/sender/spf.h"
#include "policy/types.h"

enum { RESULTS_MAX = 16 * 1024, METHODS_MAX = 16, PROPERTIES_MAX = 4, SIGNATURES_TOLD = 10 };

struct methods {
    struct auth_method items[METHODS_MAX];
    struct auth_property properties[METHODS_MAX][PROPERTIES_MAX];
    size_t count;
};

static const struct value *fact(const struct smtp_session *s, enum fact id)
{
    return &s->t->message.facts.fact[id];
}

static struct slice text_of(const struct value *value)
{
    return value->state == VALUE_KNOWN ? value->text : SLICE("");
}

static bool known(const struct smtp_session *s, enum fact id)
{
    return fact(s, id)->state == VALUE_KNOWN;
}

static const char *word_of(const struct smtp_session *s, enum fact id)
{
    return fact_info(id)->type.words->words[fact(s, id)->integer];
}

/* Another method; NULL when there is no room. Its properties are set with `with`. */
static struct auth_method *add(struct methods *all, const char *method, const char *result)
{
    if (all->count == METHODS_MAX)
        return NULL;
    struct auth_method *one = &all->items[all->count];
    *one = (struct auth_method){
        .method = method, .result = result, .properties = all->properties[all->count]};
    all->count++;
    return one;
}

static void with(struct methods *all, const char *name, struct slice value, enum auth_value kind)
{
    struct auth_method *one = &all->items[all->count - 1];
    all->properties[all->count - 1][one->property_count++] =
        (struct auth_property){.name = name, .value = value, .kind = kind};
}

static void spf(const struct smtp_session *s, struct methods *all)
{
    if (!known(s, FACT_SPF_RESULT) || !add(all, "spf", word_of(s, FACT_SPF_RESULT)))
        return;
    bool helo = known(s, FACT_SPF_IDENTITY) && fact(s, FACT_SPF_IDENTITY)->integer == SPF_HELO;
    if (helo)
        with(all, "smtp.helo", s->helo, AUTH_DOMAIN);
    else
        with(all, "smtp.mailfrom", s->t->sender.spelled, AUTH_ADDRESS);
}

static void dkim(const struct smtp_session *s, struct methods *all)
{
    const struct value *list = fact(s, FACT_DKIM);
    if (list->state != VALUE_KNOWN)
        return;
    if (list->list.count == 0)
        add(all, "dkim", "none");
    for (size_t i = 0; i < list->list.count && i < SIGNATURES_TOLD; i++) {
        const struct value *field = list->list.items[i].fields;
        const struct enum_type *words =
            record_types[RECORD_signature].fields[signature_result].type.words;
        if (field[signature_result].state != VALUE_KNOWN ||
            !add(all, "dkim", words->words[field[signature_result].integer]))
            continue;
        with(all, "header.d", text_of(&field[signature_domain]), AUTH_DOMAIN);
        with(all, "header.s", text_of(&field[signature_selector]), AUTH_DOMAIN);
        with(all, "header.a", text_of(&field[signature_algorithm]), AUTH_WORD);
    }
}

static void dmarc(const struct smtp_session *s, struct methods *all)
{
    if (!known(s, FACT_DMARC_RESULT) || !add(all, "dmarc", word_of(s, FACT_DMARC_RESULT)))
        return;
    with(all, "header.from", text_of(fact(s, FACT_DMARC_DOMAIN)), AUTH_DOMAIN);
    if (known(s, FACT_DMARC_PUBLISHED))
        with(all, "policy.published", slice_of(word_of(s, FACT_DMARC_PUBLISHED)), AUTH_WORD);
}

static void arc(const struct smtp_session *s, struct methods *all)
{
    if (!known(s, FACT_ARC_RESULT) || !add(all, "arc", word_of(s, FACT_ARC_RESULT)))
        return;
    const struct value *sealers = fact(s, FACT_ARC_SEALERS);
    if (sealers->state == VALUE_KNOWN && sealers->list.count)
        with(all, "header.oldest-pass",
             known(s, FACT_ARC_OLDEST_PASS)
                 ? arena_printf(s->mail, "%.0f", fact(s, FACT_ARC_OLDEST_PASS)->number)
                 : SLICE(""),
             AUTH_WORD);
}

/* RFC 8601 2.7.3: an address without a name is no failure of the name. */
static void iprev(const struct smtp_session *s, struct methods *all)
{
    bool nameless = fact(s, FACT_CLIENT_PTR)->state == VALUE_ABSENT;
    const char *failure = nameless ? "permerror" : "fail";
    if (!known(s, FACT_CLIENT_FCRDNS) ||
        !add(all, "iprev", fact(s, FACT_CLIENT_FCRDNS)->truth ? "pass" : failure))
        return;
    char address[46];
    ip_text(&s->base.client, address);
    with(all, "policy.iprev", arena_copy(s->mail, slice_of(address)), AUTH_WORD);
}

/* RFC 7208 9.1. */
static void received_spf(struct smtp_session *s, struct buf *out)
{
    char address[46];
    ip_text(&s->base.client, address);
    bool helo = known(s, FACT_SPF_IDENTITY) && fact(s, FACT_SPF_IDENTITY)->integer == SPF_HELO;
    const struct auth_property properties[] = {
        {"identity", helo ? SLICE("helo") : SLICE("mailfrom"), AUTH_WORD},
        {"client-ip", slice_of(address), AUTH_WORD},
        {"helo", s->helo, AUTH_DOMAIN},
        {"envelope-from", s->t->sender.spelled, AUTH_ADDRESS},
        {"mechanism", text_of(fact(s, FACT_SPF_MECHANISM)), AUTH_WORD},
        {"problem", text_of(fact(s, FACT_SPF_PROBLEM)), AUTH_WORD},
    };
    received_spf_render(out, smtp_authserv_id(s), word_of(s, FACT_SPF_RESULT), properties,
                        sizeof properties / sizeof *properties);
}

struct slice smtp_authserv_id(const struct smtp_session *s)
{
    struct slice id = s->base.proxy->config->settings.authentication_id;
    return id.len ? id : s->base.proxy->config->hostname;
}

static bool found_out(const struct smtp_session *s)
{
    const bool *wants = s->base.proxy->wants;
    return wants[PRODUCER_SPF] || wants[PRODUCER_AUTHENTICATION] || wants[PRODUCER_CLIENT];
}

struct slice smtp_results(struct smtp_session *s)
{
    if (!found_out(s) || s->base.listener->direction != DIRECTION_INBOUND)
        return SLICE("");
    struct methods all = {.count = 0};
    struct buf out = buf_init(RESULTS_MAX);
    iprev(s, &all);
    spf(s, &all);
    dkim(s, &all);
    dmarc(s, &all);
    arc(s, &all);
    if (all.count)
        auth_results_render(&out, smtp_authserv_id(s), all.items, all.count);
    if (s->base.proxy->config->settings.authentication_received_spf && known(s, FACT_SPF_RESULT))
        received_spf(s, &out);
    struct slice text = out.failed ? (struct slice){NULL, 0} : arena_copy(s->mail, buf_slice(&out));
    if (!out.failed && buf_len(&out) == 0)
        text = SLICE("");
    buf_release(&out);
    return text;
}
