/* SPDX-License-Identifier: ISC
 * What a record has of people, before less is made of it: texts repeat it. */
#include "keeper/personal_internal.h"
#include "policy/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECRET_LEAST = 3 /* octets: less is nobody's name */ };

/* ---- addresses ---- */

static int compare_addresses(const void *a, const void *b)
{
    const struct slice *one = a, *other = b;
    size_t len = one->len < other->len ? one->len : other->len;
    for (size_t i = 0; i < len; i++) {
        int difference =
            (unsigned char)ascii_lower(one->ptr[i]) - (unsigned char)ascii_lower(other->ptr[i]);
        if (difference)
            return difference;
    }
    return (one->len > other->len) - (one->len < other->len);
}

static void learn_addresses(struct veil *veil, const struct record *r)
{
    struct slice *all = arena_array(veil->arena, r->recipient_count + 2, sizeof *all);
    veil->full |= !all;
    if (!all)
        return;
    all[0] = r->from;
    all[1] = r->author;
    for (size_t i = 0; i < r->recipient_count; i++)
        all[2 + i] = r->recipients[i].address;
    veil->addresses = all;
    veil->address_count = r->recipient_count + 2;
    qsort(all, veil->address_count, sizeof *all, compare_addresses);
}

bool veil_has_address(const struct veil *veil, struct slice text)
{
    return veil->address_count &&
           bsearch(&text, veil->addresses, veil->address_count, sizeof text, compare_addresses);
}

/* ---- the client ---- */

static void learn_form(struct veil *veil, struct slice from, struct slice to)
{
    veil->full |= !from.ptr || !to.ptr;
    if (from.ptr && to.ptr && from.len && veil->form_count < VEIL_FORMS)
        veil->forms[veil->form_count++] = (struct veil_form){from, to};
}

/* Its address as people write it, and as the DNS asks for it and providers name it. */
static struct slice reversed(struct veil *veil, const struct ip *ip, char separator)
{
    const unsigned char *b = ip->bytes;
    char text[64];
    size_t len = 0;
    if (ip->family == 4)
        return arena_printf(veil->arena, "%u%c%u%c%u%c%u", b[3], separator, b[2], separator, b[1],
                            separator, b[0]);
    for (int i = 15; i >= 0; i--)
        len += (size_t)snprintf(text + len, sizeof text - len, "%x%c%x%c", b[i] & 15, separator,
                                b[i] >> 4, separator);
    return arena_copy(veil->arena, (struct slice){text, len - 1});
}

static struct slice written(struct veil *veil, const struct ip *ip, char separator)
{
    const unsigned char *b = ip->bytes;
    char text[46];
    if (ip->family == 4)
        return arena_printf(veil->arena, "%u%c%u%c%u%c%u", b[0], separator, b[1], separator, b[2],
                            separator, b[3]);
    ip_text(ip, text);
    return arena_copy(veil->arena, slice_of(text));
}

static void learn_client(struct veil *veil, const struct ip *client)
{
    static const struct slice nothing = {"", 0};
    struct ip network = veil_client(veil, client);
    veil->client = *client;
    if (client->family == 0)
        return;
    veil->network = network.family ? written(veil, &network, '.') : nothing;
    for (const char *s = ".-"; *s; s++) {
        learn_form(veil, written(veil, client, *s),
                   network.family ? written(veil, &network, *s) : nothing);
        learn_form(veil, reversed(veil, client, *s),
                   network.family ? reversed(veil, &network, *s) : nothing);
    }
}

/* Texts have many words like "mail", and few like "johns-pc". */
static bool is_word(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (ascii_lower(name.ptr[i]) < 'a' || ascii_lower(name.ptr[i]) > 'z')
            return false;
    return true;
}

static void learn_name(struct veil *veil, struct slice name)
{
    if (!is_word(name) && veil->name_count < VEIL_NAMES)
        veil->names[veil->name_count++] = (struct veil_form){name, veil_machine(veil, name)};
}

struct slice veil_domain(const struct veil *veil, struct slice domain)
{
    for (size_t i = 0; i < veil->name_count; i++)
        if (slice_ieq(veil->names[i].from, domain))
            return veil->names[i].to;
    return domain;
}

/* ---- subjects, names, fields ---- */

/* Of an address alone its domain stays. */
static bool is_address(struct slice text)
{
    bool has = false;
    for (size_t i = 0; i < text.len; i++) {
        has = has || text.ptr[i] == '@';
        if (text.ptr[i] == ' ' || text.ptr[i] == '"')
            return false;
    }
    return has;
}

static bool is_known(const struct veil *veil, struct slice text)
{
    for (size_t i = 0; i < veil->secret_count; i++)
        if (slice_eq(veil->secrets[i], text))
            return true;
    return false;
}

/* In one of the ways in which it stands in texts, where the addresses in it have become less. */
static void learn_form_of(struct veil *veil, struct slice text)
{
    struct slice form = veil_text(veil, text);
    if (form.len >= SECRET_LEAST && veil->secret_count < VEIL_SECRETS && !is_known(veil, form))
        veil->secrets[veil->secret_count++] = form;
}

static struct slice cleaned(struct veil *veil, struct slice text, bool ascii)
{
    struct buf out = buf_init(TEXT_VALUE_MAX + 1);
    text_clean(&out, text, ascii);
    struct slice form = arena_copy(veil->arena, buf_slice(&out));
    veil->full |= !form.ptr;
    buf_release(&out);
    return form.ptr ? form : SLICE("");
}

/* As it is, in a header field, and in a reply. */
static void learn_secret(struct veil *veil, const struct value *value)
{
    if (value->state != VALUE_KNOWN || is_address(value->text))
        return;
    struct slice field = cleaned(veil, value->text, false);
    learn_form_of(veil, value->text);
    learn_form_of(veil, field);
    learn_form_of(veil, cleaned(veil, field, true));
}

static void learn_secrets(struct veil *veil, const struct record *r)
{
    const struct value subject = value_text(r->subject);
    learn_secret(veil, &subject);
    if (r->facts) {
        learn_secret(veil, &r->facts->fact[FACT_MESSAGE_SUBJECT]);
        learn_secret(veil, &r->facts->fact[FACT_MESSAGE_FROM_NAME]);
    }
    for (size_t i = 0; i < r->keyed_count; i++) {
        const struct value *value = &r->keyed[i].value;
        if (r->keyed[i].fact != FACT_HEADER || value->state != VALUE_KNOWN)
            continue;
        for (size_t k = 0; k < value->list.count; k++)
            learn_secret(veil, &value->list.items[k]);
    }
}

void veil_learn(struct veil *veil, const struct record *r)
{
    learn_addresses(veil, r);
    learn_client(veil, &r->client);
    learn_name(veil, r->helo);
    if (r->facts && r->facts->fact[FACT_CLIENT_PTR].state == VALUE_KNOWN)
        learn_name(veil, r->facts->fact[FACT_CLIENT_PTR].text);
    learn_secrets(veil, r);
}
