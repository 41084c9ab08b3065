/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/retry_form.h"

#include "base/ipc.h"

#include <string.h>

enum { FORM = 1, ENHANCED_MAX = 12, TEXT_MAX = 200, HAS_SIZE = 1, IN_TURN = 2 };

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static void pack_text(struct buf *out, struct slice text)
{
    char clean[TEXT_MAX];
    for (size_t i = 0; i < text.len; i++)
        clean[i] = is_control(text.ptr[i]) ? ' ' : text.ptr[i];
    pack_tight(out, (struct slice){clean, text.len});
}

void retry_write(struct buf *out, const struct retry *retry, const struct retry_place *place)
{
    const struct backend_reply *reply = &retry->reply;
    const struct state_retry_place *where = &place->where;
    pack_u8(out, FORM);
    pack_u64(out, (uint64_t)place->written);
    pack_u8(out, (uint8_t)where->count);
    for (unsigned i = 0; i < where->count; i++)
        buf_append(out, (struct slice){(const char *)where->at[i], STATE_DIGEST});
    pack_var(out, retry->group);
    pack_u8(out, (uint8_t)((retry->has_size ? HAS_SIZE : 0) | (retry->in_turn ? IN_TURN : 0)));
    pack_var(out, retry->size);
    pack_u8(out, (uint8_t)(retry->waits < RETRY_WAITS_MOST ? retry->waits : RETRY_WAITS_MOST));
    pack_u8(out, (uint8_t)reply->kind);
    pack_var(out, reply->code);
    pack_tight(out, slice_sub(reply->enhanced, 0, ENHANCED_MAX));
    pack_text(out, slice_sub(reply->text, 0, TEXT_MAX));
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_control(text.ptr[i]))
            return false;
    return true;
}

static void read_places(struct unpack *in, struct state_retry_place *where)
{
    where->count = unpack_u8(in);
    if (where->count == 0 || where->count > RETRY_PLACES)
        in->bad = true;
    for (unsigned i = 0; !in->bad && i < where->count; i++)
        for (size_t n = 0; n < STATE_DIGEST; n++)
            where->at[i][n] = unpack_u8(in);
}

/* None, or a refusal: only such are remembered. */
static bool is_refusal(const struct backend_reply *reply)
{
    bool later = reply->kind == REPLY_LATER;
    struct slice enhanced = reply->enhanced;
    if (enhanced.len && (smtp_enhanced_length(enhanced) != enhanced.len ||
                         (unsigned)(enhanced.ptr[0] - '0') != reply->code / 100))
        return false;
    if (reply->code == 0)
        return reply->kind == REPLY_YES;
    return (later || reply->kind == REPLY_RECIPIENT || reply->kind == REPLY_SENDER) &&
           reply->code / 100 == (later ? 4 : 5);
}

bool retry_read(struct slice bytes, struct retry *retry)
{
    struct unpack in = {.left = bytes};
    *retry = (struct retry){.group = 0};
    if (unpack_u8(&in) != FORM)
        return false;
    uint64_t written = unpack_u64(&in);
    read_places(&in, &retry->place.where);
    uint64_t group = unpack_var(&in);
    uint8_t flags = unpack_u8(&in);
    retry->has_size = (flags & HAS_SIZE) != 0;
    retry->in_turn = (flags & IN_TURN) != 0;
    retry->size = unpack_var(&in);
    retry->waits = unpack_u8(&in);
    uint8_t kind = unpack_u8(&in);
    uint64_t code = unpack_var(&in);
    struct slice enhanced = unpack_tight(&in), text = unpack_tight(&in);
    if (!unpack_done(&in) || written >= INT64_MAX || group > UINT16_MAX ||
        retry->waits > RETRY_WAITS_MOST || kind > REPLY_OURS || code > 599 ||
        enhanced.len > ENHANCED_MAX || text.len > TEXT_MAX || !is_printable(text))
        return false;
    retry->place.written = (int64_t)written;
    retry->group = (unsigned)group;
    retry->reply = (struct backend_reply){(enum reply_class)kind, (unsigned)code, enhanced, text};
    return is_refusal(&retry->reply);
}
