/* SPDX-License-Identifier: ISC */
#include "filters/files/attachment_rest.h"

#include "policy/facts.h"
#include "policy/types.h"

enum { FIELDS_MAX = 64 };

/* Known, and nothing: empty, zero, false. */
static struct value nothing(const struct type *type)
{
    struct value value = {.state = VALUE_KNOWN};
    if (type_is_textual(type))
        value.text = SLICE("");
    return value;
}

const struct value *attachment_rest(void)
{
    static struct value name, fields[FIELDS_MAX], record;
    const struct record_type *type = &record_types[RECORD_attachment];
    for (size_t i = 0; i < type->count && i < FIELDS_MAX; i++)
        fields[i] = nothing(&type->fields[i].type);
    name = value_text(SLICE("(further attachments)"));
    fields[attachment_name] = name;
    fields[attachment_names].list.items = &name;
    fields[attachment_names].list.count = 1;
    fields[attachment_unscannable] = value_bool(true);
    record = (struct value){.state = VALUE_KNOWN, .fields = fields};
    return &record;
}

struct value attachment_rest_alone(void)
{
    static struct value rest;
    rest = *attachment_rest();
    return (struct value){.state = VALUE_KNOWN, .list = {.items = &rest, .count = 1, .cut = true}};
}
