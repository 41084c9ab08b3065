/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/imap/imap_session.h"

#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 16 * 1024,    /* octets that are given at once */
    KEPT = 64,            /* octets of a long line, in which a literal may be announced */
    BESIDE = 1024 * 1024, /* octets of a response beside its message */
    STEP = 64 * 1024,     /* of the shared budget */
    ENDLESS = 4, /* times the most that is kept is read to its end: one that goes on has none */
};

struct imap_held {
    /* as it comes, if it is larger than what is looked at at once */
    struct spool *spool; /* owned */
    uint64_t came;       /* octets of it */
    uint64_t literal;    /* octets that are still to come of one */
    bool first;          /* nothing has come of it */
    bool too_big;        /* or there was no room: it is taken to its end, and not given */
    uint64_t taken;      /* of the shared budget */
    /* as it is given */
    char *copy; /* owned */
    size_t len;
    bool has_whole; /* the message itself is in it: */
    size_t whole, whole_len;
    uint32_t number, uid;
    bool tells_more; /* than its UID */
    bool is_ours;    /* the client has not asked for it */
    struct giving giving;
};

void imap_held_end(struct imap_session *s)
{
    struct imap_held *held = s->held;
    s->held = NULL;
    if (!held)
        return;
    shared_spool_give(s->reader.base.proxy->shared, s->reader.base.proxy->row, held->taken);
    spool_free(&held->spool);
    free(held->giving.pieces);
    free(held->copy);
    free(held);
}

void imap_rendering_end(struct imap_session *s)
{
    struct imap_rendering *rendering = s->rendering;
    s->rendering = NULL;
    if (!rendering)
        return;
    fetched_end(&rendering->fetched);
    free(rendering);
    arena_release(s->reader.mail);
}

static bool fits(const struct imap_session *s, const struct imap_held *held)
{
    const struct imap_rendering *rendering = s->rendering;
    return rendering && rendering->epoch == s->epoch && held->uid && held->uid == rendering->uid;
}

/* ---- given ---- */

static void given(struct imap_session *s)
{
    imap_held_end(s);
    session_enter(&s->reader.base, SESSION_BUSY);
    if (s->upstream)
        imap_upstream_resume(s->upstream);
    else
        imap_lose_server(s, "closed by the server");
    if (!s->exchange || s->idle)
        session_go_on(&s->reader.base);
}

void imap_held_drained(struct imap_session *s)
{
    if (giving_is_over(&s->held->giving))
        given(s);
    else
        giving_go_on(&s->held->giving, &s->reader);
}

/* The command is told so at its end, if it has asked for it. */
static void withhold(struct imap_session *s)
{
    s->withheld |= !s->held->is_ours && s->exchange && !s->idle;
    given(s);
}

static void give(struct imap_session *s)
{
    struct imap_held *held = s->held;
    if (held->len <= SMALL) {
        session_text(&s->reader.base, (struct slice){held->copy, held->len});
        given(s);
        imap_hold_back(s);
        return;
    }
    held->giving.pieces = calloc(giving_pieces(held->len), sizeof *held->giving.pieces);
    if (!held->giving.pieces) {
        withhold(s);
        return;
    }
    giving_add(&held->giving, held->copy, held->len);
    session_enter(&s->reader.base, SESSION_BULK);
    stream_pause(s->reader.base.stream);
    giving_go_on(&held->giving, &s->reader);
}

/* ---- what of it may be shown ---- */

/* What is called a header is looked at: not every server gives what it says. */
static bool is_content(const struct imap_fetched_item *item)
{
    return imap_item(item->name) != IMAP_ITEM_OTHER ||
           (imap_names_header(item->name) && !imap_is_header(item->content));
}

/* A quoted string must not get quotes: of one that may not be shown as it is nothing is. */
static bool show_item(struct imap_session *s, const struct imap_fetched_item *item,
                      const struct imap_rendering *rendering)
{
    struct imap_held *held = s->held;
    size_t at = (size_t)(item->content.ptr - held->copy);
    bool is_whole = held->has_whole && at == held->whole && item->content.len == held->whole_len;
    if (item->value.ptr[0] == '"' && rendering && !rendering->clear)
        return imap_match(s, NULL, held->copy + at, item->content.len, false);
    if (is_whole && rendering && rendering->shown.len == held->whole_len)
        memcpy(held->copy + at, rendering->shown.ptr, held->whole_len);
    else
        return imap_match(s, rendering, held->copy + at, item->content.len,
                          imap_names_header(item->name));
    return true;
}

static void show_items(struct imap_session *s, const struct imap_rendering *rendering)
{
    struct imap_held *held = s->held;
    struct slice response = {held->copy, held->len};
    struct imap_fetched_item item;
    size_t at = 0;
    bool fits = true;
    while (imap_fetched_item(response, &at, &item) == 1)
        if (item.is_string && is_content(&item))
            fits &= show_item(s, &item, rendering);
    if (fits || !imap_barrier_reads_again(s))
        give(s);
    else
        given(s);
}

