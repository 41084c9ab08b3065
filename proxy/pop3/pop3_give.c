/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_session.h"

#include <stdlib.h>
#include <string.h>

enum { PIECES_MOST = 4096 };

/* ---- stuffed again ---- */

/* Dots are rarer than line ends, and in base64 there are none. */
static const char *next_dot(struct slice text)
{
    size_t from = 2;
    while (from < text.len) {
        const char *dot = memchr(text.ptr + from, '.', text.len - from);
        if (!dot || (dot[-1] == '\n' && dot[-2] == '\r'))
            return dot;
        from = (size_t)(dot - text.ptr) + 1;
    }
    return NULL;
}

static size_t count_dots(struct slice message)
{
    size_t count = message.len && message.ptr[0] == '.';
    const char *dot;
    while ((dot = next_dot(message))) {
        count++;
        message = slice_from(message, (size_t)(dot - message.ptr));
    }
    return count;
}

/* Each dot that begins a line stands at the end of one piece and at the beginning of the next. */
static void cut(struct pop3_reading *r, struct slice message)
{
    struct slice rest = message;
    const char *dot = message.len && message.ptr[0] == '.' ? message.ptr : next_dot(rest);
    const char *from = message.ptr;
    while (dot) {
        giving_add(&r->giving, from, (size_t)(dot - from) + 1);
        from = dot;
        rest = slice_from(message, (size_t)(dot - message.ptr));
        dot = next_dot(rest);
    }
    giving_add(&r->giving, from, (size_t)(message.ptr + message.len - from));
    giving_add(&r->giving, ".\r\n", 3);
}

/* Too many for pieces: a copy. */
static bool stuff(struct pop3_reading *r, struct slice message, size_t dots)
{
    char *out = r->stuffed = malloc(message.len + dots);
    if (!out)
        return false;
    for (size_t i = 0; i < message.len; i++) {
        bool begins =
            i == 0 || (i >= 2 && message.ptr[i - 1] == '\n' && message.ptr[i - 2] == '\r');
        if (begins && message.ptr[i] == '.')
            *out++ = '.';
        *out++ = message.ptr[i];
    }
    giving_add(&r->giving, r->stuffed, message.len + dots);
    giving_add(&r->giving, ".\r\n", 3);
    return true;
}

static bool make_pieces(struct pop3_session *s, struct slice message)
{
    struct pop3_reading *r = s->reading;
    size_t dots = count_dots(message);
    bool in_place = dots <= PIECES_MOST;
    size_t room = giving_pieces(message.len + dots) + (in_place ? dots : 0) + 2;
    r->giving.pieces = arena_array(s->reader.mail, room, sizeof *r->giving.pieces);
    if (!r->giving.pieces)
        return false;
    if (!in_place)
        return stuff(r, message, dots);
    cut(r, message);
    return true;
}

/* ---- written ---- */

void pop3_give(struct pop3_session *s, struct slice message)
{
    size_t sent = s->reading->trickle.sent;
    if (!make_pieces(s, slice_from(message, sent))) {
        pop3_read_later(s, "out of memory");
        return;
    }
    session_enter(&s->reader.base, SESSION_BULK);
    stream_pause(s->reader.base.stream);
    if (!sent)
        pop3_pass(s, s->reading->status);
    s->half = true;
    giving_go_on(&s->reading->giving, &s->reader);
}

void pop3_give_drained(struct pop3_session *s)
{
    if (s->reader.base.state != SESSION_BULK)
        return;
    if (!giving_is_over(&s->reading->giving)) {
        giving_go_on(&s->reading->giving, &s->reader);
        return;
    }
    pop3_read_end(s);
    s->half = false;
    session_enter(&s->reader.base, SESSION_BUSY);
    if (s->reader.upstream)
        session_go_on(&s->reader.base);
    else
        pop3_lose_server(s, "closed by the server");
}

/* The client has not taken a batch in all that time. */
void pop3_give_slow(struct pop3_session *s)
{
    session_end(&s->reader.base);
}
