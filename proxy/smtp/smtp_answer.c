/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_answer.h"

#include <stdio.h>

enum { REPLY_MAX = 510, ENHANCED_MAX = 16 };

/* Text of others becomes printable ASCII on one line. */
static size_t printable(char *out, size_t room, struct slice text)
{
    size_t n = 0;
    for (; n < text.len && n < room; n++)
        out[n] = text.ptr[n] >= 0x20 && text.ptr[n] < 0x7f ? text.ptr[n] : '?';
    return n;
}

void smtp_answer(struct smtp_session *s, unsigned code, struct slice enhanced, struct slice text)
{
    char line[REPLY_MAX + 2];
    size_t len = (size_t)snprintf(line, REPLY_MAX, "%03u ", code % 1000);
    len += printable(line + len, ENHANCED_MAX, enhanced);
    if (enhanced.len)
        line[len++] = ' ';
    len += printable(line + len, REPLY_MAX - len, text);
    line[len++] = '\r';
    line[len++] = '\n';
    session_text(&s->base, (struct slice){line, len});
}

void smtp_say(struct smtp_session *s, unsigned code, const char *enhanced, const char *text)
{
    smtp_answer(s, code, slice_of(enhanced), slice_of(text));
}

void smtp_close(struct smtp_session *s, unsigned code, const char *enhanced, const char *text)
{
    smtp_say(s, code, enhanced, text);
    session_hang_up(&s->base);
}

void smtp_out_of_memory(struct smtp_session *s)
{
    smtp_close(s, 421, "4.3.0", "out of memory, try again later");
}

void smtp_error(struct smtp_session *s, unsigned code, const char *enhanced, const char *text)
{
    if (session_may_err(&s->base))
        smtp_say(s, code, enhanced, text);
}

void smtp_refuse(struct smtp_session *s, const struct verdict *verdict)
{
    struct slice text = arena_printf(s->mail, "%.*s (%s)", SLICE_ARGS(verdict->text), s->ref);
    smtp_answer(s, verdict->code, verdict->enhanced, text.ptr ? text : verdict->text);
}
