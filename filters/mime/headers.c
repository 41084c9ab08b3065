/* SPDX-License-Identifier: ISC */
#include "filters/mime/headers.h"

#include <string.h>

enum { MAILBOX_LINES_MAX = 4 };

bool line_at(struct slice text, size_t at, struct line *line)
{
    if (at >= text.len)
        return false;
    struct slice rest = slice_from(text, at);
    size_t lf = slice_find(rest, '\n');
    line->from = at;
    line->next = lf < rest.len ? at + lf + 1 : text.len;
    if (lf < rest.len && lf > 0 && rest.ptr[lf - 1] == '\r')
        lf--;
    line->text = slice_sub(rest, 0, lf);
    return true;
}

size_t line_find(struct slice text, size_t at, struct slice with)
{
    if (at == 0 && slice_starts(text, with))
        return 0;
    while (at < text.len) {
        size_t hit = at + slice_search(slice_from(text, at), with);
        if (hit >= text.len || (hit > 0 && text.ptr[hit - 1] == '\n'))
            return hit < text.len ? hit : text.len;
        at = hit + 1;
    }
    return text.len;
}

bool line_is_blank(struct slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!strchr(" \t\r\v\f", line.ptr[i]) || line.ptr[i] == '\0')
            return false;
    return line.len > 0;
}

static bool name_is_odd(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
            return true;
    return name.len == 0;
}

static bool continues(struct slice block, size_t at)
{
    return at < block.len && ascii_blank(block.ptr[at]);
}

bool headers_next(struct slice *block, struct header *field)
{
    struct line line;
    if (!line_at(*block, 0, &line))
        return false;
    size_t end = line.next, colon = slice_find(line.text, ':');
    for (struct line more; continues(*block, end) && line_at(*block, end, &more);)
        end = more.next;
    *field = (struct header){.raw = slice_sub(*block, 0, end), .has_colon = colon < line.text.len};
    if (field->has_colon) {
        struct slice name = slice_sub(line.text, 0, colon);
        field->odd_name = name_is_odd(name);
        field->name = slice_trim(name);
        field->value = slice_from(field->raw, colon + 1);
    } else {
        field->value = field->raw;
    }
    while (field->value.len && strchr("\r\n", field->value.ptr[field->value.len - 1]) &&
           field->value.ptr[field->value.len - 1])
        field->value.len--;
    *block = slice_from(*block, end);
    return true;
}

bool headers_find(struct slice block, struct slice name, size_t nth, struct header *field)
{
    while (headers_next(&block, field))
        if (field->has_colon && slice_ieq(field->name, name) && nth-- == 0)
            return true;
    return false;
}

size_t headers_count(struct slice block, struct slice name)
{
    size_t n = 0;
    for (struct header field; headers_next(&block, &field);)
        n += field.has_colon && slice_ieq(field.name, name);
    return n;
}

bool headers_begin(struct slice message, size_t at)
{
    size_t i = at;
    while (i < message.len && message.ptr[i] > ' ' && message.ptr[i] <= '~' &&
           message.ptr[i] != ':')
        i++;
    bool named = i > at;
    while (i < message.len && ascii_blank(message.ptr[i]))
        i++;
    return named && i < message.len && message.ptr[i] == ':';
}

/* "From a@example.com Thu Jan  1 ...", and no field of a careless writer: "From x: a@b". */
static bool is_mailbox_line(struct slice text)
{
    while (text.len && text.ptr[0] == '>')
        text = slice_from(text, 1);
    if (!slice_starts(text, SLICE("From ")))
        return false;
    struct slice who = slice_from(text, 5), rest;
    slice_cut(who, ' ', &who, &rest);
    return who.len > 0 && who.ptr[0] != ':' && who.ptr[who.len - 1] != ':';
}

/* "From " or ">From " (more than one may have been put in front), and then a field. Where none
 * follows, somebody's letter begins so. */
static size_t skip_mailbox_lines(struct slice message)
{
    struct line line;
    size_t at = 0;
    for (int n = 0; n < MAILBOX_LINES_MAX && !headers_begin(message, at); n++) {
        if (!line_at(message, at, &line) || !is_mailbox_line(line.text))
            return 0;
        at = line.next;
    }
    return headers_begin(message, at) ? at : 0;
}

struct slice headers_block(struct slice message, size_t *body)
{
    size_t start = skip_mailbox_lines(message), at = start;
    struct line line = {.next = start};
    bool empty = !headers_begin(message, start);
    while (line_at(message, at, &line) && line.text.len > 0 && !empty)
        at = line.next;
    if (body && empty && line.text.len > 0)
        *body = at;
    else if (body)
        *body = at < message.len ? line.next : message.len;
    return slice_sub(message, start, at);
}

struct slice header_unfold(struct arena *arena, struct slice value)
{
    value = slice_trim(value);
    if (slice_find(value, '\n') == value.len && slice_find(value, '\r') == value.len)
        return value;
    char *out = arena_cstr(arena, value);
    if (!out)
        return (struct slice){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] != '\r' && value.ptr[i] != '\n')
            out[n++] = value.ptr[i];
    return (struct slice){out, n};
}
