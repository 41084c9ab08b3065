/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_protocol.h"

#include "proxy/pop3/pop3_session.h"

#include <stdlib.h>

static bool open_pop3(struct session *base)
{
    return reader_open(reader_of(base), &pop3_reader);
}

static void close_pop3(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    pop3_read_end(s);
    spool_free(&s->capabilities);
    kept_back_forget(&s->kept_back);
    free(s->recorded);
    reader_close(&s->reader);
}

static void refuse(struct session *base, const struct verdict *verdict)
{
    struct pop3_session *s = pop3_of(base);
    reader_log_drop(base, verdict);
    pop3_err(s, "[SYS/PERM]", verdict->text);
}

static void greet(struct session *base)
{
    stream_printf(base->stream, "+OK %.*s %.*s\r\n", SLICE_ARGS(base->proxy->config->hostname),
                  SLICE_ARGS(base->listener->banner));
}

static size_t input(struct session *base, struct slice bytes)
{
    return pop3_take_line(pop3_of(base), bytes);
}

static void drained(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    if (s->reading && s->reading->giving.pieces)
        pop3_give_drained(s);
    else
        pop3_relay_drained(s);
}

/* RFC 2595 4: what was said before does not count. */
static void secured(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    s->named = false;
    s->utf8 = false;
    login_forget(s->reader.base.login);
}

static void slow(struct session *base)
{
    pop3_give_slow(pop3_of(base));
}

/* Wherever a command is over: the mailbox stays as it is without QUIT (RFC 1939 6). */
static bool between(const struct session *base)
{
    (void)base;
    return true;
}

const struct mail_protocol pop3_protocol = {
    .alpn = "pop3",
    .size = sizeof(struct pop3_session),
    .input_max = 16384,
    .farewells =
        {
            [BYE_TIMEOUT] = "-ERR [SYS/TEMP] timeout",
            [BYE_STOPPING] = "-ERR [SYS/TEMP] service is stopping, try again later",
            [BYE_ERRORS] = "-ERR too many errors",
            [BYE_COMMANDS] = "-ERR too many commands",
            [BYE_ALL_TAKEN] = "-ERR [SYS/TEMP] too many sessions, try again later",
            [BYE_CLIENT_TAKEN] = "-ERR [SYS/TEMP] too many sessions from your address",
            [BYE_HURRIED] = "-ERR [SYS/TEMP] too busy to wait any longer, try again later",
            [BYE_SHARE_TAKEN] =
                "-ERR [SYS/TEMP] too many sessions from your network, try again later",
        },
    .open = open_pop3,
    .close = close_pop3,
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
