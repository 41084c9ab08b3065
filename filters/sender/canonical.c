/* SPDX-License-Identifier: ISC */
#include "filters/sender/canonical.h"

#include "filters/sender/tag_list.h"

#include <string.h>

void canonical_flush(struct canonical_sink *sink)
{
    if (sink->filled && sink->write)
        sink->write(sink->to, sink->pending, sink->filled);
    sink->filled = 0;
}

void canonical_put(struct canonical_sink *sink, struct slice octets)
{
    sink->written += octets.len;
    if (octets.len >= sizeof sink->pending) {
        canonical_flush(sink);
        if (sink->write)
            sink->write(sink->to, octets.ptr, octets.len);
        return;
    }
    if (octets.len > sizeof sink->pending - sink->filled)
        canonical_flush(sink);
    if (octets.len)
        memcpy(sink->pending + sink->filled, octets.ptr, octets.len);
    sink->filled += octets.len;
}

static bool form_is_relaxed(struct slice name, bool *relaxed)
{
    *relaxed = slice_ieq(name, SLICE("relaxed"));
    return *relaxed || slice_ieq(name, SLICE("simple"));
}

bool canonical_forms(struct slice c, struct canonical_forms *forms)
{
    struct slice header, body;
    *forms = (struct canonical_forms){false, false};
    if (!slice_cut(c, '/', &header, &body))
        body = SLICE("simple");
    return form_is_relaxed(slice_trim(header), &forms->relaxed_header) &&
           form_is_relaxed(slice_trim(body), &forms->relaxed_body);
}

/* The words of a text with one blank between them; the first is preceded by one if the text is. */
static void put_words(struct canonical_sink *sink, struct slice text, const char *blanks,
                      bool leading)
{
    size_t at = 0;
    while (at < text.len) {
        size_t start = at;
        while (at < text.len && text.ptr[at] && strchr(blanks, text.ptr[at]))
            at++;
        bool blank = at > start;
        size_t word = at;
        while (at < text.len && !(text.ptr[at] && strchr(blanks, text.ptr[at])))
            at++;
        if (at > word) {
            if (blank && (leading || start > 0))
                canonical_put(sink, SLICE(" "));
            canonical_put(sink, slice_sub(text, word, at));
        }
    }
}

static bool ends_with_crlf(struct slice text)
{
    return text.len >= 2 && text.ptr[text.len - 2] == '\r' && text.ptr[text.len - 1] == '\n';
}

static void simple_body(struct canonical_sink *sink, struct slice body)
{
    while (ends_with_crlf(body))
        body.len -= 2;
    canonical_put(sink, body);
    canonical_put(sink, SLICE("\r\n"));
}

/* ---- a relaxed body, piece by piece ---- */

static void end_line(struct canonical_lines *lines, struct canonical_sink *sink)
{
    if (lines->in_line)
        canonical_put(sink, SLICE("\r\n"));
    else
        lines->empty++;
    lines->in_line = lines->blank = false;
}

/* What is no blank: empty lines before it are not at the end of the body. */
static void put_word(struct canonical_lines *lines, struct canonical_sink *sink, struct slice word)
{
    for (; lines->empty; lines->empty--)
        canonical_put(sink, SLICE("\r\n"));
    if (lines->blank)
        canonical_put(sink, SLICE(" "));
    canonical_put(sink, word);
    lines->in_line = true;
    lines->blank = false;
}

static bool is_word(char c)
{
    return !ascii_blank(c) && c != '\r';
}

/* After a CR: lines end with CRLF alone, and by itself it is an octet like any other. */
static size_t after_cr(struct canonical_lines *lines, struct canonical_sink *sink, char c)
{
    lines->cr = false;
    if (c == '\n') {
        end_line(lines, sink);
        return 1;
    }
    put_word(lines, sink, SLICE("\r"));
    return 0;
}

void canonical_lines_add(struct canonical_lines *lines, struct canonical_sink *sink,
                         struct slice octets)
{
    size_t at = 0;
    while (at < octets.len) {
        char c = octets.ptr[at];
        size_t start = at;
        if (lines->cr) {
            at += after_cr(lines, sink, c);
            continue;
        }
        while (at < octets.len && is_word(octets.ptr[at]))
            at++;
        if (at > start) {
            put_word(lines, sink, slice_sub(octets, start, at));
            continue;
        }
        lines->cr = c == '\r';
        lines->blank |= !lines->cr;
        at++;
    }
}