/* ---- the message is judged ---- */

/* A message is recorded when it is first read; one that has no UID each time. */
static void record(struct imap_session *s, struct fetched *f, const char *verdict,
                   const char *reason)
{
    uint32_t uid = s->rendering->uid;
    if (f->verdict.kind != READING_LATER && uid && !id_set_is_first(&s->recorded, uid))
        return;
    reader_record_message(&s->reader, f, verdict, reason,
                          s->upstream ? imap_upstream_conf(s->upstream)->address : SLICE(""));
}

static void show(struct fetched *f, struct slice message)
{
    struct imap_session *s = imap_of_reader(f->reader);
    struct imap_rendering *rendering = s->rendering;
    rendering->original = spool_bytes(f->message.spool);
    rendering->shown = message;
    rendering->clear = f->verdict.kind == READING_CLEAR;
    kept_back_remove(&s->kept_back, rendering->uid);
    record(s, f, rendering->clear ? "accept" : action_info(f->verdict.verdict.action)->word, "");
    if (message.len < fetched_size(f)) { /* it cannot be mapped */
        f->owner->later(f, "out of memory");
    } else if (s->held->is_ours) {
        given(s);
        imap_barrier_read(s, true);
    } else {
        show_items(s, rendering);
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
    withhold(s);
    if (ours)
        imap_barrier_read(s, false);
}

static const struct fetched_owner owner = {.show = show, .later = later};

static void judge(struct imap_session *s)
{
    struct imap_held *held = s->held;
    struct slice message = {held->copy + held->whole, held->whole_len};
    bool ours = held->is_ours;
    imap_rendering_end(s);
    if (held->uid && kept_back_too_soon(&s->kept_back, held->uid)) {
        withhold(s);
        if (ours)
            imap_barrier_read(s, false);
        return;
    }
    struct imap_rendering *rendering = s->rendering = calloc(1, sizeof *rendering);
    if (!rendering) {
        withhold(s);
        return;
    }
    arena_reset(s->reader.mail);
    reader_refer_to_message(&s->reader, held->uid ? held->uid : held->number);
    rendering->uid = held->uid;
    rendering->epoch = s->epoch;
    rendering->fetched = (struct fetched){
        .reader = &s->reader, .owner = &owner, .direction = s->reader.base.listener->direction};
    if (!fetched_begin(&rendering->fetched, false)) {
        later(&rendering->fetched, "out of memory");
        return;
    }
    fetched_take(&rendering->fetched, message);
    fetched_judge(&rendering->fetched);
}

/* ---- what it holds ---- */

enum holds { NOTHING_OF_A_MESSAGE, CONTENT, UNREADABLE };

static uint32_t number_of(struct slice text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len && n <= UINT32_MAX; i++)
        n = text.ptr[i] >= '0' && text.ptr[i] <= '9' ? n * 10 + (uint64_t)(text.ptr[i] - '0')
                                                     : UINT64_MAX;
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

static enum holds look(struct slice response, struct imap_held *out)
{
    struct imap_fetched_item item;
    enum holds holds = NOTHING_OF_A_MESSAGE;
    size_t at = 0;
    int found;
    while ((found = imap_fetched_item(response, &at, &item)) == 1) {
        if (slice_ieq(item.name, SLICE("UID")))
            out->uid = number_of(item.value);
        else
            out->tells_more = true;
        if (!item.is_string && imap_item(item.name) != IMAP_ITEM_OTHER && item.value.len &&
            !slice_ieq(item.value, SLICE("NIL")))
            return UNREADABLE;
        if (!item.is_string || !is_content(&item))
            continue;
        holds = CONTENT;
        if (out->has_whole || imap_item(item.name) != IMAP_ITEM_WHOLE)
            continue;
        out->has_whole = true;
        out->whole = (size_t)(item.content.ptr - response.ptr);
        out->whole_len = item.content.len;
    }
    return found == -1 && imap_may_hold_content(slice_from(response, at)) ? UNREADABLE : holds;
}

/* As it will be given. False: out of memory. */
static bool copy(struct imap_session *s, struct slice response)
{
    struct imap_held *held = s->held;
    session_wait(&s->reader.base);
    imap_upstream_pause(s->upstream);
    held->copy = malloc(response.len);
    held->len = response.len;
    if (!held->copy) {
        withhold(s);
        return false;
    }
    memcpy(held->copy, response.ptr, response.len);
    spool_free(&held->spool);
    return true;
}

/* Its content waits for a verdict, or has one; or the message has to be read before. */
static void hold(struct imap_session *s, struct slice response)
{
    struct imap_held *held = s->held;
    const struct imap_rendering *rendering =
        fits(s, held) ? s->rendering : imap_barrier_rendering(s, held->number);
    if (!held->has_whole && !rendering && imap_barrier_postpones(s, held->number, held->uid))
        imap_held_end(s);
    else if (copy(s, response) && held->has_whole)
        judge(s);
    else if (s->held)
        show_items(s, rendering);
}

/* The whole response is there. */
static void take_response(struct imap_session *s, struct slice response)
{
    struct imap_held *held = s->held;
    enum holds holds = look(response, held);
    bool ours = held->has_whole    ? imap_barrier_reads(s, held->number, held->uid)
                : held->tells_more ? false
                                   : imap_barrier_lists(s, held->number, held->uid);
    if (!s->upstream) /* it has listed too much, and is given up with what was held */
        return;
    held->is_ours = ours;
    if (holds == UNREADABLE) {
        imap_out_of_step(s, "a FETCH response with content that nobody can read");
    } else if (holds == CONTENT) {
        hold(s, response);
    } else if (held->is_ours) {
        imap_held_end(s);
    } else if (response.len > SMALL) {
        if (copy(s, response))
            give(s);
    } else {
        session_text(&s->reader.base, response);
        imap_held_end(s);
        imap_hold_back(s);
    }
}

/* ---- as it comes ---- */

/* How long the response is; 0: more must come, *needed is known of it so far. SIZE_MAX: it cannot be framed. */
static size_t extent(struct slice bytes, uint64_t *needed)
{
    struct imap_text text;
    size_t at = 0;
    while (at < bytes.len) {
        int found = imap_text(slice_from(bytes, at), at == 0, &text);
        if (found == -1)
            return SIZE_MAX;
        *needed = found ? at + text.text.len + (text.literal ? text.octets : 0) : bytes.len + 1;
        if (!found || *needed > bytes.len)
            return 0;
        at = (size_t)*needed;
        if (!text.literal)
            return at;
    }
    return 0;
}

size_t imap_held_begin(struct imap_session *s, const struct imap_response *response,
                       struct slice bytes)
{
    uint64_t needed = 0;
    size_t len = extent(bytes, &needed);
    if (len == SIZE_MAX) {
        imap_out_of_step(s, "a literal that cannot be placed");
        return bytes.len;
    }
    if (len == 0 && needed <= IMAP_INPUT_MAX && bytes.len < IMAP_INPUT_MAX)
        return 0;
    s->held = calloc(1, sizeof *s->held);
    if (!s->held || (len == 0 && !(s->held->spool = spool_new(0)))) {
        imap_out_of_step(s, "out of memory");
        return bytes.len;
    }
    s->held->number = response->number;
    s->held->first = true;
    if (len == 0)
        return imap_held_take(s, bytes);
    take_response(s, slice_sub(bytes, 0, len));
    return len;
}

bool imap_held_comes(const struct imap_session *s)
{
    return s->held && s->held->spool && !s->held->copy;
}

static bool take_room(struct imap_session *s, uint64_t need)
{
    const struct proxy *proxy = s->reader.base.proxy;
    struct imap_held *held = s->held;
    uint64_t more = need > held->taken ? (need - held->taken + STEP - 1) / STEP * STEP : 0;
    if (more &&
        !shared_spool_take(proxy->shared, proxy->row, more, proxy->config->settings.limits_spool))
        return false;
    held->taken += more;
    return true;
}

/* False: the session is over. */
static bool keep(struct imap_session *s, struct slice octets)
{
    struct imap_held *held = s->held;
    uint64_t most = s->reader.base.proxy->config->settings.limits_fetched_size + BESIDE;
    uint64_t size = spool_size(held->spool) + octets.len;
    held->too_big =
        held->too_big || size > most || !take_room(s, size) || !spool_append(held->spool, octets);
    held->came += octets.len;
    if (held->came / ENDLESS <= most)
        return true;
    imap_out_of_step(s, "a response without an end");
    return false;
}

static void complete(struct imap_session *s)
{
    struct slice response = spool_bytes(s->held->spool);
    if (s->held->too_big || !response.ptr) {
        bool ours = s->held->is_ours = imap_barrier_reads(s, s->held->number, 0);
        withhold(s);
        if (ours)
            imap_barrier_read(s, false);
    } else {
        take_response(s, response);
    }
}

size_t imap_held_take(struct imap_session *s, struct slice bytes)
{
    struct imap_held *held = s->held;
    struct imap_text text;
    if (held->literal) {
        struct slice octets = slice_sub(bytes, 0, held->literal);
        held->literal -= octets.len;
        return keep(s, octets) ? octets.len : bytes.len;
    }
    int found = imap_text(bytes, held->first, &text);
    if (found == 0 && bytes.len < IMAP_INPUT_MAX)
        return 0;
    if (found == -1) {
        imap_out_of_step(s, "a literal that cannot be placed");
        return bytes.len;
    }
    struct slice octets = found ? text.text : slice_sub(bytes, 0, bytes.len - KEPT);
    held->first = false;
    held->literal = found && text.literal ? text.octets : 0;
    if (!keep(s, octets))
        return bytes.len;
    if (found && !text.literal)
        complete(s);
    return octets.len;
}
