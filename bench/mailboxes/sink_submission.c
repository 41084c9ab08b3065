/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include <stdatomic.h>
#include <strings.h>

static bool is(const char *line, const char *verb)
{
    return !strncasecmp(line, verb, strlen(verb));
}

static bool answer(struct session *s, char *line)
{
    static atomic_ulong messages;
    char *in_message = s->command;
    if (*in_message) {
        *in_message = strcmp(line, ".") != 0;
        if (!*in_message)
            sink_say(s, "250 2.0.0 that is number %lu\r\n", ++messages);
    } else if (is(line, "EHLO"))
        sink_say(s, "250-sink\r\n250-PIPELINING\r\n250-SIZE 60000000\r\n250-8BITMIME\r\n"
                    "250-AUTH PLAIN\r\n250 ENHANCEDSTATUSCODES\r\n");
    else if (is(line, "AUTH PLAIN "))
        sink_say(s, "235 2.7.0 in\r\n");
    else if (is(line, "DATA")) {
        *in_message = true;
        sink_say(s, "354 go\r\n");
    } else if (is(line, "NOOP"))
        sink_say(s, "250 2.0.0 %lu messages\r\n", messages);
    else if (is(line, "MAIL") || is(line, "RCPT") || is(line, "RSET") || is(line, "HELO"))
        sink_say(s, "250 2.1.0 ok\r\n");
    else if (is(line, "QUIT"))
        sink_say(s, "221 2.0.0 bye\r\n");
    else
        sink_say(s, "502 5.5.2 not here\r\n");
    return *in_message || !is(line, "QUIT");
}

const struct sink_protocol sink_submission = {"submission", "220 sink ESMTP\r\n", BODY_ROOM, false,
                                              answer};
