/* SPDX-License-Identifier: ISC
 * A job on a connection: MAIL, RCPT, then RSET for a check, or DATA and the message. */
#include "proxy/smtp/smtp_upstream_internal.h"

#include "base/clock.h"
#include "proxy/smtp/smtp_vouch.h"

#include <stdio.h>

enum { PIPELINED_MOST = 100 };

/* What the server refuses is the matter of him who has logged in there, or whom it has been told of. */
static bool knows_client(const struct smtp_upstream *c)
{
    bool introduced = *c->told || server_is_introduced(c->conf);
    return c->setup.passes_login || (c->job->client && introduced);
}

static enum reply_class kind_for_user(enum reply_class kind)
{
    return kind == REPLY_OURS || kind == REPLY_UNCLEAR ? REPLY_SENDER : kind;
}

static void keep_reply(struct smtp_upstream *c, enum reply_stage stage,
                       const struct smtp_reply *from, struct backend_reply *to)
{
    to->kind = smtp_reply_class(stage, from);
    if (knows_client(c) && from->code / 100 == 5)
        to->kind = kind_for_user(to->kind);
    to->code = from->code == 421 ? 451 : from->code; /* it is not our client's session that ends */
    to->enhanced = arena_copy(c->job->arena, from->enhanced);
    to->text = arena_copy(c->job->arena, from->text);
}

static void write_path(struct smtp_upstream *c, struct slice command, struct slice address)
{
    stream_write(c->stream, command);
    stream_write(c->stream, address);
    stream_write(c->stream, SLICE(">"));
}

/* As long as a command line of the client's lets it be, and encoded. */
static void write_parameter(struct smtp_upstream *c, struct slice name, struct slice value)
{
    stream_write(c->stream, name);
    stream_write(c->stream, value);
}

static void write_mail(struct smtp_upstream *c)
{
    const struct smtp_job *job = c->job;
    write_path(c, SLICE("MAIL FROM:<"), job->sender);
    if (c->can.size && (c->deliver || job->mail.has_size))
        stream_printf(c->stream, " SIZE=%llu",
                      (unsigned long long)(c->deliver ? job->size : job->mail.size));
    if (c->can.eight_bit && (job->eight_bit || job->mail.body == SMTP_BODY_8BITMIME))
        stream_write(c->stream, SLICE(" BODY=8BITMIME"));
    if (c->can.utf8 && job->mail.utf8)
        stream_write(c->stream, SLICE(" SMTPUTF8"));
    if (c->can.dsn && job->mail.ret.len)
        write_parameter(c, SLICE(" RET="), job->mail.ret);
    if (c->can.dsn && job->mail.envid.len)
        write_parameter(c, SLICE(" ENVID="), job->mail.envid);
    stream_write(c->stream, SLICE("\r\n"));
}

static void write_rcpt(struct smtp_upstream *c, const struct job_recipient *recipient)
{
    write_path(c, SLICE("RCPT TO:<"), recipient->address);
    if (c->can.dsn && recipient->params.notify.len)
        write_parameter(c, SLICE(" NOTIFY="), recipient->params.notify);
    if (c->can.dsn && recipient->params.orcpt.len)
        write_parameter(c, SLICE(" ORCPT="), recipient->params.orcpt);
    stream_write(c->stream, SLICE("\r\n"));
}

/* Milliseconds until the job must be over, at least 1. */
static int64_t job_left(const struct smtp_upstream *c)
{
    int64_t left = c->job->deadline - clock_ms();
    return left > 1 ? left : 1;
}

static bool all_accepted(const struct smtp_job *job)
{
    bool all = job->mail_reply.kind == REPLY_YES;
    for (size_t i = 0; i < job->recipient_count; i++)
        all = all && job->recipients[i].reply.kind == REPLY_YES;
    return all;
}

static void write_command(struct smtp_upstream *c, size_t n)
{
    if (n == 0)
        write_mail(c);
    else if (n + 1 < c->commands)
        write_rcpt(c, &c->job->recipients[n - 1]);
    else
        stream_write(c->stream, c->deliver ? SLICE("DATA\r\n") : SLICE("RSET\r\n"));
}

