/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

#include <stdlib.h>

void imap_rendering_end(struct imap_session *s)
{
    struct imap_rendering *rendering = s->rendering;
    s->rendering = NULL;
    if (!rendering)
        return;
    fetched_end(&rendering->fetched);
    imap_octets_leave(s, &rendering->octets);
    free(rendering);
    arena_release(s->reader.mail);
}

/* A message is recorded when it is first read; one that has no UID each time. */
static void record(struct imap_session *s, struct fetched *f, const char *verdict,
                   const char *reason)
{
    uint32_t uid = s->rendering->uid;
    if (f->verdict.kind != READING_LATER && uid && !id_set_is_first(&s->recorded, uid))
        return;
    reader_record_message(&s->reader, f, verdict, reason);
}

static void show(struct fetched *f, struct slice message)
{
    struct imap_session *s = imap_of_reader(f->reader);
    struct imap_rendering *rendering = s->rendering;
    rendering->original = spool_bytes(f->message.spool);
    rendering->shown = message;
    rendering->clear = f->verdict.kind == READING_CLEAR;
    kept_back_remove(&s->kept_back, rendering->uid);
    if (rendering->clear && message.len == fetched_size(f))
        imap_left_shown(s, rendering->uid, message);
    record(s, f, rendering->clear ? "accept" : action_info(f->verdict.verdict.action)->word, "");
    if (message.len < fetched_size(f)) { /* it cannot be mapped */
        f->owner->later(f, "out of memory");
    } else if (s->held->is_ours) {
        imap_held_given(s);
        imap_barrier_read(s, true);
    } else {
        s->held->is_clear = rendering->clear;
        imap_held_show(s, rendering);
    }
}

static void later(struct fetched *f, const char *why)
{
    struct imap_session *s = imap_of_reader(f->reader);
    bool ours = s->held && s->held->is_ours;
    record(s, f, "defer", why);
    kept_back_add(&s->kept_back, s->rendering->uid);
    imap_rendering_end(s);
    if (!s->held)
        return;
    imap_held_withhold(s);
    if (ours)
        imap_barrier_read(s, false);
}

static const struct fetched_owner owner = {.show = show, .later = later};

void imap_held_judge(struct imap_session *s)
{
    struct imap_held *held = s->held;
    struct slice message = {held->octets->text + held->whole, held->whole_len};
    bool ours = held->is_ours;
    imap_rendering_end(s);
    if (held->uid && kept_back_too_soon(&s->kept_back, held->uid)) {
        imap_held_withhold(s);
        if (ours)
            imap_barrier_read(s, false);
        return;
    }
    struct imap_rendering *rendering = s->rendering = calloc(1, sizeof *rendering);
    if (!rendering) {
        imap_held_withhold(s);
        return;
    }
    arena_reset(s->reader.mail);
    reader_refer_to_message(&s->reader, held->uid ? held->uid : held->number);
    rendering->uid = held->uid;
    rendering->fetched = (struct fetched){
        .reader = &s->reader, .owner = &owner, .direction = s->reader.base.listener->direction};
    rendering->octets = imap_octets_hold(held->octets);
    if (fetched_begin_over(&rendering->fetched, message))
        fetched_judge(&rendering->fetched);
    else
        later(&rendering->fetched, "out of memory");
}
