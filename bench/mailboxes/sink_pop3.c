/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include <stdlib.h>
#include <strings.h>

static bool is(const char *line, const char *verb)
{
    size_t n = strlen(verb);
    return !strncasecmp(line, verb, n) && (line[n] == ' ' || line[n] == '\0');
}

static void give(struct session *s)
{
    sink_say(s, "+OK %zu octets\r\n", sink_message_size(s));
    sink_message(s);
    sink_say(s, ".\r\n");
}

static bool answer(struct session *s, char *line)
{
    size_t each = sink_message_size(s);
    if (is(line, "USER"))
        sink_user(s, line + strlen("USER "));
    if (is(line, "RETR"))
        give(s);
    else if (is(line, "STAT"))
        sink_say(s, "+OK %lu %zu\r\n", sink_messages, sink_messages * each);
    else if (is(line, "LIST"))
        sink_say(s, "+OK %lu %zu\r\n", strtoul(line + strlen("LIST"), NULL, 10), each);
    else if (is(line, "CAPA"))
        sink_say(s, "+OK\r\nUSER\r\nTOP\r\nUIDL\r\n.\r\n");
    else if (is(line, "USER") || is(line, "PASS") || is(line, "NOOP") || is(line, "QUIT"))
        sink_say(s, "+OK\r\n");
    else
        sink_say(s, "-ERR not here\r\n");
    return !is(line, "QUIT");
}

const struct sink_protocol sink_pop3 = {"pop3", "+OK sink\r\n", LINE_MOST, true, answer};