/* A server that says 354 although somebody is refused can only be hung up on; not where one has logged in, so there
 * the last command waits to see. */
static bool must_wait(struct smtp_upstream *c)
{
    if (!c->setup.passes_login || c->sent + 1 < c->commands)
        return false;
    if (c->answered == c->sent)
        c->deliver = c->deliver && all_accepted(c->job);
    return c->answered < c->sent;
}

/* Sends what may be sent: all of the envelope when the server takes
 * pipelining (RFC 2920), else one command. */
static void advance(struct smtp_upstream *c)
{
    size_t window = c->can.pipelining ? PIPELINED_MOST : 1;
    while (c->sent < c->commands && c->sent - c->answered < window && !must_wait(c))
        write_command(c, c->sent++);
    stream_flush_whole(c->stream);
    int64_t left = job_left(c);
    stream_deadline(c->stream, left < c->setup.reply_ms ? left : c->setup.reply_ms);
}

/* Of an earlier attempt, which broke off. */
static void forget_replies(struct smtp_job *job)
{
    static const struct backend_reply none;
    job->mail_reply = job->data_reply = job->final_reply = none;
    job->each = false;
    for (size_t i = 0; i < job->recipient_count; i++)
        job->recipients[i].reply = none;
}

/* From now on replies are to the message. */
static void expect_finals(struct smtp_upstream *c)
{
    static const struct backend_reply none;
    struct smtp_job *job = c->job;
    job->each = c->conf->lmtp;
    c->finals = 0;
    c->finals_due = job->each ? job->recipient_count : 1;
    c->taken = false;
    for (size_t i = 0; job->each && i < job->recipient_count; i++)
        job->recipients[i].reply = none;
}

void smtp_upstream_begin_envelope(struct smtp_upstream *c)
{
    c->commands = c->job->recipient_count + 2;
    c->sent = c->answered = 0;
    c->state = UPSTREAM_ENVELOPE;
    advance(c);
}

void smtp_upstream_start(struct smtp_upstream *c, struct smtp_job *job)
{
    forget_replies(job);
    c->job = job;
    job->upstream = c;
    job->server =
        c->conf->original ? arena_copy(job->arena, smtp_upstream_address(c)) : c->conf->address;
    c->deliver = job->kind == JOB_DELIVER;
    if (!smtp_upstream_tell_job(c))
        smtp_upstream_begin_envelope(c);
}

/* A command beside any job; its reply leads back to idle. */
static void say_alone(struct smtp_upstream *c, const char *line)
{
    c->job = NULL;
    c->sent = c->commands = 1;
    c->answered = 0;
    c->state = UPSTREAM_ENVELOPE;
    smtp_upstream_say(c, line);
}

void smtp_upstream_keep(struct smtp_upstream *c)
{
    if (c->state == UPSTREAM_IDLE)
        say_alone(c, "NOOP\r\n");
}

/* The job has its answer. `reusable`: the connection goes back first, so that what the session asks
 * next can have it. */
static void job_answered(struct smtp_upstream *c, bool reusable)
{
    struct smtp_job *job = c->job;
    c->job = NULL;
    if (reusable && !c->behind)
        smtp_upstream_become_idle(c);
    else
        smtp_upstream_over(c, UPSTREAM_END_CLOSED, NULL);
    if (!job)
        return;
    job->outcome = JOB_ANSWERED;
    job->upstream = NULL;
    job->done(job);
}

void smtp_upstream_envelope_over(struct smtp_upstream *c)
{
    if (c->job)
        smtp_vouch(c->setup.shared, upstream_server_number(c->setup.server), c->job);
}

/* The server began nothing: after RSET the connection is good for the next job. */
static void clear_half_transaction(struct smtp_upstream *c)
{
    struct smtp_job *job = c->job;
    say_alone(c, "RSET\r\n");
    job->outcome = JOB_ANSWERED;
    job->upstream = NULL;
    job->done(job);
}

