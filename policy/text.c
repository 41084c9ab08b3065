/* SPDX-License-Identifier: ISC */
#include "policy/text.h"

#include "base/utf8.h"
#include "policy/dates.h"

#include <string.h>

/* C1 controls are controls as well, and U+2028/2029 break lines for some readers. */
static bool breaks(const char *s, size_t length)
{
    unsigned char c = (unsigned char)s[0];
    if (length == 1)
        return c < ' ' || c == 127;
    if (length == 2)
        return c == 0xC2 && (unsigned char)s[1] < 0xA0;
    return memcmp(s, "\xE2\x80\xA8", 3) == 0 || memcmp(s, "\xE2\x80\xA9", 3) == 0;
}

/* Appends at most `max` bytes, whole characters; each one that does not fit in the text is a '?',
 * line breaks a blank. */
static void append_clean(struct buf *out, struct slice text, bool ascii, size_t max)
{
    while (text.len > 0) {
        uint32_t code;
        size_t length = utf8_next(text, &code);
        char c = text.ptr[0];
        bool keep = length > 0 && !breaks(text.ptr, length) && !(ascii && length > 1);
        size_t size = keep ? length : 1;
        if (size > max)
            return;
        if (keep)
            buf_append(out, slice_sub(text, 0, length));
        else
            buf_char(out, c == '\r' || c == '\n' || c == '\t' ? ' ' : '?');
        max -= size;
        text = slice_from(text, length ? length : 1);
    }
}

void text_clean(struct buf *out, struct slice text, bool ascii)
{
    append_clean(out, text, ascii, TEXT_VALUE_MAX);
}

static void append_scalar(struct buf *out, const struct type *type, const struct value *value)
{
    char ip[46];
    switch (type->kind) {
    case TYPE_BOOL:
        buf_cstr(out, value->truth ? "true" : "false");
        return;
    case TYPE_NUMBER:
        buf_printf(out, "%g", value->number);
        return;
    case TYPE_IP:
        ip_text(&value->ip, ip);
        buf_cstr(out, ip);
        return;
    case TYPE_ENUM:
        if (value->integer >= 0 && (uint64_t)value->integer < type->words->count)
            buf_cstr(out, type->words->words[value->integer]);
        return;
    case TYPE_DURATION:
        duration_write(out, value->integer);
        return;
    case TYPE_TIME:
        date_write(out, value->integer);
        return;
    case TYPE_SIZE:
        buf_printf(out, "%lld", (long long)value->integer);
        return;
    case TYPE_TEXT:
    case TYPE_ADDRESS:
    case TYPE_DOMAIN:
        append_clean(out, value->text, false, TEXT_VALUE_MAX);
        return;
    default:
        return;
    }
}

void text_value(struct buf *out, const struct type *type, const struct value *value)
{
    static const char *const states[] = {
        [VALUE_PENDING] = "pending", [VALUE_ABSENT] = "none", [VALUE_UNKNOWN] = "unknown"};
    size_t start = buf_len(out);
    if (value->state != VALUE_KNOWN) {
        buf_cstr(out, states[value->state]);
        return;
    }
    if (type->kind != TYPE_LIST) {
        append_scalar(out, type, value);
        return;
    }
    for (size_t i = 0; i < value->list.count && buf_len(out) - start < TEXT_VALUE_MAX; i++) {
        buf_cstr(out, i ? ", " : "");
        append_scalar(out, type->element, &value->list.items[i]);
    }
}

static size_t limit_of(enum text_kind kind)
{
    static const size_t limits[] = {TEXT_REPLY_MAX, TEXT_HEADER_MAX, TEXT_LOG_MAX};
    return limits[kind];
}

static bool is_plain(const struct text *text, enum text_kind kind)
{
    struct slice literal = text->count == 1 ? text->pieces[0].literal : SLICE("");
    if (text->count > 1 || (text->count == 1 && text->pieces[0].operand >= 0) ||
        literal.len > limit_of(kind))
        return false;
    for (size_t i = 0; kind == TEXT_REPLY && i < literal.len; i++)
        if ((unsigned char)literal.ptr[i] >= 127)
            return false;
    return true;
}

bool text_pending(struct evaluation *evaluation, const struct text *text)
{
    for (size_t i = 0; i < text->count; i++) {
        int operand = text->pieces[i].operand;
        if (operand < 0)
            continue;
        bool score = evaluation->policy->operands[operand].kind == OPERAND_SCORE;
        if (score ? evaluation->score.doubt.truth == TRUTH_PENDING
                  : eval_operand(evaluation, operand).state == VALUE_PENDING)
            return true;
    }
    return false;
}

static void append_piece(struct evaluation *evaluation, const struct piece *piece, bool ascii,
                         struct buf *raw, struct buf *out, size_t limit)
{
    append_clean(out, piece->literal, ascii, limit - buf_len(out));
    if (piece->operand < 0)
        return;
    struct value value = eval_operand(evaluation, piece->operand);
    size_t room = limit - buf_len(out);
    buf_clear(raw);
    text_value(raw, &evaluation->policy->operands[piece->operand].type, &value);
    append_clean(out, buf_slice(raw), ascii, room < TEXT_VALUE_MAX ? room : TEXT_VALUE_MAX);
}

struct slice text_render(struct evaluation *evaluation, const struct text *text,
                         enum text_kind kind, struct arena *arena)
{
    if (is_plain(text, kind))
        return text->count ? text->pieces[0].literal : SLICE("");
    struct buf out = buf_init(TEXT_LOG_MAX), raw = buf_init((size_t)4 * TEXT_VALUE_MAX);
    for (size_t i = 0; i < text->count; i++)
        append_piece(evaluation, &text->pieces[i], kind == TEXT_REPLY, &raw, &out, limit_of(kind));
    struct slice rendered =
        out.failed ? (struct slice){NULL, 0} : arena_copy(arena, buf_slice(&out));
    buf_release(&raw);
    buf_release(&out);
    return rendered;
}
