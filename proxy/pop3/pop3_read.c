/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "filters/mime/headers.h"
#include "proxy/examine/listed.h"
#include "proxy/pop3/pop3_session.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SPOOL_STEP = 64 * 1024, /* the shared budget is asked for in steps of this */
    AGAIN_MS = 60 * 1000,   /* before what could not be shown is examined again */
    ALL_LINES = 999999999,  /* TOP that gives all of a message */
};

static const struct config *config_of(const struct pop3_session *s)
{
    return s->base.proxy->config;
}

static void changed(void *ctx)
{
    session_settle(ctx);
}

static void no_room(void *ctx)
{
    struct pop3_session *s = ctx;
    session_forget_waiting(&s->base);
    pop3_read_later(s, "scanners have no room for it");
}

struct examination pop3_examination(struct pop3_session *s, struct spool *spool,
                                    const struct examination_owner *owner)
{
    return (struct examination){.proxy = s->base.proxy,
                                .arena = s->mail,
                                .ref = s->ref,
                                .owner = owner,
                                .ctx = s,
                                .spool = spool};
}

static struct examination new_examination(struct pop3_session *s, struct spool *spool,
                                          enum pop3_part part)
{
    static const struct examination_owner owner = {changed, no_room};
    struct examination e = pop3_examination(s, spool, &owner);
    e.header_only = part == POP3_HEADER;
    return e;
}

/* ---- the end ---- */

void pop3_read_end(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    s->base.message = NULL;
    s->reading = NULL;
    if (!r)
        return;
    holding_end(&r->holding);
    pop3_trickle_end(&r->trickle);
    examination_end(&r->message);
    spool_free(&r->beginning);
    free(r->overlaid);
    free(r->stuffed);
    EVP_MD_CTX_free(r->digest);
    free(r);
    arena_release(s->mail);
}

static void keep_back(struct pop3_session *s, uint32_t number)
{
    size_t i = 0;
    if (!s->kept_back && !(s->kept_back = calloc(POP3_KEPT_BACK_MOST, sizeof *s->kept_back))) {
        s->keeps_all = true;
        return;
    }
    while (i < s->kept_back_count && s->kept_back[i].number != number)
        i++;
    if (i == POP3_KEPT_BACK_MOST) {
        s->keeps_all = true;
        i = 0;
    } else if (i == s->kept_back_count) {
        s->kept_back_count++;
    }
    s->kept_back[i].number = number;
    s->kept_back[i].until = clock_ms() + AGAIN_MS;
}

bool pop3_is_kept_back(const struct pop3_session *s, uint32_t number)
{
    for (size_t i = 0; i < s->kept_back_count; i++)
        if (s->kept_back[i].number == number)
            return true;
    return s->keeps_all;
}

static void let_go(struct pop3_session *s, uint32_t number)
{
    for (size_t i = 0; i < s->kept_back_count; i++)
        if (s->kept_back[i].number == number)
            s->kept_back[i] = s->kept_back[--s->kept_back_count];
}

static bool too_soon(const struct pop3_session *s, uint32_t number)
{
    for (size_t i = 0; i < s->kept_back_count; i++)
        if (s->kept_back[i].number == number)
            return clock_ms() < s->kept_back[i].until;
    return false;
}

static void say_later(struct pop3_session *s)
{
    pop3_deny(s, "[SYS/TEMP]", SLICE("the message could not be checked now, try again later"));
}

/* Where its header is out already nothing can be said any more: a broken connection tells that the
 * rest is not. */
static bool is_out(struct pop3_session *s)
{
    if (s->half)
        session_hang_up(&s->base);
    return s->half;
}

void pop3_read_later(struct pop3_session *s, const char *why)
{
    log_at(LEVEL_WARNING, s->ref, "message not shown", field_text("user", s->login),
           field_str("reason", why));
    keep_back(s, s->reading->number);
    pop3_record_message(s, "defer", why);
    pop3_read_end(s);
    if (!is_out(s))
        say_later(s);
}

/* ---- the verdict ---- */

/* What one client takes for a header field another does not: neither can be shown. */
static void deny_ambiguous(struct pop3_session *s)
{
    log_at(LEVEL_WARNING, s->ref, "message not shown", field_text("user", s->login),
           field_str("reason", "the server does not double the dot that it begins with"));
    keep_back(s, s->reading->number);
    pop3_read_end(s);
    if (!is_out(s))
        pop3_deny(s, "[SYS/PERM]", SLICE("this message can be read in two ways"));
}