void canonical_lines_end(struct canonical_lines *lines, struct canonical_sink *sink)
{
    if (lines->cr)
        put_word(lines, sink, SLICE("\r"));
    if (lines->in_line)
        end_line(lines, sink);
    *lines = (struct canonical_lines){0};
}

static void relaxed_body(struct canonical_sink *sink, struct slice body)
{
    struct canonical_lines lines = {0};
    canonical_lines_add(&lines, sink, body);
    canonical_lines_end(&lines, sink);
}

void canonical_body(struct canonical_sink *sink, struct slice body, bool relaxed)
{
    if (relaxed)
        relaxed_body(sink, body);
    else
        simple_body(sink, body);
}

uint64_t canonical_body_length(struct slice body, bool relaxed)
{
    struct canonical_sink counter = {.write = NULL};
    canonical_body(&counter, body, relaxed);
    return counter.written;
}

static void put_relaxed_value(struct canonical_sink *sink, struct slice value, bool leading)
{
    put_words(sink, value, " \t\r\n", leading);
}

static void put_relaxed_field(struct canonical_sink *sink, const struct header *field,
                              struct slice blank)
{
    for (size_t i = 0; i < field->name.len; i++) {
        char lower = ascii_lower(field->name.ptr[i]);
        canonical_put(sink, (struct slice){&lower, 1});
    }
    canonical_put(sink, SLICE(":"));
    struct slice value = field->value;
    if (!blank.len) {
        put_relaxed_value(sink, value, false);
        return;
    }
    size_t from = (size_t)(blank.ptr - value.ptr);
    put_relaxed_value(sink, slice_sub(value, 0, from), false);
    put_relaxed_value(sink, slice_from(value, from + blank.len), from > 0);
}

static struct slice without_line_end(struct slice raw)
{
    if (raw.len && raw.ptr[raw.len - 1] == '\n')
        raw.len--;
    if (raw.len && raw.ptr[raw.len - 1] == '\r')
        raw.len--;
    return raw;
}

void canonical_field(struct canonical_sink *sink, const struct header *field, bool relaxed,
                     struct slice blank)
{
    struct slice raw = without_line_end(field->raw);
    if (relaxed) {
        put_relaxed_field(sink, field, blank);
    } else if (blank.len) {
        size_t from = (size_t)(blank.ptr - raw.ptr);
        canonical_put(sink, slice_sub(raw, 0, from));
        canonical_put(sink, slice_from(raw, from + blank.len));
    } else {
        canonical_put(sink, raw);
    }
    if (!blank.len)
        canonical_put(sink, SLICE("\r\n"));
}

static uint32_t hash_of(struct slice name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)ascii_lower(name.ptr[i])) * 16777619u;
    return hash;
}

bool field_index(struct arena *arena, struct slice block, struct field_list *index)
{
    struct header field;
    size_t count = 0;
    *index = (struct field_list){0};
    for (struct slice rest = block; headers_next(&rest, &field);)
        if (++count > FIELDS_MAX)
            return false;
    index->fields = arena_array(arena, count ? count : 1, sizeof *index->fields);
    if (!index->fields)
        return false;
    while (headers_next(&block, &field))
        index->fields[index->count++] =
            (struct signed_field){.field = field, .hash = hash_of(field.name)};
    return true;
}

static bool is_field_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
            return false;
    return name.len > 0;
}

bool fields_are_whole(const struct field_list *index)
{
    for (size_t i = 0; i < index->count; i++)
        if (!index->fields[i].field.has_colon || !is_field_name(index->fields[i].field.name))
            return false;
    return true;
}

static const struct header *select_last(struct field_list *index, struct slice name)
{
    uint32_t hash = hash_of(name);
    for (size_t i = index->count; i-- > 0;) {
        struct signed_field *f = &index->fields[i];
        if (f->hash != hash || f->taken == index->selection || !f->field.has_colon ||
            !slice_ieq(f->field.name, name))
            continue;
        f->taken = index->selection;
        return &f->field;
    }
    return NULL;
}

bool canonical_selected(struct canonical_sink *sink, struct field_list *index, struct slice names,
                        bool relaxed)
{
    struct slice name;
    size_t count = 0;
    index->selection++;
    while (tag_items_next(&names, &name)) {
        if (++count > SIGNED_NAMES_MAX)
            return false;
        const struct header *field = select_last(index, name);
        if (field)
            canonical_field(sink, field, relaxed, SLICE(""));
    }
    return true;
}
