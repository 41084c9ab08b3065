/* SPDX-License-Identifier: ISC */
#include "load.h"

#include <stdlib.h>

static void expect_greeting(struct wire *w)
{
    const char *line = wire_line(w);
    if (!line || strncmp(line, "* OK", 4) != 0)
        load_fail("greeting", line);
}

/* Up to the end of the command, past what else is said. */
static void expect(struct wire *w, const char *what)
{
    const char *line;
    while ((line = wire_line(w)) && line[0] == '*')
        ;
    if (!line || strncmp(line, "a OK", 4) != 0)
        load_fail(what, line);
}

static void log_in(struct wire *w, const char *user, const char *password)
{
    expect_greeting(w);
    load_say(w, "a LOGIN %s %s\r\n", user, password);
    expect(w, "LOGIN");
}

static void open_mailbox(struct wire *w)
{
    load_say(w, "a SELECT INBOX\r\n");
    expect(w, "SELECT");
}

static size_t announced(struct wire *w)
{
    const char *line, *brace;
    while ((line = wire_line(w)) && line[0] == '*')
        if ((brace = strrchr(line, '{')))
            return strtoul(brace + 1, NULL, 10);
    load_fail("FETCH", line);
}

static void skip(struct wire *w, size_t octets)
{
    for (;;) {
        size_t here = w->in.filled - w->in.taken, n = here < octets ? here : octets;
        w->in.taken += n;
        octets -= n;
        if (!octets)
            return;
        if (!wire_more(w))
            load_fail("FETCH", NULL);
    }
}

static size_t read_message(struct wire *w, unsigned number)
{
    load_say(w, "a UID FETCH %u (BODY.PEEK[])\r\n", number);
    size_t octets = announced(w);
    skip(w, octets);
    const char *rest = wire_line(w);
    if (!rest || !strchr(rest, ')'))
        load_fail("the end of a FETCH", rest);
    expect(w, "FETCH");
    return octets;
}

static void command(struct wire *w, unsigned number)
{
    load_say(w, number % 2 ? "a NOOP\r\n" : "a UID FETCH %u (FLAGS)\r\n", number);
    expect(w, "command");
}

static void log_out(struct wire *w)
{
    load_say(w, "a LOGOUT\r\n");
    expect(w, "LOGOUT");
}

const struct load_protocol load_imap = {"imap",       log_in,  open_mailbox,
                                        read_message, command, log_out};
