/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_asked.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/milter.h"
#include "proxy/session/session_log.h"
#include "proxy/smtp/mta_changes.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_banner.h"
#include "proxy/smtp/smtp_batv.h"
#include "proxy/smtp/smtp_finish.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- TLS ---- */

static bool keep_word(char *out, size_t size, struct slice word)
{
    bool fine = word.len < size;
    for (size_t i = 0; i < word.len; i++)
        fine &= word.ptr[i] > ' ' && word.ptr[i] < 0x7f;
    return fine && slice_to_text(word, out, size);
}

bool smtp_asked_tls(struct smtp_session *s, struct slice argument)
{
    struct told_tls *told = &s->base.told_tls;
    size_t space = slice_find(argument, ' ');
    *told = (struct told_tls){.version = ""};
    if (argument.len == 0)
        return true;
    if (space > 0 && space + 1 < argument.len &&
        keep_word(told->cipher, sizeof told->cipher, slice_from(argument, space + 1)) &&
        keep_word(told->version, sizeof told->version, slice_sub(argument, 0, space)))
        return true;
    *told = (struct told_tls){.version = ""};
    return false;
}

/* ---- what it does not let be done ---- */

/* What can be left out is, and counted. */
static void not_granted(struct smtp_session *s, const char *so)
{
    session_count(&s->base, COUNTER_NOT_GRANTED);
    if (session_logs(&s->base, LINE_TROUBLE))
        log_at(LEVEL_WARNING, s->ref, "a mail server that asks does not let that be changed",
               field_text("listener", s->base.listener->name), field_str("so", so));
}

/* What is to be taken out must not pass: whoever runs it has to mend that, and its sender keeps it. */
static void cannot_change(struct smtp_session *s)
{
    not_granted(s, "a message whose body was to be changed is put off");
    smtp_finish_say(s, "defer", 451, "4.3.5", "mail system is not set up right, try again later");
}

/* ---- recipients ---- */

enum { TAG_MAX = 24 };

static const char *write_tag(char room[static TAG_MAX], enum asked_kind kind, size_t place)
{
    snprintf(room, TAG_MAX, "%c%zu", kind, place);
    return room;
}

void smtp_asked_note(struct smtp_session *s, enum asked_kind kind, size_t place)
{
    char tag[TAG_MAX];
    smtp_say(s, 250, "2.1.5", smtp_is_asked(s) ? write_tag(tag, kind, place) : "recipient noted");
}

static void drop(struct buf *out, enum asked_kind kind, size_t place)
{
    char tag[TAG_MAX];
    buf_printf(out, "250-%s %s\r\n", milter_word(MILTER_DROP), write_tag(tag, kind, place));
}

/* Who bore a tag is to be delivered to without it. */
static void untag(const struct recipient *r, size_t place, struct buf *out)
{
    char tag[TAG_MAX];
    drop(out, ASKED_RECIPIENT, place);
    buf_printf(out, "250-%s %s <%.*s>\r\n", milter_word(MILTER_ADD),
               write_tag(tag, ASKED_RECIPIENT, place), SLICE_ARGS(r->path.address));
}

static void tell_recipients(struct smtp_session *s, struct buf *out)
{
    const struct transaction *t = s->t;
    bool may_add = smtp_may(s, MILTER_MAY_ADD);
    for (size_t i = 0; i < t->recipient_count; i++) {
        const struct recipient *r = &t->recipients[i];
        if (!is_delivered_to(r))
            drop(out, ASKED_RECIPIENT, i);
        else if (r->bore_tag && may_add)
            untag(r, i, out);
        else if (r->bore_tag)
            not_granted(s, "the recipient keeps his tag");
    }
    for (size_t i = 0; i < t->taught_count; i++)
        drop(out, ASKED_TAUGHT, i);
}

/* ---- the sender ---- */

/* False: out of memory. */
static bool tell_sender(struct smtp_session *s, struct buf *out)
{
    struct slice sender = smtp_batv_sender_of(s);
    if (!sender.ptr && sender.len == 0 && s->t->sender.address.ptr)
        return false;
    if (slice_eq(sender, s->t->sender.address))
        return true;
    if (smtp_may(s, MILTER_MAY_SENDER))
        buf_printf(out, "250-%s <%.*s>\r\n", milter_word(MILTER_SENDER), SLICE_ARGS(sender));
    else
        not_granted(s, "the sender bears no tag");
    return true;
}