static void examine(struct pop3_session *s);

/* It is none of what was examined, so that is done for itself. */
static void examine_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct spool *beginning = r->beginning;
    examination_end(&r->message);
    r->message = new_examination(s, beginning, POP3_BEGINS);
    r->beginning = NULL;
    r->part = POP3_HEADER;
    examine(s);
}

/* What TOP gave is a part of what was examined, or nobody has looked into it. */
static void told_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct slice whole = spool_bytes(r->message.spool), told = spool_bytes(r->beginning);
    bool there = whole.len == spool_size(r->message.spool) && told.len == spool_size(r->beginning);
    if (pop3_upstream_is_ambiguous(s->upstream))
        deny_ambiguous(s);
    else if (!slice_starts(told, slice_sub(whole, 0, r->trickle.sent)))
        pop3_read_later(s, "the server shows it with another header each time");
    else if (there && slice_starts(whole, told))
        pop3_give(s, (struct slice){r->overlaid ? r->overlaid : whole.ptr, told.len});
    else if (there && r->verdict.kind == READING_CLEAR)
        examine_beginning(s);
    else if (there && pop3_redact_beginning(s))
        pop3_give(s, (struct slice){r->overlaid, told.len});
    else
        pop3_read_later(s, "out of memory");
}

static bool take_beginning(struct pop3_session *s, struct slice octets)
{
    struct spool *beginning = s->reading->beginning;
    return spool_size(beginning) + octets.len <= config_of(s)->settings.limits_fetched_size &&
           spool_append(beginning, octets);
}

/* The server says no: that is what the client is told. */
static void answer_no(struct pop3_session *s, struct slice line)
{
    pop3_read_end(s);
    if (!is_out(s))
        pop3_answer(s, line);
}

static void begun(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        s->reading->status = arena_copy(s->mail, line);
    else
        answer_no(s, line);
}

static const struct pop3_exchange beginning = {begun, take_beginning, told_beginning};

static void ask_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    char line[40];
    int n = snprintf(line, sizeof line, "TOP %u %u", r->number, r->lines);
    pop3_trickle_end(&r->trickle);
    r->beginning = spool_new(0);
    if (r->beginning)
        pop3_send(s, (struct slice){line, (size_t)n}, POP3_ANSWER_MESSAGE, &beginning);
    else
        pop3_read_later(s, "out of memory");
}

void pop3_read_show(struct pop3_session *s, struct slice message)
{
    struct pop3_reading *r = s->reading;
    let_go(s, r->number);
    pop3_record_message(
        s,
        r->verdict.kind == READING_CLEAR ? "accept" : action_info(r->verdict.verdict.action)->word,
        "");
    if (message.len < spool_size(r->message.spool)) /* it cannot be mapped */
        pop3_read_later(s, "out of memory");
    else if (r->part == POP3_BEGINS)
        ask_beginning(s);
    else
        pop3_give(s, message);
}

static void decide(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    struct pop3_reading *r = s->reading;
    listed_facts(base->proxy, s->mailbox, &r->message.facts);
    if (policy_evaluate_reading(config_of(s)->policy, &r->message.facts, s->mail, &r->verdict) !=
            OUTCOME_DECIDED ||
        arena_failed(s->mail)) {
        pop3_read_later(s, "out of memory");
        return;
    }
    switch (r->verdict.kind) {
    case READING_CLEAR:
        pop3_read_show(s, spool_bytes(r->message.spool));
        break;
    case READING_REDACTED:
        pop3_redact(s);
        break;
    case READING_LATER:
        pop3_read_later(s, "not everything is known that rules ask for");
        break;
    }
}

/* ---- the examination ---- */

static void set_facts(struct pop3_session *s, struct examination *e)
{
    struct facts *facts = &e->facts;
    facts->keyed = facts_keyed_new(s->mail, config_of(s)->policy);
    pop3_facts(s, s->mailbox, facts);
    facts->fact[FACT_MESSAGE_SIZE] = value_integer((int64_t)spool_size(e->spool));
}

static void released(struct pop3_session *s, struct examination *e)
{
    struct released marks;
    struct proxy *proxy = s->base.proxy;
    if (!policy_uses(config_of(s)->policy, FACT_MESSAGE_RELEASED))
        return;
    released_read(spool_bytes(e->spool), &marks);
    e->facts.fact[FACT_MESSAGE_RELEASED] =
        value_bool(proxy->has_mark && released_to(&marks, proxy->mark, s->mailbox));
}

