/* SPDX-License-Identifier: ISC */
#include "filters/redaction.h"

#include "filters/mime/headers.h"
#include "filters/mime/transfer.h"
#include "filters/redaction_doubt.h"

#include <stdlib.h>
#include <string.h>

struct work {
    struct arena *arena;
    const struct mime_message *message;
    struct redaction_ranges *out;
    size_t room;
    bool failed;
};

static void add(struct work *w, size_t from, size_t to, enum overlay_encoding encoding)
{
    struct redaction_ranges *out = w->out;
    if (from >= to || out->count > REDACTION_RANGES_MAX)
        return;
    struct overlay_range *items =
        arena_grow(w->arena, out->items, out->count, &w->room, sizeof *items);
    w->failed |= !items;
    if (!items)
        return;
    out->items = items;
    items[out->count++] = (struct overlay_range){from, to, encoding};
}

/* ---- what stands between the parts of a multipart ---- */

/* The last line before a part begins is its boundary; what stands before that is not. */
static void before_part(struct work *w, size_t from, size_t to)
{
    struct slice text = slice_sub(w->message->raw, from, to);
    struct slice lines = text;
    if (lines.len && lines.ptr[lines.len - 1] == '\n')
        lines.len--;
    size_t line = slice_rfind(lines, '\n');
    line = line < lines.len ? line + 1 : 0;
    add(w, from, from + line, OVERLAY_IDENTITY);
}

/* Behind the last part stands the closing boundary, if there is one. */
static void behind_parts(struct work *w, size_t from, size_t to)
{
    struct slice text = slice_sub(w->message->raw, from, to);
    size_t line = 0;
    while (line < text.len && (text.ptr[line] == '\r' || text.ptr[line] == '\n'))
        line++;
    size_t end = line + slice_find(slice_from(text, line), '\n');
    if (!slice_starts(slice_from(text, line), SLICE("--")))
        end = 0;
    add(w, from + end, to, OVERLAY_IDENTITY);
}

/* ---- parts ---- */

/* Those below it stand behind it, until one whose parent stands before it. */
static size_t end_below(const struct mime_message *message, const struct mime_part *part)
{
    size_t end = part->index + 1;
    while (end < message->n && message->parts[end].parent >= (int)part->index)
        end++;
    return end;
}

static bool is_child(const struct mime_part *part, const struct mime_part *of)
{
    return part->parent == (int)of->index && part->in_message;
}

static bool has_parts(const struct work *w, const struct mime_part *part)
{
    size_t end = part->kind == MIME_LEAF ? 0 : end_below(w->message, part);
    for (size_t i = part->index + 1; i < end; i++)
        if (is_child(&w->message->parts[i], part))
            return true;
    return false;
}

static void add_gaps(struct work *w, const struct mime_part *part)
{
    size_t cursor = part->body.from, end = end_below(w->message, part);
    for (size_t i = part->index + 1; i < end; i++) {
        const struct mime_part *child = &w->message->parts[i];
        if (!is_child(child, part) || child->header.from < cursor)
            continue;
        if (part->kind == MIME_MULTIPART)
            before_part(w, cursor, child->header.from);
        cursor = child->body.to;
    }
    if (part->kind == MIME_MULTIPART)
        behind_parts(w, cursor, part->body.to);
    else
        add(w, cursor, part->body.to, OVERLAY_IDENTITY);
}

static bool is_clean_base64(struct slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!base64_letter(line.ptr[i]) && !ascii_blank(line.ptr[i]) && line.ptr[i] != '=' &&
            line.ptr[i] != '\r')
            return false;
    return true;
}

/* Decoders pass over what is no base64, but not all programs decode: it must not stay. */
static void add_base64(struct work *w, const struct mime_part *part)
{
    struct line line = {.next = 0};
    size_t clean = 0;
    while (line_at(part->content, clean, &line) && is_clean_base64(line.text))
        clean = line.next;
    add(w, part->body.from, part->body.from + clean, OVERLAY_BASE64);
    add(w, part->body.from + clean, part->body.to, OVERLAY_IDENTITY);
}

static void add_content(struct work *w, const struct mime_part *part)
{
    if (part->encoding == MIME_BASE64)
        add_base64(w, part);
    else
        add(w, part->body.from, part->body.to,
            part->encoding == MIME_QP ? OVERLAY_QP : OVERLAY_IDENTITY);
}

/* Of those in `from` up to `to` (numbers), what is content. */
static void add_parts(struct work *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct mime_part *part = &w->message->parts[i];
        if (!part->in_message)
            continue;
        if (has_parts(w, part))
            add_gaps(w, part);
        else
            add_content(w, part);
    }
}

static const struct mime_part *holder_of(const struct mime_message *message, size_t number)
{
    const struct mime_part *part = &message->parts[number];
    while (!part->in_message && part->parent >= 0)
        part = &message->parts[part->parent];
    return part;
}

static void add_part(struct work *w, size_t number)
{
    const struct mime_part *part = holder_of(w->message, number);
    if (part->kind == MIME_MULTIPART && has_parts(w, part))
        add_parts(w, part->index, end_below(w->message, part));
    else
        add_content(w, part);
}

/* ---- put in order ---- */

static int by_place(const void *a, const void *b)
{
    const struct overlay_range *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->to > y->to ? -1 : x->to < y->to;
}

/* Where two overlap the first that begins has it. */
static void part_them(struct redaction_ranges *out)
{
    size_t count = 0;
    uint64_t end = 0;
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, by_place);
    for (size_t i = 0; i < out->count; i++) {
        struct overlay_range range = out->items[i];
        if (range.from < end)
            range.from = end;
        if (range.from >= range.to)
            continue;
        end = range.to;
        out->items[count++] = range;
    }
    out->count = count;
}

/* ---- the whole ---- */

static void add_all(struct work *w)
{
    size_t from = w->message->n ? w->message->parts[0].body.from : 0;
    w->out->count = 0;
    add(w, from, w->message->raw.len, OVERLAY_IDENTITY);
}

bool redaction_ranges(struct arena *arena, const struct mime_message *message,
                      const struct redaction_wanted *wanted, struct redaction_ranges *out)
{
    struct work w = {.arena = arena, .message = message, .out = out};
    *out = (struct redaction_ranges){.count = 0};
    bool known = !redaction_in_doubt(message);
    if (known && wanted->all)
        add_parts(&w, 0, message->n);
    for (size_t i = 0; known && !wanted->all && i < wanted->part_count; i++) {
        known = wanted->parts[i] < message->n;
        if (known)
            add_part(&w, wanted->parts[i]);
    }
    if (!known || out->count > REDACTION_RANGES_MAX)
        add_all(&w);
    part_them(out);
    return !w.failed;
}
