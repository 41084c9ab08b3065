/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_session.h"

#include <stdio.h>
#include <string.h>

static int64_t patience(const struct imap_session *s)
{
    return s->reader.base.proxy->config->settings.timeouts_backend;
}

void imap_expect(struct imap_session *s, struct slice tag, const struct imap_exchange *exchange)
{
    memcpy(s->expected, tag.ptr, tag.len);
    s->expected[tag.len] = '\0';
    s->exchange = exchange;
    session_wait(&s->reader.base);
    reader_upstream_expect(s->reader.upstream, patience(s));
}

/* No client's can be the same by accident. */
struct slice imap_own_tag(struct imap_session *s)
{
    int len = snprintf(s->own_tag, sizeof s->own_tag, "gp%s.%u", s->reader.base.id, ++s->own_tags);
    return (struct slice){s->own_tag, (size_t)len};
}

void imap_ask(struct imap_session *s, struct slice tag, struct slice text,
              const struct imap_exchange *exchange)
{
    imap_expect(s, tag, exchange);
    reader_upstream_add(s->reader.upstream, tag);
    reader_upstream_add(s->reader.upstream, SLICE(" "));
    reader_upstream_add(s->reader.upstream, text);
    reader_upstream_send(s->reader.upstream, SLICE("\r\n"));
}

/* ---- the client's command ---- */

/* A server that stops reading a line early takes the octets of "{5+}" for its next commands, and so does one that does
 * not know it: so it has to ask for each literal, whatever the client has announced. */
static void send_announcement(struct imap_session *s, struct slice piece, bool plus)
{
    reader_upstream_add(s->reader.upstream, slice_sub(piece, 0, piece.len - (plus ? 4 : 0)));
    reader_upstream_send(s->reader.upstream, plus ? SLICE("}\r\n") : SLICE(""));
}

/* A message goes out from where it lies: what stands behind it comes once it is out. */
static bool send_literal(struct imap_session *s)
{
    struct slice text = buf_slice(&s->in.text), message;
    if (!imap_append_octets(s, s->sent, &message)) {
        reader_upstream_send(s->reader.upstream, slice_sub(text, s->sent, s->sent + s->awaited));
        s->sent += s->awaited;
        return true;
    }
    s->message = (struct iovec){(void *)(uintptr_t)message.ptr, message.len};
    if (message.len)
        reader_upstream_pieces(s->reader.upstream, &s->message, 1);
    return message.len == 0;
}

/* Up to where the server has to say "+". */
static void send_more(struct imap_session *s)
{
    struct slice text = buf_slice(&s->in.text);
    struct imap_piece piece;
    if (imap_piece(slice_from(text, s->sent), &piece) != 1)
        return;
    send_announcement(s, slice_sub(text, s->sent, s->sent + piece.used),
                      piece.literal && !piece.waits);
    s->sent += piece.used;
    s->awaited = piece.octets;
    s->asks = piece.literal;
}

void imap_go_ahead(struct imap_session *s, struct slice line)
{
    (void)line;
    if (!s->asks) {
        imap_out_of_step(s, "it asks where nothing is to be asked");
        return;
    }
    s->asks = false;
    if (send_literal(s))
        send_more(s);
}

void imap_relay_drained(struct imap_session *s)
{
    s->message.iov_len = 0;
    send_more(s);
}

static void idling(struct imap_session *s, struct slice line)
{
    imap_say(s, line);
    s->idle = true;
    imap_does_take(s);
    reader_upstream_expect(s->reader.upstream, 0);
    session_go_on(&s->reader.base);
}

void imap_conclude(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    bool withheld = s->withheld;
    s->withheld = s->idle = false;
    reader_upstream_expect(s->reader.upstream, 0);
    if (withheld)
        imap_no(s, "[UNAVAILABLE]",
                SLICE("not every message could be checked now, try again later"));
    else
        imap_pass_line(s, response, line);
    if (s->reader.base.leaving)
        session_hang_up(&s->reader.base);
    else
        imap_next_command(s);
}

const struct imap_exchange imap_relaying = {.go_ahead = imap_go_ahead, .done = imap_conclude};
const struct imap_exchange imap_idling = {.go_ahead = idling, .done = imap_conclude};

void imap_relay(struct imap_session *s, const struct imap_exchange *exchange)
{
    s->sent = 0;
    s->asks = false;
    imap_expect(s, slice_of(s->tag), exchange);
    send_more(s);
}