/* ---- the message ---- */

static void let_pass(struct smtp_session *s)
{
    s->t->delivering = true;
    s->t->handed = clock_ms();
    smtp_finish_say(s, "accept", 250, "2.0.0", "accepted");
}

/* Who takes it in is waited for; one that does not is gone from, and the message comes again. */
static void give_body(struct smtp_session *s)
{
    struct transaction *t = s->t;
    char word[48];
    int len = snprintf(word, sizeof word, "250-%s %" PRIu64 "\r\n", milter_word(MILTER_BODY),
                       t->body.size);
    t->is_told = t->telling = true;
    session_wait(&s->base);
    session_text(&s->base, t->passed);
    session_text(&s->base, (struct slice){word, (size_t)len});
    if (s->base.state == SESSION_CLOSING)
        return;
    stream_write_pieces(s->base.stream, t->body.pieces, t->body.count);
    stream_notify_drained(s->base.stream);
    stream_deadline(s->base.stream, s->base.proxy->config->settings.timeouts_data);
    s->base.wait.resume = session_end;
    stream_flush(s->base.stream);
}

void smtp_asked_taken(struct smtp_session *s)
{
    if (!s->t->telling)
        return;
    s->t->telling = false;
    s->base.wait.resume = NULL;
    stream_deadline(s->base.stream, 0);
    let_pass(s);
}

static void end(struct smtp_session *s, enum mta_result result)
{
    switch (result) {
    case MTA_FINE:
        if (!s->t->body.changed)
            let_pass(s);
        else if (smtp_may(s, MILTER_MAY_BODY))
            give_body(s);
        else
            cannot_change(s);
        break;
    case MTA_TOO_MANY:
        smtp_finish_say(s, "reject", 550, "5.6.0",
                        "too many places in the message would have to be changed");
        break;
    case MTA_NO_FIELD:
        smtp_finish_say(s, "reject", 550, "5.6.0",
                        "the message would have to be changed, and has no sound header");
        break;
    }
}

/* False: out of memory, or (list->too_many) for good. */
static bool list_changes(struct smtp_session *s, const struct edit_input *input, struct buf *out,
                         struct edit_list *list, enum mta_result *result)
{
    struct transaction *t = s->t;
    buf_printf(out, "250-%s\r\n", milter_word(MILTER_PASS));
    tell_recipients(s, out);
    *result = MTA_TOO_MANY;
    if (!edits_list(s->mail, input, list))
        return list->too_many;
    *result = mta_changes(s->mail, out, input->message, list, t->signatures);
    return tell_sender(s, out) && mta_body(s->mail, input->message, list, &t->body);
}

void smtp_asked_pass(struct smtp_session *s, const struct edit_input *input)
{
    struct transaction *t = s->t;
    struct edit_list list;
    enum mta_result result;
    struct buf out = buf_init(MILTER_CHANGES_MAX);
    bool listed = list_changes(s, input, &out, &list, &result);
    if (result == MTA_FINE && out.failed)
        result = MTA_TOO_MANY;
    if (result == MTA_FINE)
        t->passed = arena_copy(s->mail, buf_slice(&out));
    buf_release(&out);
    if (!listed || arena_failed(s->mail)) {
        t->passed = (struct slice){NULL, 0};
        smtp_finish_say(s, "defer", 452, "4.3.1", "out of memory");
        return;
    }
    if (!smtp_may(s, MILTER_MAY_BODY) && smtp_banner_wanted(s))
        not_granted(s, "no banner is put in");
    end(s, result);
}

void smtp_asked_tell(struct smtp_session *s)
{
    char taken[32];
    if (s->t->is_told)
        return;
    int len = snprintf(taken, sizeof taken, "250-%s\r\n", milter_word(MILTER_TAKEN));
    session_text(&s->base, s->t->passed.ptr ? s->t->passed : (struct slice){taken, (size_t)len});
}
