/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_session.h"

#include <stdio.h>

enum { ERR_MAX = 400 };

void pop3_pass(struct pop3_session *s, struct slice line)
{
    session_text(&s->reader.base, line);
    session_text(&s->reader.base, SLICE("\r\n"));
}

void pop3_ok(struct pop3_session *s, const char *text)
{
    char line[ERR_MAX];
    snprintf(line, sizeof line, "+OK %s", text);
    pop3_pass(s, slice_of(line));
}

void pop3_err(struct pop3_session *s, const char *code, struct slice text)
{
    char line[ERR_MAX + sizeof s->reader.ref];
    if (text.len > ERR_MAX - 40)
        text = slice_sub(text, 0, ERR_MAX - 40);
    int n = snprintf(line, sizeof line, "-ERR %s%s%.*s (%s)", code, *code ? " " : "",
                     SLICE_ARGS(text), s->reader.ref);
    pop3_pass(s, (struct slice){line, (size_t)n});
}

void pop3_mistake(struct pop3_session *s, const char *text)
{
    if (session_may_err(&s->reader.base))
        pop3_err(s, "", slice_of(text));
}

void pop3_answer(struct pop3_session *s, struct slice line)
{
    pop3_pass(s, line);
    session_go_on(&s->reader.base);
}

void pop3_deny(struct pop3_session *s, const char *code, struct slice text)
{
    pop3_err(s, code, text);
    session_go_on(&s->reader.base);
}
