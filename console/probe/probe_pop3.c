/* SPDX-License-Identifier: ISC */
#include "console/probe/probe_protocol.h"
#include "console/probe/probe_talk.h"

#include <openssl/crypto.h>
#include <stdio.h>

/* ---- capabilities ---- */

/* A list of capabilities follows a status line; the last one, which is that behind TLS, stands. */
static void hear_capability(struct connection *c, struct slice line)
{
    if (c->new_list)
        buf_clear(&c->capabilities);
    c->new_list = false;
    buf_append(&c->capabilities, line);
    buf_char(&c->capabilities, '\n');
}

static void hear(struct connection *c, struct slice line)
{
    if (line.len && (line.ptr[0] == '+' || line.ptr[0] == '-')) {
        connection_heard(c, line);
        c->challenged |= slice_starts(line, SLICE("+ "));
        c->new_list = true;
    } else if (!slice_eq(line, SLICE("."))) {
        hear_capability(c, line);
    }
}

static void take_line(struct arena *arena, struct mechanisms *found, struct slice line,
                      struct slice *words)
{
    struct slice verb, rest;
    slice_cut(line, ' ', &verb, &rest);
    if (slice_ieq(verb, SLICE("USER")))
        rest = verb;
    else if (!slice_ieq(verb, SLICE("SASL")))
        return;
    *words = words->len ? ARENA_JOIN(arena, *words, SLICE(" "), rest) : rest;
    mechanisms_take(found, rest);
}

static struct mechanisms mechanisms(struct arena *arena, struct slice capabilities,
                                    struct slice *words)
{
    struct mechanisms found = {0};
    struct slice line;
    *words = SLICE("");
    while (capabilities.len) {
        slice_cut(capabilities, '\n', &line, &capabilities);
        take_line(arena, &found, slice_trim(line), words);
    }
    bool told = found.has & (1U << MECHANISM_USER | 1U << MECHANISM_PLAIN);
    mechanisms_by_password(&found, told ? MECHANISMS_BY_PASSWORD : 0);
    return found;
}

/* ---- commands ---- */

static bool ask(struct connection *c, const char *command)
{
    struct slice line;
    if (!talk_say(c, slice_of(command)) || !talk_line(c, &line))
        return false;
    connection_heard(c, slice_trim(line));
    return slice_starts(line, SLICE("+OK")) || talk_refused(c);
}

static bool say_password(struct connection *c)
{
    char line[8 + PROBE_SECRET_MAX];
    snprintf(line, sizeof line, "USER %s", c->probe->user);
    bool taken = ask(c, line);
    snprintf(line, sizeof line, "PASS %s", c->probe->password);
    taken = taken && ask(c, line);
    OPENSSL_cleanse(line, sizeof line);
    return taken;
}

static bool log_in(struct connection *c, const struct mechanisms *server)
{
    if (!(server->has & 1U << MECHANISM_PLAIN))
        return connection_make(c) && say_password(c);
    connection_login(c, "PLAIN", false);
    return connection_make(c);
}

/* Of "+OK 3 1200", the answer to STAT and LIST. */
static bool two_numbers(struct slice line, uint64_t *first, uint64_t *second)
{
    struct slice ok, a, b, rest;
    slice_cut(line, ' ', &ok, &rest);
    slice_cut(slice_trim(rest), ' ', &a, &rest);
    slice_cut(slice_trim(rest), ' ', &b, &rest);
    return slice_to_u64(a, UINT32_MAX, first) && slice_to_u64(b, INT64_MAX, second);
}

static bool ask_numbers(struct connection *c, const char *command, uint64_t *first,
                        uint64_t *second)
{
    return ask(c, command) && (two_numbers(buf_slice(&c->line), first, second) || talk_refused(c));
}

static bool open_mailbox(struct connection *c, uint64_t *count)
{
    uint64_t octets;
    return ask_numbers(c, "STAT", count, &octets);
}

static bool size_of(struct connection *c, unsigned number, uint64_t *octets)
{
    char command[24];
    uint64_t same;
    snprintf(command, sizeof command, "LIST %u", number);
    return ask_numbers(c, command, &same, octets);
}

static bool fetch(struct connection *c, unsigned number)
{
    char command[24];
    struct slice line;
    snprintf(command, sizeof command, "RETR %u", number);
    if (!ask(c, command))
        return false;
    while (talk_line(c, &line)) {
        if (slice_eq(line, SLICE(".\r\n")))
            return true;
        if (!buf_append(&c->body, slice_from(line, line.ptr[0] == '.')))
            return talk_too_large(c);
    }
    return false;
}

const struct probe_protocol probe_pop3 = {
    .name = "POP3",
    .starttls = "STLS",
    .lists = "CAPA",
    .sizes = "LIST",
    .farewell = "QUIT",
    .plain_hint = "; is that a port of pop3, which begins without TLS?",
    .tls_hint = "; is that a port of pop3s, which begins with TLS?",
    .cmdlet = "Set-PopSettings",
    .services = "POP3",
    .framing = 2, /* the newline that stands before the final dot need not be the message's */
    .hear = hear,
    .mechanisms = mechanisms,
    .log_in = log_in,
    .open = open_mailbox,
    .size = size_of,
    .fetch = fetch,
};

const struct probe_protocol *probe_protocol(enum protocol protocol)
{
    return protocol == PROTOCOL_POP3 ? &probe_pop3 : &probe_imap;
}
