/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

#include <stdlib.h>

enum { PARTS = 3 };

void imap_held_given(struct imap_session *s)
{
    imap_held_end(s);
    session_enter(&s->reader.base, SESSION_BUSY);
    if (s->reader.upstream)
        reader_upstream_resume(s->reader.upstream);
    else
        imap_lose_server(s, "closed by the server");
    if (!s->exchange || s->idle)
        session_go_on(&s->reader.base);
}

void imap_held_drained(struct imap_session *s)
{
    if (giving_is_over(&s->held->giving))
        imap_held_given(s);
    else
        giving_go_on(&s->held->giving, &s->reader);
}

void imap_held_withhold(struct imap_session *s)
{
    s->withheld |= !s->held->is_ours && s->exchange && !s->idle;
    imap_held_given(s);
}

/* Before the message, that or what stands in its place, behind it. */
static void cut(const struct imap_held *held, struct slice parts[static PARTS])
{
    struct slice text = {held->octets->text, held->octets->len};
    size_t behind = held->whole + held->whole_len;
    parts[0] = slice_sub(text, 0, held->whole);
    parts[1] = held->instead.ptr ? held->instead : slice_sub(text, held->whole, behind);
    parts[2] = slice_from(text, behind);
}

void imap_held_give(struct imap_session *s)
{
    struct imap_held *held = s->held;
    struct slice parts[PARTS];
    cut(held, parts);
    if (held->octets->len <= IMAP_HELD_SMALL) {
        for (size_t i = 0; i < PARTS; i++)
            session_text(&s->reader.base, parts[i]);
        imap_held_given(s);
        imap_hold_back(s);
        return;
    }
    size_t pieces = giving_pieces(held->octets->len) + PARTS;
    held->giving.pieces = calloc(pieces, sizeof *held->giving.pieces);
    if (!held->giving.pieces) {
        imap_held_withhold(s);
        return;
    }
    for (size_t i = 0; i < PARTS; i++)
        giving_add(&held->giving, parts[i].ptr, parts[i].len);
    session_enter(&s->reader.base, SESSION_BULK);
    stream_pause(s->reader.base.stream);
    giving_go_on(&held->giving, &s->reader);
}
