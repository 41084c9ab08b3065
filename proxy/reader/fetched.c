/* SPDX-License-Identifier: ISC */
#include "proxy/reader/fetched.h"

#include "base/clock.h"
#include "filters/moment.h"
#include "proxy/examine/likened.h"
#include "proxy/examine/listed.h"
#include "proxy/examine/spool_room.h"

#include <stdlib.h>

enum { SPOOL_STEP = 64 * 1024 /* the shared budget is asked for in steps of this */ };

static const struct config *config_of(const struct reader *r)
{
    return r->base.proxy->config;
}

static void changed(void *ctx)
{
    struct fetched *f = ctx;
    session_settle(&f->reader->base);
}

static void no_room(void *ctx)
{
    struct fetched *f = ctx;
    session_forget_waiting(&f->reader->base);
    f->owner->later(f, "scanners have no room for it");
}

struct examination fetched_examination(struct reader *r, struct spool *spool,
                                       const struct examination_owner *owner, void *ctx)
{
    return (struct examination){.proxy = r->base.proxy,
                                .wants = proxy_wants(r->base.proxy, r->base.listener),
                                .arena = r->mail,
                                .ref = r->ref,
                                .holder = &r->base.claim.holder,
                                .owner = owner,
                                .ctx = ctx,
                                .spool = spool};
}

static void new_examination(struct fetched *f, struct spool *spool, bool header_only)
{
    static const struct examination_owner owner = {changed, no_room};
    f->message = fetched_examination(f->reader, spool, &owner, f);
    f->message.header_only = header_only;
}

static void add_to_digest(struct fetched *f, struct slice octets)
{
    if (f->digests)
        f->digests = EVP_DigestUpdate(f->digest, octets.ptr, octets.len) == 1;
}

static bool is_scanned(const struct proxy *proxy)
{
    return proxy->scans[SCANNER_SCAN] || proxy->scans[SCANNER_AV];
}

/* Known by what it is, not by what the server calls it. */
static void begin_digest(struct fetched *f)
{
    if (is_scanned(f->reader->base.proxy) && !f->message.header_only)
        f->digest = EVP_MD_CTX_new();
    f->digests = f->digest && EVP_DigestInit_ex2(f->digest, EVP_sha256(), NULL) == 1;
}

static bool begin_in(struct fetched *f, struct spool *spool, bool header_only)
{
    f->began = clock_ms();
    f->reader->fetched = f;
    new_examination(f, spool, header_only);
    begin_digest(f);
    return f->message.spool;
}

bool fetched_begin(struct fetched *f, bool header_only)
{
    const struct proxy *proxy = f->reader->base.proxy;
    size_t in_memory = is_scanned(proxy) ? 0 : config_of(f->reader)->settings.limits_fetched_size;
    return begin_in(f, spool_new(in_memory), header_only);
}

bool fetched_begin_over(struct fetched *f, struct slice message)
{
    f->octets = message.len;
    f->too_big = message.len > config_of(f->reader)->settings.limits_fetched_size;
    if (!begin_in(f, spool_over(message), false))
        return false;
    add_to_digest(f, message);
    return true;
}

void fetched_end(struct fetched *f)
{
    turn_end(f);
    f->reader->base.message = NULL;
    f->reader->fetched = NULL;
    holding_end(&f->holding);
    examination_end(&f->message);
    free(f->overlaid);
    f->overlaid = NULL;
    EVP_MD_CTX_free(f->digest);
    f->digest = NULL;
}

/* ---- taken in ---- */

uint64_t fetched_size(const struct fetched *f)
{
    return f->message.spool ? spool_size(f->message.spool) : 0;
}

static bool take_room(struct fetched *f, size_t bytes)
{
    struct examination *e = &f->message;
    const struct proxy *proxy = f->reader->base.proxy;
    uint64_t need = spool_size(e->spool) + bytes;
    if (need <= e->spool_taken)
        return true;
    uint64_t more = (need - e->spool_taken + SPOOL_STEP - 1) / SPOOL_STEP * SPOOL_STEP;
    if (!spool_room_take(proxy, e->holder, more))
        return false;
    e->spool_taken += more;
    return true;
}

