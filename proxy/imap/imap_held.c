/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

#include "proxy/examine/spool_room.h"

#include <stdlib.h>

enum {
    KEPT = 64,            /* octets of a long line, in which a literal may be announced */
    BESIDE = 1024 * 1024, /* octets of a response beside its message */
    ENDLESS = 4, /* times the most that is kept is read to its end: one that goes on has none */
};

void imap_held_end(struct imap_session *s)
{
    struct imap_held *held = s->held;
    s->held = NULL;
    if (!held)
        return;
    spool_room_give(s->reader.base.proxy, &s->reader.base.claim.holder, held->taken);
    buf_release(&held->text);
    free(held->giving.pieces);
    imap_octets_leave(s, &held->octets);
    free(held);
}

static size_t most_of(const struct imap_session *s)
{
    return s->reader.base.proxy->config->settings.limits_fetched_size + BESIDE;
}

/* How long the response is; 0: more must come, *needed is known of it so far. SIZE_MAX: it cannot be framed. */
static size_t extent(struct slice bytes, uint64_t *needed)
{
    struct imap_text text;
    size_t at = 0;
    while (at < bytes.len) {
        int found = imap_text(slice_from(bytes, at), at == 0, &text);
        if (found == -1)
            return SIZE_MAX;
        *needed = found ? at + text.text.len + (text.literal ? text.octets : 0) : bytes.len + 1;
        if (!found || *needed > bytes.len)
            return 0;
        at = (size_t)*needed;
        if (!text.literal)
            return at;
    }
    return 0;
}

size_t imap_held_begin(struct imap_session *s, const struct imap_response *response,
                       struct slice bytes)
{
    uint64_t needed = 0;
    size_t len = extent(bytes, &needed);
    if (len == SIZE_MAX) {
        imap_out_of_step(s, "a literal that cannot be placed");
        return bytes.len;
    }
    bool more = needed <= IMAP_INPUT_MAX && bytes.len < IMAP_INPUT_MAX;
    if (len == 0 && !more && imap_is_unheld(s, response->number, bytes, &more))
        return imap_pass_as_it_comes(s, bytes);
    if (len == 0 && more)
        return 0;
    s->held = calloc(1, sizeof *s->held);
    if (!s->held) {
        imap_out_of_step(s, "out of memory");
        return bytes.len;
    }
    s->held->number = response->number;
    s->held->first = true;
    s->held->in_pieces = len == 0;
    s->held->text = buf_init(most_of(s));
    if (s->held->in_pieces)
        return imap_held_take(s, bytes);
    imap_held_whole(s, slice_sub(bytes, 0, len));
    return len;
}

bool imap_held_comes(const struct imap_session *s)
{
    return s->held && s->held->in_pieces && !s->held->octets;
}

/* False: the session is over. */
static bool keep(struct imap_session *s, struct slice octets)
{
    struct imap_held *held = s->held;
    uint64_t size = buf_len(&held->text) + octets.len;
    held->too_big = held->too_big || !imap_octets_take_room(s, &held->taken, size) ||
                    !buf_append(&held->text, octets);
    held->came += octets.len;
    if (held->came / ENDLESS <= most_of(s))
        return true;
    imap_out_of_step(s, "a response without an end");
    return false;
}

static void complete(struct imap_session *s)
{
    if (s->held->too_big) {
        bool ours = s->held->is_ours =
            imap_barrier_reads(s, s->held->number, 0) || imap_looks_at(s, s->held->number, 0);
        imap_held_withhold(s);
        if (ours)
            imap_barrier_read(s, false);
    } else {
        imap_held_whole(s, buf_slice(&s->held->text));
    }
}

size_t imap_held_take(struct imap_session *s, struct slice bytes)
{
    struct imap_held *held = s->held;
    struct imap_text text;
    if (held->literal) {
        struct slice octets = slice_sub(bytes, 0, held->literal);
        held->literal -= octets.len;
        return keep(s, octets) ? octets.len : bytes.len;
    }
    int found = imap_text(bytes, held->first, &text);
    if (found == 0 && bytes.len < IMAP_INPUT_MAX)
        return 0;
    if (found == -1) {
        imap_out_of_step(s, "a literal that cannot be placed");
        return bytes.len;
    }
    struct slice octets = found ? text.text : slice_sub(bytes, 0, bytes.len - KEPT);
    held->first = false;
    held->literal = found && text.literal ? text.octets : 0;
    if (!keep(s, octets))
        return bytes.len;
    if (found && !text.literal)
        complete(s);
    return octets.len;
}
