/* SPDX-License-Identifier: ISC
 * Bodies: what comes after DATA and in the chunks of BDAT, kept in the spool within the budgets. */
#include "proxy/smtp/smtp_body.h"

#include "base/clock.h"
#include "filters/mime/headers.h"
#include "proxy/examine/spool_room.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_message.h"
#include "proxy/smtp/smtp_transaction.h"

enum { SPOOL_STEP = 64 * 1024 /* the shared budget is asked for in steps of this */ };

static bool take_room(struct smtp_session *s, size_t bytes)
{
    struct transaction *t = s->t;
    uint64_t need = spool_size(t->message.spool) + bytes;
    if (need <= t->message.spool_taken)
        return true;
    uint64_t more = (need - t->message.spool_taken + SPOOL_STEP - 1) / SPOOL_STEP * SPOOL_STEP;
    if (!spool_room_take(s->base.proxy, t->message.holder, more))
        return false;
    t->message.spool_taken += more;
    return true;
}

/* The first piece mostly holds the whole header block: the DNS is asked while the rest comes. */
static void look_ahead(struct smtp_session *s, struct slice first)
{
    struct slice block = headers_block(first, NULL);
    if (block.len > 0 && block.len < first.len)
        examination_header(&s->t->message, block);
}

/* Keeps content unless something is wrong with the body already; then it is only
 * read to its end. */
static bool keep_content(void *ctx, struct slice content)
{
    struct smtp_session *s = ctx;
    struct transaction *t = s->t;
    if (t->fault != BODY_FINE)
        return true;
    if (spool_size(t->message.spool) + content.len >
        s->base.proxy->config->settings.limits_message_size)
        t->fault = BODY_TOO_BIG;
    else if (!take_room(s, content.len))
        t->fault = BODY_NO_ROOM;
    else if (!spool_append(t->message.spool, content))
        t->fault = BODY_NO_MEMORY;
    else if (spool_size(t->message.spool) == content.len)
        look_ahead(s, content);
    if (t->fault != BODY_FINE)
        smtp_drop_body(s);
    return true;
}

/* What is going to be refused is kept no longer. */
static void note_faults(struct smtp_session *s)
{
    struct transaction *t = s->t;
    if (t->fault != BODY_FINE)
        return;
    if (t->data.nul)
        t->fault = BODY_NUL;
    else if ((t->data.bare_cr || t->data.bare_lf) && !t->data.normalise)
        t->fault = BODY_BARE_NEWLINE;
    if (t->fault != BODY_FINE)
        smtp_drop_body(s);
}

void smtp_body_too_big(struct smtp_session *s)
{
    if (s->t->fault == BODY_FINE)
        s->t->fault = BODY_TOO_BIG;
    smtp_drop_body(s);
}

static void body_complete(struct smtp_session *s)
{
    session_wait(&s->base);
    stream_bulk(s->base.stream, false);
    smtp_message(s);
}

size_t smtp_take_data(struct smtp_session *s, struct slice bytes)
{
    struct transaction *t = s->t;
    size_t used = smtp_data_feed(&t->data, bytes, keep_content, s);
    note_faults(s);
    if (t->data.state == DATA_END)
        body_complete(s);
    return used;
}

void smtp_chunk_complete(struct smtp_session *s)
{
    struct transaction *t = s->t;
    if (t->last_chunk) {
        smtp_data_finish(&t->data, keep_content, s);
        note_faults(s);
        body_complete(s);
        return;
    }
    session_expect_command(&s->base);
    if (smtp_hides(s, KEYWORD_CHUNKING))
        smtp_error(s, 502, "5.5.1", "command not implemented");
    else if (smtp_recipients(t) == 0)
        smtp_error(s, 503, "5.5.1", "RCPT first");
    else if (t->fault == BODY_TOO_BIG)
        smtp_say(s, 552, "5.3.4", "message too big");
    else if (t->fault == BODY_NO_ROOM || t->fault == BODY_NO_MEMORY)
        smtp_say(s, 452, "4.3.1", "out of room for messages, try again later");
    else
        smtp_say(s, 250, "2.0.0", "chunk received");
}

size_t smtp_take_chunk(struct smtp_session *s, struct slice bytes)
{
    struct transaction *t = s->t;
    size_t n = bytes.len < t->chunk_left ? bytes.len : (size_t)t->chunk_left;
    if (t->message.spool)
        smtp_data_feed(&t->data, slice_sub(bytes, 0, n), keep_content, s);
    note_faults(s);
    t->chunk_left -= n;
    if (t->chunk_left == 0)
        smtp_chunk_complete(s);
    return n;
}

/* ---- its clock ---- */

static int64_t silence_most(const struct smtp_session *s)
{
    return s->base.proxy->config->settings.timeouts_data;
}

void smtp_body_expect(struct smtp_session *s)
{
    upload_begin(&s->t->clock, clock_ms());
    session_expect_bulk(&s->base, silence_most(s));
}

void smtp_body_came(struct smtp_session *s, size_t octets)
{
    uint64_t least = s->base.proxy->config->settings.limits_upload_rate;
    if (!upload_came(&s->t->clock, clock_ms(), octets, least))
        smtp_close(s, 421, "4.4.2", "upload too slow");
    else if (s->t->clock.counted == 0)
        session_show(&s->base);
}

/* The deadline was set before the latest piece came. */
void smtp_body_silent(struct smtp_session *s)
{
    int64_t left = upload_patience(&s->t->clock, clock_ms(), silence_most(s));
    if (left > 0)
        stream_deadline(s->base.stream, left);
    else
        smtp_close(s, 421, "4.4.2", "timeout: no more of the message came");
}
