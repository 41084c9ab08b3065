/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/pop3/pop3_session.h"

#include <string.h>

enum { OCTET_MS = 10 /* content that comes more slowly than this never ends */ };

static struct pop3_upstream *of(struct reader_upstream *c)
{
    return (struct pop3_upstream *)c;
}

static struct pop3_session *session_of(const struct pop3_upstream *c)
{
    return pop3_of_reader(c->base.setup.owner);
}

static int64_t patience(const struct pop3_upstream *c)
{
    return c->base.setup.session->proxy->config->settings.timeouts_backend;
}

static void begin_content(struct pop3_upstream *c)
{
    c->began = clock_ms();
    c->octets = 0;
}

bool pop3_upstream_is_ambiguous(const struct reader_upstream *c)
{
    return ((const struct pop3_upstream *)c)->body.ambiguous;
}

void pop3_upstream_resume(struct reader_upstream *c)
{
    begin_content(of(c));
    reader_upstream_resume(c);
}

void pop3_upstream_send(struct reader_upstream *c, struct slice line, enum pop3_answer answer)
{
    of(c)->answer = answer;
    of(c)->due = POP3_STATUS_DUE;
    stream_write(c->stream, line);
    reader_upstream_send(c, SLICE("\r\n"));
    reader_upstream_expect(c, patience(of(c)));
}

/* ---- status lines ---- */

/* "+ERR", as hMailServer said it, is passed as "-ERR". */
static void tell_status(struct pop3_upstream *c, const struct pop3_line *line)
{
    struct pop3_session *s = session_of(c);
    char room[POP3_STATUS_MAX];
    struct slice text = line->text;
    if (line->status == POP3_ERR && text.ptr[0] == '+') {
        memcpy(room, text.ptr, text.len);
        room[0] = '-';
        text.ptr = room;
    }
    s->exchange->status(s, line->status, text);
}

static void answered(struct pop3_upstream *c, const struct pop3_line *line)
{
    bool more = line->status == POP3_OK && c->answer >= POP3_ANSWER_LINES;
    if (!more && !pop3_stands_alone(line)) {
        reader_upstream_out_of_step(&c->base, pop3_more_behind);
        return;
    }
    c->due = more ? POP3_CONTENT_DUE : POP3_NOTHING_DUE;
    c->body = (struct pop3_body){.stuffed = c->answer == POP3_ANSWER_LINES};
    begin_content(c);
    stream_bulk(c->base.stream, more && c->answer == POP3_ANSWER_MESSAGE);
    reader_upstream_expect(&c->base, more ? patience(c) : 0);
    if (line->status == POP3_CHALLENGE && c->answer != POP3_ANSWER_CHALLENGE)
        reader_upstream_out_of_step(&c->base, "it asks where nothing is to be asked");
    else
        tell_status(c, line);
}

static size_t take_line(struct pop3_upstream *c, struct slice bytes)
{
    struct pop3_line line;
    size_t used = pop3_status_line(bytes, &line);
    if (used && line.why)
        reader_upstream_out_of_step(&c->base, line.why);
    else if (used)
        answered(c, &line);
    return used;
}

/* ---- content ---- */

static bool give_content(void *ctx, struct slice content)
{
    struct pop3_upstream *c = ctx;
    struct pop3_session *s = session_of(c);
    return s->exchange->content && s->exchange->content(s, content) && !c->base.freed;
}

/* A message that ends in the wrong place may have been written to be taken for responses. */
static void complete(struct pop3_upstream *c, bool more)
{
    struct pop3_session *s = session_of(c);
    c->due = POP3_NOTHING_DUE;
    stream_bulk(c->base.stream, false);
    reader_upstream_expect(&c->base, 0);
    if (more)
        reader_upstream_out_of_step(&c->base, pop3_more_behind);
    else
        s->exchange->complete(s);
}

static bool drips(const struct pop3_upstream *c)
{
    return clock_ms() - c->began > patience(c) + (int64_t)c->octets * OCTET_MS;
}

static size_t take_content(struct pop3_upstream *c, struct slice bytes)
{
    size_t used = pop3_body_feed(&c->body, bytes, give_content, c);
    if (c->base.freed)
        return bytes.len;
    if (used == SIZE_MAX) {
        reader_upstream_fail(&c->base, "its message was not wanted");
        return bytes.len;
    }
    c->octets += used;
    reader_upstream_expect_more(&c->base);
    if (drips(c))
        reader_upstream_fail(&c->base, "its content drips");
    else if (c->body.state == POP3_BODY_BROKEN || (c->body.stuffed && c->body.ambiguous))
        reader_upstream_out_of_step(&c->base,
                                    "it does not double the dots at the beginning of lines");
    else if (c->body.state == POP3_BODY_END)
        complete(c, used < bytes.len);
    return used;
}

size_t pop3_take_response(struct reader *r, struct slice bytes)
{
    struct pop3_upstream *c = of(r->upstream);
    switch (c->due) {
    case POP3_STATUS_DUE:
        return take_line(c, bytes);
    case POP3_CONTENT_DUE:
        return take_content(c, bytes);
    default:
        reader_upstream_out_of_step(r->upstream, "a response without a command");
        return bytes.len;
    }
}
