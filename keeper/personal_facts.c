/* SPDX-License-Identifier: ISC */
#include "keeper/personal_internal.h"

static struct value veil_value(struct veil *veil, const struct type *type, struct value value);

static struct value *copies(struct veil *veil, size_t count)
{
    struct value *made = arena_array(veil->arena, count + 1, sizeof *made);
    veil->full |= !made;
    return made;
}

static struct value veil_list(struct veil *veil, const struct type *type, struct value value)
{
    struct value *items = copies(veil, value.list.count);
    for (size_t i = 0; items && i < value.list.count; i++)
        items[i] = veil_value(veil, type->element, value.list.items[i]);
    value.list.items = items;
    return value;
}

static struct value veil_fields(struct veil *veil, const struct record_type *type,
                                struct value value)
{
    struct value *fields = copies(veil, type->count);
    for (size_t i = 0; fields && i < type->count; i++)
        fields[i] = veil_value(veil, &type->fields[i].type, value.fields[i]);
    value.fields = fields;
    return value;
}

static struct value veil_ip(const struct veil *veil, const struct ip *ip)
{
    struct ip less = veil_client(veil, ip);
    return less.family ? value_ip(less) : value_absent();
}

static struct value veil_value(struct veil *veil, const struct type *type, struct value value)
{
    if (value.state != VALUE_KNOWN)
        return value;
    switch (type->kind) {
    case TYPE_ADDRESS:
        return value_text(veil_address(veil, value.text));
    case TYPE_TEXT:
        return value_text(veil_text(veil, value.text));
    case TYPE_DOMAIN:
        return value_text(veil_domain(veil, value.text));
    case TYPE_IP:
        return veil_ip(veil, &value.ip);
    case TYPE_LIST:
        return veil_list(veil, type, value);
    case TYPE_RECORD:
        return veil_fields(veil, type->record, value);
    default:
        return value;
    }
}

static struct value veil_name(struct veil *veil, struct value value)
{
    struct slice name = value.state == VALUE_KNOWN ? veil_machine(veil, value.text) : SLICE("");
    return value.state == VALUE_KNOWN && name.len == 0 ? value_absent()
           : value.state == VALUE_KNOWN                ? value_text(name)
                                                       : value;
}

/* Where links lead stays, but not to what there: it may be to what is somebody's own. */
static struct value veil_links(struct veil *veil, struct value value)
{
    struct value less = veil_value(veil, &fact_info(FACT_LINKS)->type, value);
    for (size_t i = 0; less.state == VALUE_KNOWN && less.list.items && i < less.list.count; i++) {
        struct value *fields = less.list.items[i].fields;
        if (fields)
            fields[link_url] = fields[link_path] = fields[link_text] = value_absent();
    }
    return less;
}

static struct value veil_fact(struct veil *veil, enum fact fact, struct value value)
{
    bool drops = veil->personal->how == PERSONAL_DROP;
    switch (fact) {
    case FACT_MESSAGE_SUBJECT:
    case FACT_MESSAGE_TEXT:
    case FACT_MESSAGE_FROM_NAME:
    case FACT_CLIENT_PORT:
        return value.state == VALUE_KNOWN ? value_absent() : value;
    case FACT_LINKS:
        return veil_links(veil, value);
    case FACT_MESSAGE_ID: /* looks like an address, and is none */
        return drops && value.state == VALUE_KNOWN ? value_absent() : value;
    case FACT_ACCOUNT_NAME:
    case FACT_LOGIN_USER: /* mostly an address, and nobody's name if it is none */
        return value.state == VALUE_KNOWN ? value_text(veil_address(veil, value.text)) : value;
    case FACT_CLIENT_PTR:
    case FACT_HELO:
        return veil_name(veil, value);
    case FACT_SPF_DOMAIN:
        return veil->null_sender ? veil_name(veil, value)
                                 : veil_value(veil, &fact_info(fact)->type, value);
    default:
        return veil_value(veil, &fact_info(fact)->type, value);
    }
}

const struct facts *veil_facts(struct veil *veil, const struct facts *facts)
{
    struct facts *made = facts ? arena_alloc(veil->arena, sizeof *made) : NULL;
    if (!facts)
        return NULL;
    veil->full |= !made;
    if (!made)
        return NULL;
    *made = *facts;
    for (int i = 0; i < FACT_COUNT; i++)
        made->fact[i] = veil_fact(veil, (enum fact)i, facts->fact[i]);
    return made;
}

/* Fields of a message tell of people in every way there is. */
const struct record_keyed *veil_keyed(struct veil *veil, const struct record_keyed *keyed,
                                      size_t count)
{
    struct record_keyed *made = arena_array(veil->arena, count + 1, sizeof *made);
    veil->full |= !made;
    for (size_t i = 0; made && i < count; i++) {
        made[i] = keyed[i];
        if (keyed[i].fact == FACT_HEADER && keyed[i].value.state == VALUE_KNOWN)
            made[i].value = value_absent();
    }
    return made;
}
