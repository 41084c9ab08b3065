/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/mta_changes.h"

#include "common/milter.h"
#include "filters/mime/headers.h"
#include "proxy/smtp/mta_body.h"

struct telling {
    struct buf *out;
    struct slice message, block; /* its header */
    const struct edit_list *list;
};

static void begin(struct buf *out, enum milter_word word)
{
    buf_printf(out, "250-%s ", milter_word(word));
}

static size_t offset(const struct telling *t, struct slice inside)
{
    return (size_t)(inside.ptr - t->message.ptr);
}

/* How many fields of that name stand before this one, and it. */
static unsigned number_of(struct slice block, const struct header *field)
{
    struct header one;
    unsigned number = 0;
    while (headers_next(&block, &one) && one.raw.ptr <= field->raw.ptr)
        number += slice_ieq(one.name, field->name);
    return number;
}

/* ---- fields that were there ---- */

static bool touches(const struct edit_change *change, size_t from, size_t to)
{
    return change->from < to && (change->to > from || change->from > from);
}

static bool is_erased(const struct edit_change *change, size_t from, size_t to)
{
    return change->from <= from && change->to >= to && change->literal.len == 0;
}

/* What of [from, to) is left, with what was put into it. */
static void write_changed(const struct telling *t, size_t from, size_t to)
{
    for (size_t i = 0; i < t->list->count; i++) {
        const struct edit_change *change = &t->list->changes[i];
        if (change->from < from || change->from > to || change->to > to)
            continue;
        milter_write_value(t->out, slice_sub(t->message, from, change->from));
        milter_write_value(t->out, change->literal);
        from = change->to;
    }
    milter_write_value(t->out, slice_sub(t->message, from, to));
}

static void tell_field(const struct telling *t, const struct header *field)
{
    size_t from = offset(t, field->raw), to = from + field->raw.len,
           value = offset(t, field->value);
    bool touched = false, erased = false;
    for (size_t i = 0; i < t->list->count; i++) {
        touched |= touches(&t->list->changes[i], from, to);
        erased |= is_erased(&t->list->changes[i], from, to);
    }
    if (!touched || field->name.len == 0)
        return;
    begin(t->out, erased ? MILTER_ERASE : MILTER_SET);
    buf_printf(t->out, "%u %.*s", number_of(t->block, field), SLICE_ARGS(field->name));
    if (!erased) {
        buf_char(t->out, ':');
        write_changed(t, value, value + field->value.len);
    }
    buf_cstr(t->out, "\r\n");
}

/* Changes that a mail server is told, and fields of a message in which some are made: each of the first looks
 * through all of the second. */
enum { CHANGES_MOST = 256, FIELDS_MOST = 4096 };

/* From the last to the first. */
static bool tell_fields(struct arena *arena, const struct telling *t)
{
    struct slice rest = t->block;
    struct header *fields;
    size_t count = 0;
    if (t->list->count == 0)
        return true;
    fields = arena_array(arena, FIELDS_MOST, sizeof *fields);
    while (fields && count < FIELDS_MOST && headers_next(&rest, &fields[count]))
        count++;
    if (!fields || rest.len > 0 || t->list->count > CHANGES_MOST)
        return false;
    while (count > 0)
        tell_field(t, &fields[--count]);
    return true;
}

/* ---- fields that come before them ---- */

static void tell_front(const struct telling *t, const struct header *field)
{
    begin(t->out, MILTER_FRONT);
    buf_append(t->out, field->name);
    buf_char(t->out, ':');
    milter_write_value(t->out, field->value);
    buf_cstr(t->out, "\r\n");
}

enum { FRONT_MOST = 128 };

/* From the last to the first, as each is put before those that were told. */
static bool tell_fronts(const struct telling *t, struct slice fields)
{
    struct header all[FRONT_MOST];
    size_t count = 0;
    while (count < FRONT_MOST && headers_next(&fields, &all[count]))
        count++;
    while (count > 0)
        tell_front(t, &all[--count]);
    return fields.len == 0;
}

/* ---- */

/* Its header may begin with what begins no field: then all is body here, and for a mail server that much is not. */
static bool misses_fields(const struct telling *t)
{
    size_t end = offset(t, t->block) + t->block.len, body = mta_body_begins(t->message);
    for (size_t i = 0; i < t->list->count; i++) {
        const struct edit_change *change = &t->list->changes[i];
        if (change->from < body && (change->from >= end || change->to > end))
            return true;
    }
    return false;
}

enum mta_result mta_changes(struct arena *arena, struct buf *out, struct slice message,
                            const struct edit_list *list, struct slice front)
{
    struct telling t = {out, message, headers_block(message, NULL), list};
    if (misses_fields(&t))
        return MTA_NO_FIELD;
    bool all = tell_fields(arena, &t) && tell_fronts(&t, list->front) && tell_fronts(&t, front);
    return all && !out->failed ? MTA_FINE : MTA_TOO_MANY;
}