bool fetched_take(struct fetched *f, struct slice octets)
{
    uint64_t most = config_of(f->reader)->settings.limits_fetched_size;
    f->octets += octets.len;
    if (f->too_big)
        return f->octets / 2 <= most;
    f->too_big = spool_size(f->message.spool) + octets.len > most || !take_room(f, octets.len) ||
                 !spool_append(f->message.spool, octets);
    if (f->too_big)
        examination_drop_body(&f->message);
    else
        add_to_digest(f, octets);
    return true;
}

/* ---- examined ---- */

static void released(struct reader *r, struct examination *e)
{
    struct released marks;
    struct proxy *proxy = r->base.proxy;
    if (!policy_uses(proxy->config->policy, FACT_MESSAGE_RELEASED))
        return;
    released_read(spool_bytes(e->spool), &marks);
    e->facts.fact[FACT_MESSAGE_RELEASED] =
        value_bool(proxy->has_mark && released_to(&marks, proxy->mark, r->mailbox));
}

void fetched_examine(struct reader *r, struct examination *e, enum direction direction)
{
    e->facts.keyed = facts_keyed_new(r->mail, config_of(r)->policy);
    reader_facts(r, r->mailbox, &e->facts);
    e->facts.fact[FACT_DIRECTION] = value_integer(direction);
    if (r->base.proxy->wants[PRODUCER_CLOCK]) /* programs stay connected for days */
        moment_facts(config_of(r), clock_wall(), &e->facts);
    e->facts.fact[FACT_MESSAGE_SIZE] = value_integer((int64_t)spool_size(e->spool));
    released(r, e);
    examination_begin_fetched(e);
    examination_message(e);
}

/* ---- the verdict ---- */

static bool evaluate(struct fetched *f)
{
    struct reader *r = f->reader;
    listed_facts(&f->message, r->mailbox);
    likened_facts(&f->message);
    return policy_evaluate_reading(config_of(r)->policy, &f->message.facts, r->mail, &f->verdict) ==
               OUTCOME_DECIDED &&
           !arena_failed(r->mail);
}

bool fetched_passes(struct fetched *f)
{
    fetched_examine(f->reader, &f->message, f->direction);
    return evaluate(f) && f->verdict.kind == READING_CLEAR;
}

static void decide(struct session *base)
{
    struct reader *r = reader_of(base);
    struct fetched *f = r->fetched;
    turn_end(f);
    if (!evaluate(f)) {
        f->owner->later(f, "out of memory");
        return;
    }
    switch (f->verdict.kind) {
    case READING_CLEAR:
        f->owner->show(f, spool_bytes(f->message.spool));
        break;
    case READING_REDACTED:
        (f->owner->refuse ? f->owner->refuse : fetched_redact)(f);
        break;
    case READING_LATER:
        f->owner->later(f, "not everything is known that rules ask for");
        break;
    }
}

static void begin(struct fetched *f)
{
    struct session *base = &f->reader->base;
    base->message = &f->message;
    fetched_examine(f->reader, &f->message, f->direction);
    session_await(base, PHASE_MESSAGE, decide);
}

static void judge(struct fetched *f)
{
    session_wait(&f->reader->base);
    f->reader->fetched = f;
    if (!is_scanned(f->reader->base.proxy) || turn_take(f, begin))
        begin(f);
}

void fetched_judge(struct fetched *f)
{
    f->message.has_digest =
        f->digests && EVP_DigestFinal_ex(f->digest, f->message.digest, NULL) == 1;
    if (f->too_big)
        f->owner->later(f, "the message is too big, or there is no room for it");
    else
        judge(f);
}

void fetched_judge_other(struct fetched *f, struct spool *spool, bool header_only)
{
    examination_end(&f->message);
    new_examination(f, spool, header_only);
    judge(f);
}
