/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_protocol.h"

#include "proxy/imap/imap_session.h"

enum {
    COMMAND_MAX = 256 * 1024, /* of a command with its literals, but for messages */
    CAPABILITIES_MAX = 1024,
};

static bool open_imap(struct session *base)
{
    struct imap_session *s = imap_of(base);
    s->in.text = buf_init(COMMAND_MAX);
    s->in.text.wipes = true;
    return reader_open(&s->reader, &imap_reader);
}

static void close_imap(struct session *base)
{
    struct imap_session *s = imap_of(base);
    imap_clock_end(s);
    id_set_forget(&s->recorded);
    kept_back_forget(&s->kept_back);
    imap_held_end(s);
    imap_rendering_end(s);
    imap_barrier_end(s);
    imap_append_end(s);
    imap_opinions_end(s);
    imap_left_end(s);
    imap_places_end(s);
    buf_release(&s->in.text);
    reader_close(&s->reader);
}

static void refuse(struct session *base, const struct verdict *verdict)
{
    struct imap_session *s = imap_of(base);
    reader_log_drop(base, verdict);
    session_text(base, SLICE("* BYE "));
    session_text(base, verdict->text);
    session_text(base, SLICE(" ("));
    session_text(base, slice_of(s->reader.ref));
    session_text(base, SLICE(")\r\n"));
}

static void greet(struct session *base)
{
    char room[CAPABILITIES_MAX];
    struct buf line = buf_over(room, sizeof room);
    buf_cstr(&line, "* OK [CAPABILITY ");
    imap_own_capabilities(imap_of(base), &line);
    buf_cstr(&line, "] ");
    buf_append(&line, base->proxy->config->hostname);
    buf_cstr(&line, " ");
    buf_append(&line, base->listener->banner);
    imap_say(imap_of(base), buf_slice(&line));
}

static size_t input(struct session *base, struct slice bytes)
{
    return imap_take(imap_of(base), bytes);
}

static void drained(struct session *base)
{
    struct imap_session *s = imap_of(base);
    if (s->held && base->state == SESSION_BULK)
        imap_held_drained(s);
    else
        imap_pass_drained(s);
}

/* RFC 3501 6.2.1: what was said before does not count. */
static void secured(struct session *base)
{
    login_forget(base->login);
}

/* The client has taken nothing in all that time. */
static void slow(struct session *base)
{
    session_end(base);
}

/* Between commands the mailbox is as the client knows it. */
static bool between(const struct session *base)
{
    const struct imap_session *s = (const struct imap_session *)base;
    return !s->in.begun && (!s->exchange || s->idle);
}

const struct mail_protocol imap_protocol = {
    .alpn = "imap",
    .size = sizeof(struct imap_session),
    .input_max = IMAP_LINE_MAX,
    .farewells =
        {
            [BYE_TIMEOUT] = "* BYE [UNAVAILABLE] timeout",
            [BYE_STOPPING] = "* BYE [UNAVAILABLE] service is stopping, try again later",
            [BYE_ERRORS] = "* BYE too many errors",
            [BYE_COMMANDS] = "* BYE too many commands",
            [BYE_ALL_TAKEN] = "* BYE [UNAVAILABLE] too many sessions, try again later",
            [BYE_CLIENT_TAKEN] = "* BYE [UNAVAILABLE] too many sessions from your address",
            [BYE_HURRIED] = "* BYE [UNAVAILABLE] too busy to wait any longer, try again later",
            [BYE_SHARE_TAKEN] =
                "* BYE [UNAVAILABLE] too many sessions from your network, try again later",
        },
    .open = open_imap,
    .close = close_imap,
    .judge = reader_judge,
    .refuse = refuse,
    .record = reader_record_said,
    .greet = greet,
    .early = reader_early,
    .patience = reader_patience,
    .input = input,
    .drained = drained,
    .secured = secured,
    .slow = slow,
    .show = reader_show,
    .is_known = reader_is_known,
    .between = between,
};
