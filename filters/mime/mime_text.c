/* SPDX-License-Identifier: ISC
 * Files written into a text: uuencode becomes parts; yEnc and BinHex are told. */
#include "base/buf.h"
#include "filters/mime/headers.h"
#include "filters/mime/mime_internal.h"
#include "filters/mime/transfer.h"

/* The next line at or after `at` that begins so; text.len when there is none. */
static size_t line_that_begins(struct slice text, size_t at, struct slice with)
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

static bool is_uu_line(struct slice line)
{
    char octets[64];
    bool broken = false;
    return uu_decode_line(line, octets, &broken) >= 0 && !broken;
}

/* After the block whose begin line ends before `at`; `at` when no data follows. */
static size_t block_end(struct slice text, size_t at)
{
    struct line line;
    size_t end = at;
    while (line_at(text, end, &line)) {
        if (slice_eq(slice_trim(line.text), SLICE("end")))
            return line.next;
        if (!is_uu_line(line.text))
            break;
        end = line.next;
    }
    return end;
}

static void add_name(struct mime_parser *p, size_t index, struct slice name,
                     enum mime_name_source source)
{
    struct mime_part *part = &p->message->parts[index];
    struct names names = {.arena = p->arena, .max = p->limits->names, .odd = &part->malformations};
    names.list = arena_array(p->arena, names.max, sizeof *names.list);
    if (!names.list)
        return;
    for (; names.n < part->n_names; names.n++)
        names.list[names.n] = part->names[names.n];
    names_add(&names, name, source);
    part->names = names.list;
    part->n_names = names.n;
}

static void add_file(struct mime_parser *p, size_t parent, struct slice text,
                     struct mime_range block, struct slice name, bool in_message)
{
    size_t base = p->message->parts[parent].body.from;
    struct mime_part *part = mime_add_part(p, (int)parent);
    if (!part)
        return;
    part->encoding = MIME_UUENCODE;
    part->type = SLICE("application/octet-stream");
    part->content = slice_sub(text, block.from, block.to);
    part->attachment = true;
    part->in_message = in_message;
    if (in_message)
        part->body = (struct mime_range){base + block.from, base + block.to};
    add_name(p, part->index, name, MIME_NAME_INLINE);
    mime_odd(p, parent, MALFORMATION_UUENCODE_INLINE);
}

static void find_uuencode(struct mime_parser *p, size_t part, struct slice text, bool in_message)
{
    size_t at = 0;
    struct line line;
    struct slice name;
    while (!p->exhausted && (at = line_that_begins(text, at, SLICE("begin "))) < text.len &&
           line_at(text, at, &line)) {
        size_t end = uu_begin_line(line.text, &name) ? block_end(text, line.next) : line.next;
        if (end > line.next)
            add_file(p, part, text, (struct mime_range){at, end}, name, in_message);
        at = end;
    }
}

static void find_others(struct mime_parser *p, size_t part, struct slice text)
{
    struct line line;
    size_t at = line_that_begins(text, 0, SLICE("=ybegin "));
    if (line_at(text, at, &line)) {
        size_t name = slice_search(line.text, SLICE(" name="));
        mime_odd(p, part, MALFORMATION_YENC);
        add_name(p, part, slice_trim(slice_from(line.text, name + 6)), MIME_NAME_INLINE);
    }
    if (line_that_begins(text, 0, SLICE("(This file must be converted with BinHex")) < text.len)
        mime_odd(p, part, MALFORMATION_BINHEX);
}

static bool holds_file(struct slice text)
{
    return line_that_begins(text, 0, SLICE("begin ")) < text.len ||
           line_that_begins(text, 0, SLICE("=ybegin ")) < text.len ||
           line_that_begins(text, 0, SLICE("(This file must be converted with BinHex")) < text.len;
}

static bool append_piece(void *context, struct slice piece)
{
    return buf_append(context, piece);
}

/* The decoded text when there is a file in it; ptr is NULL otherwise. */
static struct slice decoded_text(struct mime_parser *p, const struct mime_part *part)
{
    struct malformations told_later = {{0}};
    struct buf text = buf_init(p->limits->decoded - p->decoded);
    struct slice copy = {NULL, 0};
    mime_decode_to(part, append_piece, &text, &told_later);
    p->decoded += buf_len(&text);
    if (text.failed)
        mime_odd(p, part->index, MALFORMATION_TOO_MUCH_WORK);
    if (holds_file(buf_slice(&text)))
        copy = arena_copy(p->arena, buf_slice(&text));
    buf_release(&text);
    return copy;
}

void mime_scan_text(struct mime_parser *p, size_t index)
{
    struct mime_part part = p->message->parts[index];
    bool identity = part.encoding == MIME_IDENTITY || part.encoding == MIME_ENCODING_UNKNOWN;
    struct slice text = part.content, name;
    struct line line;
    if (part.encoding == MIME_UUENCODE) {
        size_t at = line_that_begins(text, 0, SLICE("begin "));
        if (line_at(text, at, &line) && uu_begin_line(line.text, &name))
            add_name(p, index, name, MIME_NAME_INLINE);
        return;
    }
    if (!part.text && slice_search(part.type, SLICE("uu")) == part.type.len)
        return;
    if (!identity)
        text = decoded_text(p, &part);
    if (text.ptr && holds_file(text)) {
        find_others(p, index, text);
        find_uuencode(p, index, text, part.in_message && identity);
    }
}