static void got_data_reply(struct smtp_upstream *c)
{
    struct smtp_job *job = c->job;
    if (job->data_reply.code / 100 >= 4) {
        clear_half_transaction(c);
        return;
    }
    if (!all_accepted(job) || job->data_reply.kind != REPLY_YES) {
        /* 354 although not every recipient is taken: no message must be begun. */
        job_answered(c, false);
        return;
    }
    if (c->behind) {
        smtp_upstream_failed(c, "reply before the message");
        return;
    }
    if (job->begins && !job->begins(job)) {
        smtp_upstream_failed(c, "not to be begun now");
        return;
    }
    c->state = UPSTREAM_BODY;
    expect_finals(c);
    stream_write_pieces(c->stream, job->pieces, job->piece_count);
    stream_flush(c->stream);
    stream_deadline(c->stream, job_left(c));
}

void smtp_upstream_got_envelope_reply(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    size_t n = c->answered++;
    struct smtp_job *job = c->job;
    if (!job) { /* the RSET after a refused delivery, or a NOOP */
        if (reply->code / 100 == 2)
            smtp_upstream_become_idle(c);
        else
            smtp_upstream_failed(c, "RSET or NOOP refused");
        return;
    }
    if (reply->code == 421 && (c->deliver || n + 1 < c->commands)) {
        /* It closes; nothing is lost yet, so it is tried anew. */
        smtp_upstream_failed(c, "421 from the server");
        return;
    }
    if (n == 0) {
        keep_reply(c, STAGE_MAIL, reply, &job->mail_reply);
    } else if (n + 1 < c->commands) {
        keep_reply(c, STAGE_RCPT, reply, &job->recipients[n - 1].reply);
    } else if (c->deliver) {
        keep_reply(c, STAGE_DATA, reply, &job->data_reply);
        smtp_upstream_envelope_over(c);
        got_data_reply(c);
        return;
    } else {
        smtp_upstream_envelope_over(c);
        job_answered(c, reply->code / 100 == 2);
        return;
    }
    advance(c);
}

void smtp_upstream_got_final(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (reply->code / 100 == 2 && stream_output_pending(c->stream)) {
        smtp_upstream_failed(c, "accepted before it had the message"); /* it cannot mean this one */
        return;
    }
    c->taken = c->taken || reply->code / 100 == 2;
    if (c->job && c->job->each)
        keep_reply(c, STAGE_BODY, reply, &c->job->recipients[c->finals].reply);
    if (c->job && c->finals == 0)
        keep_reply(c, STAGE_BODY, reply, &c->job->final_reply);
    if (++c->finals < c->finals_due)
        return;
    if (!c->job && c->taken)
        doubt_log(&c->abandoned, "delivered, but the client had gone", smtp_upstream_address(c));
    smtp_upstream_end_doubt(c);
    /* An answer before it had read all leaves it out of step. */
    job_answered(c, !stream_output_pending(c->stream) && reply->code != 421);
}

/* Its mail system is full, or does not like what the message is (RFC 3463), for whomever it is. What says nothing of that may
 * be one mailbox's matter; the others come again then, and each hears his own. */
static bool is_about_message(const struct backend_reply *reply)
{
    struct slice subject = slice_from(reply->enhanced, reply->enhanced.len ? 1 : 0);
    return slice_starts(subject, SLICE(".3.")) || slice_starts(subject, SLICE(".6."));
}

bool smtp_upstream_refused_early(struct smtp_upstream *c)
{
    static const struct backend_reply broke_off = {
        REPLY_LATER, 451, {"4.4.2", 5}, {"mail server broke off, try again later", 38}};
    struct smtp_job *job = c->job;
    if (c->state != UPSTREAM_BODY || !job || !job->each || c->finals == 0 ||
        !stream_output_pending(c->stream))
        return false;
    const struct backend_reply *last = &job->recipients[c->finals - 1].reply;
    for (size_t i = c->finals; i < job->recipient_count; i++)
        job->recipients[i].reply = is_about_message(last) ? *last : broke_off;
    job_answered(c, false);
    return true;
}
