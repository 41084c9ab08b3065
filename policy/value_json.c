/* SPDX-License-Identifier: ISC */
#include "policy/value.h"

#include "base/json.h"

static void record_json(struct buf *out, const struct record_type *record,
                        const struct value *value)
{
    buf_char(out, '{');
    for (size_t i = 0; i < record->count; i++) {
        json_key(out, slice_of(record->fields[i].name));
        value_json(out, &record->fields[i].type, &value->fields[i]);
    }
    buf_char(out, '}');
}

static void list_json(struct buf *out, const struct type *element, const struct list *list)
{
    buf_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        json_item(out);
        value_json(out, element, &list->items[i]);
    }
    buf_char(out, ']');
}

static void enum_json(struct buf *out, const struct enum_type *words, int64_t index)
{
    bool valid = index >= 0 && (uint64_t)index < words->count;
    json_text(out, valid ? slice_of(words->words[index]) : SLICE("unknown"));
}

static void known_json(struct buf *out, const struct type *type, const struct value *value)
{
    char text[64];
    switch (type->kind) {
    case TYPE_BOOL:
        buf_cstr(out, value->truth ? "true" : "false");
        return;
    case TYPE_NUMBER:
        json_number(out, value->number);
        return;
    case TYPE_IP:
        ip_text(&value->ip, text);
        json_text(out, slice_of(text));
        return;
    case TYPE_NETWORK:
        ip_text(&value->network.base, text);
        buf_printf(out, "\"%s/%u\"", text, value->network.length);
        return;
    case TYPE_DURATION:
    case TYPE_SIZE:
    case TYPE_TIME:
        buf_printf(out, "%lld", (long long)value->integer);
        return;
    case TYPE_ENUM:
        enum_json(out, type->words, value->integer);
        return;
    case TYPE_LIST:
        list_json(out, type->element, &value->list);
        return;
    case TYPE_RECORD:
        record_json(out, type->record, value);
        return;
    default:
        json_text(out, value->text);
    }
}

bool value_json(struct buf *out, const struct type *type, const struct value *value)
{
    if (value->state == VALUE_KNOWN)
        known_json(out, type, value);
    else if (value->state == VALUE_ABSENT)
        buf_cstr(out, "null");
    else
        buf_cstr(out, value->state == VALUE_PENDING ? "\"pending\"" : "\"unknown\"");
    return !out->failed;
}
