/* SPDX-License-Identifier: ISC
 * The octets of a finished leaf: those that nobody has declared, and files written into a text: uuencode
 * becomes parts; yEnc and BinHex are told. */
#include "base/buf.h"
#include "filters/mime/headers.h"
#include "filters/mime/mime_internal.h"
#include "filters/mime/transfer.h"

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
                     const struct uu_block *block, bool in_message)
{
    size_t base = p->message->parts[parent].body.from;
    struct mime_part *part = mime_add_part(p, (int)parent);
    if (!part)
        return;
    part->encoding = block->base64 ? MIME_BASE64 : MIME_UUENCODE;
    part->type = SLICE("application/octet-stream");
    part->content = block->base64 ? block->body : slice_sub(text, block->from, block->to);
    part->attachment = true;
    part->in_message = in_message;
    size_t from = base + (size_t)(part->content.ptr - text.ptr);
    if (in_message)
        part->body = (struct mime_range){from, from + part->content.len};
    add_name(p, part->index, block->name, MIME_NAME_INLINE);
    mime_odd(p, parent, MALFORMATION_UUENCODE_INLINE);
}

static void find_uuencode(struct mime_parser *p, size_t part, struct slice text, bool in_message)
{
    struct uu_block block = {.to = 0};
    while (!p->exhausted && uu_find(text, block.to, &block))
        add_file(p, part, text, &block, in_message);
}

static void find_others(struct mime_parser *p, size_t part, struct slice text)
{
    struct line line;
    size_t at = line_find(text, 0, SLICE("=ybegin "));
    if (line_at(text, at, &line)) {
        size_t name = slice_search(line.text, SLICE(" name="));
        mime_odd(p, part, MALFORMATION_YENC);
        add_name(p, part, slice_trim(slice_from(line.text, name + 6)), MIME_NAME_INLINE);
    }
    if (line_find(text, 0, SLICE("(This file must be converted with BinHex")) < text.len)
        mime_odd(p, part, MALFORMATION_BINHEX);
}

static bool holds_file(struct slice text)
{
    return line_find(text, 0, SLICE("begin")) < text.len ||
           line_find(text, 0, SLICE("=ybegin ")) < text.len ||
           line_find(text, 0, SLICE("(This file must be converted with BinHex")) < text.len;
}

static bool append_piece(void *context, struct slice piece)
{
    return buf_append(context, piece);
}

/* Shown with the message, by whatever charset a program guesses. */
static bool lacks_charset(const struct mime_part *part)
{
    return part->text && !part->attachment && part->charset.len == 0;
}

static void check_raw_octets(struct mime_parser *p, const struct mime_part *part)
{
    bool text = lacks_charset(part);
    if (part->encoding != MIME_IDENTITY || (part->eight_bit && !text) ||
        slice_is_ascii(part->content))
        return;
    if (text)
        mime_odd(p, part->index, MALFORMATION_CHARSET_MISSING);
    if (!part->eight_bit)
        mime_odd(p, part->index, MALFORMATION_EIGHT_BIT_UNDECLARED);
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
    if (lacks_charset(part) && !slice_is_ascii(buf_slice(&text)))
        mime_odd(p, part->index, MALFORMATION_CHARSET_MISSING);
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
    check_raw_octets(p, &part);
    if (part.encoding == MIME_UUENCODE) {
        size_t at = line_find(text, 0, SLICE("begin "));
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