void pop3_examine(struct pop3_session *s, struct examination *e)
{
    set_facts(s, e);
    released(s, e);
    examination_begin_fetched(e);
    examination_message(e);
}

static void examine(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    session_wait(&s->base);
    s->base.message = &r->message;
    if (r->part != POP3_HEADER)
        pop3_trickle_begin(s);
    pop3_examine(s, &r->message);
    session_await(&s->base, PHASE_MESSAGE, decide);
}

/* ---- read from the server ---- */

static bool take_room(struct pop3_session *s, size_t bytes)
{
    struct examination *e = &s->reading->message;
    uint64_t need = spool_size(e->spool) + bytes;
    if (need <= e->spool_taken)
        return true;
    uint64_t more = (need - e->spool_taken + SPOOL_STEP - 1) / SPOOL_STEP * SPOOL_STEP;
    if (!shared_spool_take(s->base.proxy->shared, s->base.proxy->row, more,
                           config_of(s)->settings.limits_spool))
        return false;
    e->spool_taken += more;
    return true;
}

/* What is too big is read to its end, and not kept; but not one that has none. */
static bool take_message(struct pop3_session *s, struct slice octets)
{
    struct pop3_reading *r = s->reading;
    r->octets += octets.len;
    if (r->too_big)
        return r->octets / 2 <= config_of(s)->settings.limits_fetched_size;
    r->too_big =
        spool_size(r->message.spool) + octets.len > config_of(s)->settings.limits_fetched_size ||
        !take_room(s, octets.len) || !spool_append(r->message.spool, octets);
    if (r->too_big)
        examination_drop_body(&r->message);
    else if (r->digests)
        r->digests = EVP_DigestUpdate(r->digest, octets.ptr, octets.len) == 1;
    return true;
}

/* Known by what it is, not by what the server calls it. */
static void begin_digest(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    if (s->base.proxy->av_memory && r->part != POP3_HEADER)
        r->digest = EVP_MD_CTX_new();
    r->digests = r->digest && EVP_DigestInit_ex2(r->digest, EVP_sha256(), NULL) == 1;
}

static void end_digest(struct pop3_reading *r)
{
    r->message.has_digest =
        r->digests && EVP_DigestFinal_ex(r->digest, r->message.digest, NULL) == 1;
}

static void read_whole(struct pop3_session *s)
{
    end_digest(s->reading);
    if (pop3_upstream_is_ambiguous(s->upstream))
        deny_ambiguous(s);
    else if (s->reading->too_big)
        pop3_read_later(s, "the message is too big, or there is no room for it");
    else
        examine(s);
}

static const struct pop3_exchange reading = {begun, take_message, read_whole};

static bool prepare(struct pop3_session *s, enum pop3_part part, uint32_t number, uint32_t lines)
{
    const struct proxy *proxy = s->base.proxy;
    bool scanned = proxy->scans[SCANNER_SCAN] || proxy->scans[SCANNER_AV];
    size_t in_memory = scanned ? 0 : config_of(s)->settings.limits_fetched_size;
    struct pop3_reading *r = s->reading = malloc(sizeof *r);
    if (!r)
        return false;
    arena_reset(s->mail);
    pop3_refer_to_message(s, number);
    *r = (struct pop3_reading){.part = part,
                               .number = number,
                               .lines = lines,
                               .began = clock_ms(),
                               .message = new_examination(s, spool_new(in_memory), part)};
    return r->message.spool;
}

void pop3_read(struct pop3_session *s, enum pop3_part part, uint32_t number, uint32_t lines)
{
    char line[40];
    int n;
    if (too_soon(s, number)) {
        say_later(s);
        return;
    }
    if (!prepare(s, part, number, lines)) {
        pop3_read_end(s);
        say_later(s);
        return;
    }
    begin_digest(s);
    if (part == POP3_WHOLE)
        n = snprintf(line, sizeof line, "RETR %u", number);
    else
        n = snprintf(line, sizeof line, "TOP %u %d", number, part == POP3_BEGINS ? ALL_LINES : 0);
    pop3_send(s, (struct slice){line, (size_t)n}, POP3_ANSWER_MESSAGE, &reading);
}
