/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

#include <stdlib.h>

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

void imap_held_give(struct imap_session *s)
{
    struct imap_held *held = s->held;
    if (held->len <= IMAP_HELD_SMALL) {
        session_text(&s->reader.base, (struct slice){held->copy, held->len});
        imap_held_given(s);
        imap_hold_back(s);
        return;
    }
    held->giving.pieces = calloc(giving_pieces(held->len), sizeof *held->giving.pieces);
    if (!held->giving.pieces) {
        imap_held_withhold(s);
        return;
    }
    giving_add(&held->giving, held->copy, held->len);
    session_enter(&s->reader.base, SESSION_BULK);
    stream_pause(s->reader.base.stream);
    giving_go_on(&held->giving, &s->reader);
}
