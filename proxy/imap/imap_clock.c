/* SPDX-License-Identifier: ISC
 * A command that takes long is told to go on (RFC 9585), since clients give a silent server up; and a session in which
 * nothing happens keeps no message. */
#include "proxy/imap/imap_session.h"

enum {
    FIRST_S = 2, /* iOS takes a connection for stuck after 8 */
    EACH_S = 10,
    KEPT_S = 15, /* what was read of a message, for who asks for its parts one after the other */
};

static void set(struct imap_session *s, time_t seconds)
{
    struct timeval wait = {seconds, 0};
    if (s->clock)
        event_add(s->clock, &wait);
}

/* Not in the middle of a response, nor to somebody who takes nothing. */
static bool may_speak(const struct imap_session *s)
{
    return s->reader.base.state == SESSION_BUSY && !s->out.line && !s->out.goes_on &&
           !s->out.within_line && !stream_output_pending(s->reader.base.stream);
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    struct imap_session *s = arg;
    (void)fd, (void)what;
    if (!s->exchange || s->idle) {
        if (!s->held)
            imap_rendering_end(s);
        return;
    }
    if (may_speak(s)) {
        session_text(&s->reader.base, SLICE("* OK [INPROGRESS (\""));
        session_text(&s->reader.base, slice_of(s->tag));
        session_text(&s->reader.base, SLICE("\" NIL NIL)] it takes a while\r\n"));
        stream_flush(s->reader.base.stream);
    }
    set(s, EACH_S);
}

void imap_clock_begin(struct imap_session *s)
{
    if (!s->clock)
        s->clock = evtimer_new(s->reader.base.proxy->base, on_clock, s);
    set(s, FIRST_S);
}

void imap_clock_rest(struct imap_session *s)
{
    if (s->rendering)
        set(s, KEPT_S);
    else if (s->clock)
        evtimer_del(s->clock);
}

void imap_clock_end(struct imap_session *s)
{
    if (s->clock)
        event_free(s->clock);
    s->clock = NULL;
}
