/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_answer.h"

#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_record.h"

#include <stdio.h>
#include <string.h>

enum { REPLY_MAX = 510, ENHANCED_MAX = 16 };

/* Text of others becomes printable ASCII on one line. */
static size_t printable(char *out, size_t room, struct slice text)
{
    size_t n = 0;
    for (; n < text.len && n < room; n++)
        out[n] = text.ptr[n] >= 0x20 && text.ptr[n] < 0x7f ? text.ptr[n] : '?';
    return n;
}

/* With the reference under which it is recorded at the end. */
static size_t write_reply(char line[static REPLY_MAX], unsigned code, struct slice enhanced,
                          struct slice text, const char *ref)
{
    char tail[DOUBT_ID_MAX + 8] = "";
    size_t tail_len = *ref ? (size_t)snprintf(tail, sizeof tail, " (%s)", ref) : 0;
    size_t len = smtp_code_text(code, line).len;
    line[len++] = ' ';
    len += printable(line + len, ENHANCED_MAX, enhanced);
    if (enhanced.len)
        line[len++] = ' ';
    len += printable(line + len, REPLY_MAX - len - tail_len, text);
    memcpy(line + len, tail, tail_len);
    return len + tail_len;
}

static void send_line(struct smtp_session *s, char line[static REPLY_MAX + 2], size_t len)
{
    line[len++] = '\r';
    line[len++] = '\n';
    session_text(&s->base, (struct slice){line, len});
}

static void answer(struct smtp_session *s, unsigned code, struct slice enhanced, struct slice text,
                   const struct verdict *rules)
{
    char line[REPLY_MAX + 2];
    size_t len = write_reply(line, code, enhanced, text, code >= 400 ? s->ref : "");
    if (code >= 400)
        smtp_record_refusal(s, code, (struct slice){line, len}, rules);
    send_line(s, line, len);
}

/* `room` is for what is told. */
static struct slice told_of(const struct smtp_session *s, const struct backend_reply *reply,
                            char room[static REPLY_MAX])
{
    const struct proxy *proxy = s->base.proxy;
    if (!proxy->config->settings.smtp_hide_backend || !s->t->backend ||
        s->base.listener->direction != DIRECTION_INBOUND)
        return reply->text;
    struct smtp_inside inside = smtp_pools_inside(proxy->backends, s->t->backend, s->rcpt);
    return (struct slice){room, smtp_hide(reply->code, reply->text, &inside, room, REPLY_MAX)};
}

void smtp_answer_backend(struct smtp_session *s, const struct backend_reply *reply)
{
    char line[REPLY_MAX + 2], room[REPLY_MAX];
    const char *ref = reply->code >= 400 ? s->ref : "";
    size_t len = write_reply(line, reply->code, reply->enhanced, reply->text, ref);
    if (reply->code >= 400)
        smtp_record_refusal(s, reply->code, (struct slice){line, len}, NULL);
    len = write_reply(line, reply->code, reply->enhanced, told_of(s, reply, room), ref);
    send_line(s, line, len);
}

void smtp_answer_backend_recorded(struct smtp_session *s, const struct backend_reply *reply)
{
    char room[REPLY_MAX];
    smtp_answer_recorded(s, reply->code, reply->enhanced, told_of(s, reply, room));
}

void smtp_answer(struct smtp_session *s, unsigned code, struct slice enhanced, struct slice text)
{
    answer(s, code, enhanced, text, NULL);
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

/* The requests of a browser or a server that was tricked hold SMTP further on: nothing of what
 * follows is read. */
void smtp_close_foreign(struct smtp_session *s, const char *protocol)
{
    char line[REPLY_MAX + 2];
    size_t len = write_reply(line, 554, SLICE("5.5.1"),
                             SLICE("this is a mail server, and that is not SMTP"), s->ref);
    smtp_record_foreign(s, protocol, 554, (struct slice){line, len});
    send_line(s, line, len);
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
    answer(s, verdict->code, verdict->enhanced, verdict->text, verdict);
}

void smtp_answer_recorded(struct smtp_session *s, unsigned code, struct slice enhanced,
                          struct slice text)
{
    char line[REPLY_MAX + 2];
    size_t len = write_reply(line, code, enhanced, text, s->ref);
    send_line(s, line, len);
}
