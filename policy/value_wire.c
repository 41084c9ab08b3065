/* SPDX-License-Identifier: ISC
 * value  = state octet [known: content]
 * BOOL 1 octet; NUMBER 8 (IEEE, host order: both ends are this machine); integers 8; text: 4 octets
 * of length, then bytes; IP 1 + 16; NETWORK 1 + 16 + 1; list: 4 octets of count, 1 of cut, members;
 * record: its fields. */
#include "policy/value.h"

#include <string.h>

enum { TEXT_MAX = 16 * 1024 * 1024 };

static bool put(struct buf *out, const void *data, size_t size)
{
    return buf_append(out, (struct slice){data, size});
}

static bool put_u8(struct buf *out, uint8_t octet)
{
    return put(out, &octet, 1);
}

static bool put_u32(struct buf *out, size_t number)
{
    uint32_t small = (uint32_t)number;
    return number <= UINT32_MAX && put(out, &small, sizeof small);
}

static bool take(struct slice *in, void *data, size_t size)
{
    if (in->len < size)
        return false;
    memcpy(data, in->ptr, size);
    *in = slice_from(*in, size);
    return true;
}

static bool encode_members(struct buf *out, const struct type *type, const struct list *list)
{
    if (!put_u32(out, list->count) || !put_u8(out, list->cut))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (!value_encode(out, type->element, &list->items[i]))
            return false;
    return true;
}

static bool encode_fields(struct buf *out, const struct record_type *record,
                          const struct value *fields)
{
    for (size_t i = 0; i < record->count; i++)
        if (!value_encode(out, &record->fields[i].type, &fields[i]))
            return false;
    return true;
}

bool value_encode(struct buf *out, const struct type *type, const struct value *value)
{
    if (!put_u8(out, (uint8_t)value->state))
        return false;
    if (value->state != VALUE_KNOWN)
        return true;
    switch (type->kind) {
    case TYPE_BOOL:
        return put_u8(out, value->truth);
    case TYPE_NUMBER:
        return put(out, &value->number, sizeof value->number);
    case TYPE_DURATION:
    case TYPE_SIZE:
    case TYPE_TIME:
    case TYPE_ENUM:
        return put(out, &value->integer, sizeof value->integer);
    case TYPE_IP:
        return put(out, &value->ip.family, 1) && put(out, value->ip.bytes, 16);
    case TYPE_NETWORK:
        return put(out, &value->network.base.family, 1) &&
               put(out, value->network.base.bytes, 16) && put(out, &value->network.length, 1);
    case TYPE_LIST:
        return encode_members(out, type, &value->list);
    case TYPE_RECORD:
        return encode_fields(out, type->record, value->fields);
    default:
        return value->text.len <= TEXT_MAX && put_u32(out, value->text.len) &&
               buf_append(out, value->text);
    }
}

static bool decode_bool(struct slice *in, bool *out)
{
    uint8_t octet;
    if (!take(in, &octet, 1) || octet > 1)
        return false;
    *out = octet;
    return true;
}

static bool decode_text(struct slice *in, struct slice *out)
{
    uint32_t length;
    if (!take(in, &length, sizeof length) || length > TEXT_MAX || length > in->len)
        return false;
    *out = slice_sub(*in, 0, length);
    *in = slice_from(*in, length);
    return true;
}

/* In the one form that equal addresses have: unused bytes are zero, mapped ones are v4. */
static bool decode_ip(struct slice *in, struct ip *out)
{
    static const uint8_t zero[12], mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (!take(in, &out->family, 1) || !take(in, out->bytes, 16))
        return false;
    if (out->family == 4)
        return memcmp(out->bytes + 4, zero, 12) == 0;
    return out->family == 6 && memcmp(out->bytes, mapped, 12) != 0;
}

static bool decode_network(struct slice *in, struct network *out)
{
    return decode_ip(in, &out->base) && take(in, &out->length, 1) &&
           out->length <= (out->base.family == 4 ? 32 : 128);
}

static bool decode_number(struct slice *in, double *out)
{
    return take(in, out, sizeof *out) && *out == *out;
}

static bool decode_integer(struct slice *in, const struct type *type, int64_t *out)
{
    if (!take(in, out, sizeof *out))
        return false;
    return type->kind != TYPE_ENUM || (*out >= 0 && (uint64_t)*out < type->words->count);
}

/* A member takes at least one octet, so the count cannot make us reserve more than the input's
 * length times a value. */
static bool decode_members(struct slice *in, const struct type *type, struct arena *arena,
                           struct list *out)
{
    uint32_t count;
    if (!take(in, &count, sizeof count) || !decode_bool(in, &out->cut) || count > in->len)
        return false;
    out->count = count;
    out->items = count ? arena_array(arena, count, sizeof *out->items) : NULL;
    if (count && !out->items)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!value_decode(in, type->element, arena, &out->items[i]))
            return false;
    return true;
}

static bool decode_fields(struct slice *in, const struct record_type *record, struct arena *arena,
                          struct value **out)
{
    struct value *fields = arena_array(arena, record->count, sizeof *fields);
    if (!fields)
        return false;
    *out = fields;
    for (size_t i = 0; i < record->count; i++)
        if (!value_decode(in, &record->fields[i].type, arena, &fields[i]))
            return false;
    return true;
}

bool value_decode(struct slice *in, const struct type *type, struct arena *arena,
                  struct value *value)
{
    uint8_t state;
    *value = (struct value){0};
    if (!take(in, &state, 1) || state > VALUE_KNOWN)
        return false;
    value->state = (enum value_state)state;
    if (state != VALUE_KNOWN)
        return true;
    switch (type->kind) {
    case TYPE_BOOL:
        return decode_bool(in, &value->truth);
    case TYPE_NUMBER:
        return decode_number(in, &value->number);
    case TYPE_DURATION:
    case TYPE_SIZE:
    case TYPE_TIME:
    case TYPE_ENUM:
        return decode_integer(in, type, &value->integer);
    case TYPE_IP:
        return decode_ip(in, &value->ip);
    case TYPE_NETWORK:
        return decode_network(in, &value->network);
    case TYPE_LIST:
        return decode_members(in, type, arena, &value->list);
    case TYPE_RECORD:
        return decode_fields(in, type->record, arena, &value->fields);
    default:
        return decode_text(in, &value->text);
    }
}
