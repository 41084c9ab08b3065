/* SPDX-License-Identifier: ISC */
#include "load.h"

static void expect(struct wire *w, const char *what)
{
    const char *line = wire_line(w);
    if (!line || strncmp(line, "+OK", 3) != 0)
        load_fail(what, line);
}

static void log_in(struct wire *w, const char *user, const char *password)
{
    expect(w, "greeting");
    load_say(w, "USER %s\r\n", user);
    expect(w, "USER");
    load_say(w, "PASS %s\r\n", password);
    expect(w, "PASS");
}

static void open_mailbox(struct wire *w)
{
    (void)w;
}

/* Commands are not pipelined, so what ends a response is the last that comes. */
static size_t read_message(struct wire *w, unsigned number)
{
    static const char end[] = "\r\n.\r\n";
    struct lines *in = &w->in;
    size_t octets = 0, keep = sizeof end - 1;
    load_say(w, "RETR %u\r\n", number);
    expect(w, "RETR");
    for (;;) {
        size_t here = in->filled - in->taken;
        if (here >= keep && !memcmp(in->buffer + in->filled - keep, end, keep))
            break;
        if (here > keep) {
            octets += here - keep;
            in->taken = in->filled - keep;
        }
        if (!wire_more(w))
            load_fail("RETR", NULL);
    }
    octets += in->filled - in->taken - strlen(".\r\n");
    in->taken = in->filled;
    return octets;
}

static void command(struct wire *w, unsigned number)
{
    load_say(w, number % 2 ? "NOOP\r\n" : "LIST %u\r\n", number);
    expect(w, "command");
}

static void log_out(struct wire *w)
{
    load_say(w, "QUIT\r\n");
    expect(w, "QUIT");
}

const struct load_protocol load_pop3 = {"pop3",       log_in,  open_mailbox,
                                        read_message, command, log_out};
