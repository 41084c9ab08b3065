/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_asked.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/milter.h"
#include "proxy/smtp/mta_changes.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_finish.h"

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

static void drop_others(const struct transaction *t, struct buf *out)
{
    for (size_t i = 0; i < t->recipient_count; i++)
        if (!is_delivered_to(&t->recipients[i]))
            drop(out, ASKED_RECIPIENT, i);
    for (size_t i = 0; i < t->taught_count; i++)
        drop(out, ASKED_TAUGHT, i);
}

/* ---- the message ---- */

static void cannot_change(struct smtp_session *s)
{
    log_at(LEVEL_ERROR, s->ref, "a mail server that asks cannot change a body",
           field_text("listener", s->base.listener->name));
    smtp_finish_say(s, "reject", 550, "5.6.0", "the message would have to be changed");
}

static void end(struct smtp_session *s, enum mta_result result)
{
    switch (result) {
    case MTA_FINE:
        s->t.delivering = true;
        s->t.handed = clock_ms();
        smtp_finish_say(s, "accept", 250, "2.0.0", "accepted");
        break;
    case MTA_TOO_MANY:
        smtp_finish_say(s, "reject", 550, "5.6.0",
                        "too many places in the message would have to be changed");
        break;
    case MTA_NO_FIELDS:
        cannot_change(s);
        break;
    }
}

void smtp_asked_pass(struct smtp_session *s, const struct edit_input *input)
{
    struct transaction *t = &s->t;
    struct edit_list list;
    struct buf out = buf_init(MILTER_CHANGES_MAX);
    enum mta_result result = MTA_TOO_MANY;
    bool listed = edits_list(s->mail, input, &list);
    buf_printf(&out, "250-%s\r\n", milter_word(MILTER_PASS));
    drop_others(t, &out);
    if (listed)
        result = mta_changes(s->mail, &out, input->message, &list, t->signatures);
    if (result == MTA_FINE)
        t->passed = arena_copy(s->mail, buf_slice(&out));
    buf_release(&out);
    if ((!listed && !list.too_many) || arena_failed(s->mail)) {
        t->passed = (struct slice){NULL, 0};
        smtp_finish_say(s, "defer", 452, "4.3.1", "out of memory");
        return;
    }
    end(s, result);
}

void smtp_asked_tell(struct smtp_session *s)
{
    char taken[32];
    int len = snprintf(taken, sizeof taken, "250-%s\r\n", milter_word(MILTER_TAKEN));
    session_text(&s->base, s->t.passed.ptr ? s->t.passed : (struct slice){taken, (size_t)len});
}
