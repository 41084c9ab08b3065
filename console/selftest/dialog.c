/* SPDX-License-Identifier: ISC */
#include "console/selftest/dialog.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { COMMAND_MAX = 1024, LINES_MAX = 16 * 1024 };

/* ---- answers ---- */

static unsigned smtp_code(struct slice line)
{
    uint64_t code = 0;
    return slice_to_u64(slice_sub(line, 0, 3), 999, &code) ? (unsigned)code : 0;
}

/* 0: another line of it follows, or it is none. */
static unsigned code_of(enum protocol protocol, struct slice line, bool greeting)
{
    switch (protocol) {
    case PROTOCOL_SMTP:
        return line.len > 3 && line.ptr[3] == '-' ? 0 : smtp_code(line);
    case PROTOCOL_POP3:
        return slice_starts(line, SLICE("+OK")) ? 200 : 500;
    default:
        if (greeting)
            return slice_istarts(line, SLICE("* OK")) ? 200 : 500;
        return slice_istarts(line, SLICE("a OK")) ? 200
               : slice_istarts(line, SLICE("a ")) ? 500
                                                  : 0;
    }
}

/* False: the answer ends before it is whole. */
static bool hear_line(struct dialog *d, struct buf *lines, bool greeting)
{
    struct slice line;
    if (!wire_line(&d->wire, &line))
        return false;
    buf_append(lines, line);
    if (!buf_char(lines, '\n')) {
        snprintf(d->wire.trouble, sizeof d->wire.trouble, "an answer without end");
        return false;
    }
    d->code = code_of(d->play->target->protocol, line, greeting);
    if (d->code)
        d->said = arena_copy(d->play->run->scratch, line);
    return true;
}

static bool hear(struct dialog *d, bool greeting)
{
    struct buf lines = buf_init(LINES_MAX);
    d->code = 0;
    while (d->code == 0 && hear_line(d, &lines, greeting))
        ;
    d->lines = arena_copy(d->play->run->scratch, buf_slice(&lines));
    buf_release(&lines);
    return d->code != 0;
}

bool dialog_hear(struct dialog *d)
{
    return hear(d, false);
}

bool dialog_yes(const struct dialog *d)
{
    return d->code / 100 == 2;
}

struct slice dialog_said(const struct dialog *d)
{
    return d->code ? d->said : arena_copy(d->play->run->scratch, slice_of(d->wire.trouble));
}

/* ---- commands ---- */

bool dialog_ask(struct dialog *d, const char *format, ...)
{
    char room[COMMAND_MAX];
    va_list args;
    va_start(args, format);
    struct slice command = arena_vprintf(d->play->run->scratch, format, args);
    va_end(args);
    struct buf line = buf_over(room, sizeof room);
    buf_cstr(&line, d->play->target->protocol == PROTOCOL_IMAP ? "a " : "");
    buf_append(&line, command);
    buf_cstr(&line, "\r\n");
    d->code = 0;
    if (!line.failed)
        return wire_send(&d->wire, buf_slice(&line)) && dialog_hear(d);
    snprintf(d->wire.trouble, sizeof d->wire.trouble, "the command is too long");
    return false;
}

bool dialog_secure(struct dialog *d, const struct wire_tls *tls)
{
    d->code = 0; /* what was said in plaintext is no answer any more */
    return wire_secure(&d->wire, tls);
}

bool dialog_open_with(struct dialog *d, const struct play *play, const struct wire_tls *tls)
{
    const struct target *target = play->target;
    *d = (struct dialog){.play = play};
    if (!wire_open(&d->wire, (const struct sockaddr *)&target->address, target->length,
                   play->run->patience))
        return false;
    if (target->implicit_tls && !dialog_secure(d, tls))
        return false;
    return hear(d, true);
}

bool dialog_open(struct dialog *d, const struct play *play)
{
    return dialog_open_with(d, play, &(struct wire_tls){.server_name = play->target->name});
}

void dialog_close(struct dialog *d)
{
    if (d->code && d->wire.fd >= 0)
        dialog_ask(d, d->play->target->protocol == PROTOCOL_IMAP ? "LOGOUT" : "QUIT");
    wire_close(&d->wire);
}

const char *dialog_starttls_command(const struct dialog *d)
{
    return d->play->target->protocol == PROTOCOL_POP3 ? "STLS" : "STARTTLS";
}

bool dialog_offers_tls(const struct dialog *d)
{
    return d->play->target->protocol != PROTOCOL_SMTP || dialog_offers(d, "STARTTLS");
}

bool dialog_starttls(struct dialog *d)
{
    if (dialog_offers_tls(d))
        return dialog_ask(d, "%s", dialog_starttls_command(d)) && dialog_yes(d);
    d->code = 0;
    snprintf(d->wire.trouble, sizeof d->wire.trouble, "no STARTTLS");
    return false;
}

/* ---- SMTP ---- */

/* We have no name that anybody knows: an address literal (RFC 5321 4.1.3). */
static struct slice own_name(const struct dialog *d)
{
    char text[INET6_ADDRSTRLEN] = "127.0.0.1";
    struct sockaddr_storage own = {0};
    socklen_t length = sizeof own;
    getsockname(d->wire.fd, (struct sockaddr *)&own, &length);
    bool six = own.ss_family == AF_INET6;
    const void *address = six ? (const void *)&((struct sockaddr_in6 *)&own)->sin6_addr
                              : (const void *)&((struct sockaddr_in *)&own)->sin_addr;
    inet_ntop(own.ss_family, address, text, sizeof text);
    return arena_printf(d->play->run->scratch, six ? "[IPv6:%s]" : "[%s]", text);
}

bool dialog_greet(struct dialog *d)
{
    if (d->play->target->protocol != PROTOCOL_SMTP)
        return true;
    struct slice name = own_name(d);
    return dialog_ask(d, "EHLO %.*s", SLICE_ARGS(name)) && dialog_yes(d);
}

bool dialog_offers(const struct dialog *d, const char *keyword)
{
    struct slice rest = d->lines, line, word, arguments;
    while (rest.len) {
        slice_cut(rest, '\n', &line, &rest);
        slice_cut(slice_from(line, 4), ' ', &word, &arguments);
        if (slice_ieq(word, slice_of(keyword)))
            return true;
    }
    return false;
}

bool dialog_ready(struct dialog *d, const struct play *play)
{
    const struct target *target = play->target;
    if (!dialog_open(d, play) || !dialog_yes(d) || !dialog_greet(d))
        return false;
    bool wanted = target->side == SIDE_GATEWAY || target->tls != BACKEND_TLS_NONE;
    if (target->implicit_tls || !wanted || !dialog_offers_tls(d))
        return true;
    return dialog_starttls(d) &&
           dialog_secure(d, &(struct wire_tls){.server_name = target->name}) && dialog_greet(d);
}
