/* SPDX-License-Identifier: ISC
 * A *question* is one name and type that libunbound has been asked for; a *lookup* is one inquiry's
 * wait for it. An answer goes into the tables of all its lookups at once; `done` is called later,
 * from the loop, so that owners may do there what they like.
 *
 * libunbound goes on with what is given up (ub_cancel only keeps it from telling the end). So a
 * question without lookups is kept, bounded, until its end is told: its answer gets cached, and who
 * asks again meanwhile joins it. */
#include "filters/dns/resolver.h"

#include "base/clock.h"
#include "filters/dns/dns_wire.h"
#include "filters/dns/resolver_context.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <unbound-event.h>

enum {
    BUCKETS = 4096,
    CLASS_IN = 1,
    RCODE_NO_NAME = 3,
    BOGUS = 1,
    SECURE = 2,
    RESERVE_MAX = 192, /* all that one From can name: 16 domains, at most nine questions each */
};
/* Beside `pending`, for what is reserved once that is scarce. libunbound has sockets for all that is
 * on its way: else it would have a line of its own, in which nobody has a place. */
enum { RESERVE_PART = 8, RESERVE_LEAST = 16, RESERVE_MOST = 256, SOCKETS_MOST = 4096 };

TAILQ_HEAD(lookup_list, lookup);
TAILQ_HEAD(question_list, question);

/* Questions that have their room together. */
struct line {
    struct question_room room;
    struct question_list queue;
    unsigned running, abandoned, queued; /* with lookups, without, not yet asked */
    unsigned sockets;                    /* for those that run and the abandoned */
};

struct lookup {
    struct lookup *next, **place;  /* in its inquiry */
    TAILQ_ENTRY(lookup) waiting;   /* for its question; or, answered, for `done` */
    TAILQ_ENTRY(lookup) deadlines; /* until answered */
    struct inquiry *inquiry;
    struct question *question; /* NULL: answered */
    struct slice name;         /* in the inquiry's arena */
    enum dns_type type;
    int64_t deadline;
};

struct question {
    TAILQ_ENTRY(question) chain; /* in its bucket */
    TAILQ_ENTRY(question) line;  /* while queued */
    struct resolver *resolver;
    struct lookup_list lookups;
    enum dns_type type;
    struct line *in;
    struct asker asker;
    int64_t started; /* clock_ms */
    bool queued;
    char name[]; /* as libunbound is asked */
};

struct resolver {
    struct ub_ctx *context;
    struct event *timer;  /* of the first deadline */
    struct event *settle; /* answered lookups and queued questions wait for the loop */
    int64_t timeout;
    unsigned queries_max;
    bool closing;
    struct resolver_counts counts;
    struct lookup_list answered, deadlines;
    struct line usual, reserved;
    struct question_list buckets[BUCKETS];
    uint32_t seed;
};

/* What is told to all lookups of a question. */
struct reply {
    enum dns_status status; /* DNS_FOUND: look into the packet */
    struct slice packet;
    bool authenticated;
};

static void set_timer(struct resolver *r);

/* ---- lookups ---- */

/* The lookup leaves its inquiry, which counts the time when it was the last. */
static void drop(struct lookup *lookup)
{
    struct inquiry *inquiry = lookup->inquiry;
    *lookup->place = lookup->next;
    if (lookup->next)
        lookup->next->place = lookup->place;
    free(lookup);
    if (--inquiry->pending == 0)
        inquiry->ms += clock_ms() - inquiry->began;
}

static struct lookup *new_lookup(struct inquiry *inquiry, const struct dns_wanted *wanted)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return NULL;
    lookup->inquiry = inquiry;
    lookup->name = wanted->name;
    lookup->type = wanted->type;
    lookup->next = inquiry->lookups;
    lookup->place = &inquiry->lookups;
    if (lookup->next)
        lookup->next->place = &lookup->next;
    inquiry->lookups = lookup;
    if (inquiry->pending++ == 0)
        inquiry->began = clock_ms();
    return lookup;
}

static void answer(struct lookup *lookup, const struct reply *reply)
{
    struct inquiry *inquiry = lookup->inquiry;
    struct resolver *r = inquiry->resolver;
    struct dns_answer got = {.status = reply->status};
    if (reply->status == DNS_FOUND)
        dns_wire_read(reply->packet, lookup->type, inquiry->arena, &got);
    got.authenticated = reply->authenticated;
    dns_answers_add(inquiry->answers, lookup->name, lookup->type, &got);
    TAILQ_REMOVE(&lookup->question->lookups, lookup, waiting);
    TAILQ_REMOVE(&r->deadlines, lookup, deadlines);
    lookup->question = NULL;
    TAILQ_INSERT_TAIL(&r->answered, lookup, waiting);
    event_active(r->settle, EV_TIMEOUT, 0);
}

/* ---- questions ---- */

static struct question_list *bucket_of(struct resolver *r, const char *name, enum dns_type type)
{
    uint32_t hash = r->seed ^ (uint32_t)type;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return &r->buckets[hash % BUCKETS];
}

static struct question *find(struct resolver *r, const char *name, enum dns_type type)
{
    struct question *q = TAILQ_FIRST(bucket_of(r, name, type));
    while (q && (q->type != type || strcmp(q->name, name) != 0))
        q = TAILQ_NEXT(q, chain);
    return q;
}

bool resolver_is_busy_for(const struct resolver *r, const struct asker *asker)
{
    return !question_room_admits(&r->usual.room, asker);
}

static bool has_place(const struct line *line, const struct asker *asker)
{
    return line->queued < line->room.limit && question_room_admits(&line->room, asker);
}

/* Where one more may wait: what is reserved too where all others do, once its own room is taken.
 * NULL: nowhere. */
static struct line *line_for(struct resolver *r, const struct asker *asker, bool reserved)
{
    bool scarce = question_room_is_scarce(&r->usual.room);
    if (reserved && scarce && has_place(&r->reserved, asker))
        return &r->reserved;
    return has_place(&r->usual, asker) ? &r->usual : NULL;
}

static void put_in_line(struct question *q, struct line *line, const struct asker *asker)
{
    q->in = line;
    q->asker = *asker;
    question_room_take(&line->room, asker);
    TAILQ_INSERT_TAIL(&line->queue, q, line);
    q->queued = true;
    line->queued++;
}

static struct question *new_question(struct resolver *r, const char *name, enum dns_type type,
                                     const struct asker *asker, bool reserved)
{
    size_t size = strlen(name) + 1;
    struct line *line = line_for(r, asker, reserved);
    struct question *q = line ? calloc(1, sizeof *q + size) : NULL;
    if (!q)
        return NULL;
    TAILQ_INIT(&q->lookups);
    q->resolver = r;
    q->type = type;
    memcpy(q->name, name, size);
    TAILQ_INSERT_TAIL(bucket_of(r, name, type), q, chain);
    put_in_line(q, line, asker);
    return q;
}

static void take_from_queue(struct question *q)
{
    TAILQ_REMOVE(&q->in->queue, q, line);
    q->queued = false;
    q->in->queued--;
}

/* What stands in the usual line is asked for by somebody who has a place in the other: else who
 * asked for the name first could make him wait. */
static void promote(struct question *q, const struct asker *asker)
{
    struct line *line = q->queued ? line_for(q->resolver, asker, true) : NULL;
    if (!line || line == q->in || q->in == &q->resolver->reserved)
        return;
    take_from_queue(q);
    question_room_give(&q->in->room, &q->asker);
    put_in_line(q, line, asker);
}

static void forget(struct question *q)
{
    TAILQ_REMOVE(bucket_of(q->resolver, q->name, q->type), q, chain);
    question_room_give(&q->in->room, &q->asker);
    free(q);
}

static void finish(struct question *q, const struct reply *reply)
{
    struct resolver *r = q->resolver;
    struct lookup *lookup;
    if (TAILQ_EMPTY(&q->lookups))
        q->in->abandoned--;
    else
        q->in->running--;
    if (reply->status == DNS_FAILED)
        r->counts.failed++;
    while ((lookup = TAILQ_FIRST(&q->lookups)))
        answer(lookup, reply);
    forget(q);
    if (!TAILQ_EMPTY(&r->usual.queue) || !TAILQ_EMPTY(&r->reserved.queue))
        event_active(r->settle, EV_TIMEOUT, 0);
}

/* The last lookup has left. */
static void abandon(struct question *q)
{
    if (q->queued) {
        take_from_queue(q);
        forget(q);
        return;
    }
    q->in->running--;
    q->in->abandoned++;
}

/* libunbound calls back; `length` means something only with rcode 0. */
static void on_answer(void *ctx, int rcode, void *packet, int length, int security, char *why_bogus,
                      int limited)
{
    struct question *q = ctx;
    struct reply reply = {.status = DNS_FAILED};
    (void)why_bogus, (void)limited;
    if (q->resolver->closing)
        return;
    if (rcode == RCODE_NO_NAME)
        reply.status = DNS_NO_NAME;
    if (rcode == 0 && packet && length > 0 && security != BOGUS)
        reply = (struct reply){DNS_FOUND, {packet, (size_t)length}, security == SECURE};
    finish(q, &reply);
}

static void start(struct question *q)
{
    struct resolver *r = q->resolver;
    take_from_queue(q);
    q->started = clock_ms();
    q->in->running++;
    r->counts.asked++;
    if (ub_resolve_event(r->context, q->name, q->type, CLASS_IN, q, on_answer, NULL) != 0)
        finish(q, &(struct reply){.status = DNS_FAILED});
}

/* What is cached is answered inside. */
static void start_line(struct line *line)
{
    struct question *q;
    while (line->running < line->room.limit && line->running + line->abandoned < line->sockets &&
           (q = TAILQ_FIRST(&line->queue)))
        start(q);
}

static void start_queued(struct resolver *r)
{
    start_line(&r->reserved);
    start_line(&r->usual);
}

/* ---- time and the loop ---- */

/* Whether our own limits kept the question in line for most of the lookup's time: that is no silence
 * of others. */
static bool stood_in_line(const struct lookup *lookup)
{
    const struct question *q = lookup->question;
    return q->queued || q->started > lookup->deadline - q->resolver->timeout / 2;
}

static void time_out(struct lookup *lookup)
{
    struct question *q = lookup->question;
    answer(lookup, &(struct reply){.status = stood_in_line(lookup) ? DNS_UNASKED : DNS_TIMED_OUT});
    if (!TAILQ_EMPTY(&q->lookups))
        return;
    q->resolver->counts.timed_out++;
    abandon(q);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct resolver *r = ctx;
    struct lookup *first;
    int64_t now = clock_ms();
    (void)fd, (void)what;
    while ((first = TAILQ_FIRST(&r->deadlines)) && first->deadline <= now)
        time_out(first);
    set_timer(r);
}

static void set_timer(struct resolver *r)
{
    const struct lookup *first = TAILQ_FIRST(&r->deadlines);
    if (!first || evtimer_pending(r->timer, NULL))
        return;
    int64_t left = first->deadline - clock_ms();
    left = left < 1 ? 1 : left;
    struct timeval delay = {left / 1000, left % 1000 * 1000};
    evtimer_add(r->timer, &delay);
}

static void on_settle(evutil_socket_t fd, short what, void *ctx)
{
    struct resolver *r = ctx;
    struct lookup *lookup;
    (void)fd, (void)what;
    start_queued(r);
    while ((lookup = TAILQ_FIRST(&r->answered))) {
        struct inquiry *inquiry = lookup->inquiry;
        TAILQ_REMOVE(&r->answered, lookup, waiting);
        drop(lookup);
        if (inquiry->pending == 0)
            inquiry->done(inquiry->ctx);
    }
}

/* ---- inquiries ---- */

void inquiry_begin(struct inquiry *inquiry, struct resolver *resolver, struct arena *arena,
                   struct dns_answers *answers, void (*done)(void *ctx), void *ctx)
{
    *inquiry = (struct inquiry){
        .resolver = resolver, .arena = arena, .answers = answers, .done = done, .ctx = ctx};
}

static bool is_waiting_for(const struct inquiry *inquiry, const struct dns_wanted *wanted)
{
    const struct lookup *lookup = inquiry->lookups;
    while (lookup && (lookup->type != wanted->type || !slice_ieq(lookup->name, wanted->name)))
        lookup = lookup->next;
    return lookup != NULL;
}

static bool join(struct lookup *lookup, const char *name, bool reserved)
{
    struct resolver *r = lookup->inquiry->resolver;
    const struct asker *asker = &lookup->inquiry->asker;
    struct question *q = find(r, name, lookup->type);
    if (q && reserved)
        promote(q, asker);
    if (!q)
        q = new_question(r, name, lookup->type, asker, reserved);
    if (!q) {
        lookup->inquiry->withheld |= resolver_is_busy_for(r, asker);
        return false;
    }
    if (!q->queued && TAILQ_EMPTY(&q->lookups)) {
        q->in->abandoned--;
        q->in->running++;
    }
    lookup->question = q;
    lookup->deadline = clock_ms() + r->timeout;
    TAILQ_INSERT_TAIL(&q->lookups, lookup, waiting);
    TAILQ_INSERT_TAIL(&r->deadlines, lookup, deadlines);
    set_timer(r);
    return true;
}

static bool look_up(struct inquiry *inquiry, const struct dns_wanted *wanted, const char *name)
{
    struct resolver *r = inquiry->resolver;
    struct lookup *lookup = new_lookup(inquiry, wanted);
    if (!lookup)
        return false;
    if (!join(lookup, name, wanted->reserved)) {
        drop(lookup);
        return false;
    }
    start_queued(r);
    if (!lookup->question) {
        TAILQ_REMOVE(&r->answered, lookup, waiting);
        drop(lookup);
    }
    return true;
}

/* Who forges a domain may spend the budget on records of his own: what that domain asks for comes
 * out of the reserve then. */
static bool pay(struct inquiry *inquiry, const struct dns_wanted *wanted)
{
    bool from_budget = inquiry->queries < inquiry->resolver->queries_max;
    if (from_budget)
        inquiry->queries++;
    else if (wanted->reserved && inquiry->reserved < RESERVE_MAX)
        inquiry->reserved++;
    else
        return false;
    return true;
}

static void ask(struct inquiry *inquiry, struct dns_wanted wanted)
{
    static const struct dns_answer unasked = {.status = DNS_UNASKED};
    char name[DNS_QUESTION_SIZE];
    if (slice_iends(wanted.name, SLICE(".")))
        wanted.name.len--;
    if (dns_answered(inquiry->answers, wanted.name, wanted.type) ||
        is_waiting_for(inquiry, &wanted) || !dns_question(wanted.name, name))
        return;
    wanted.name = arena_copy(inquiry->arena, wanted.name);
    if (!wanted.name.ptr)
        return;
    if (!pay(inquiry, &wanted) || !look_up(inquiry, &wanted, name))
        dns_answers_add(inquiry->answers, wanted.name, wanted.type, &unasked);
}

unsigned inquiry_ask(struct inquiry *inquiry, const struct dns_wanted *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ask(inquiry, wanted[i]);
    if (inquiry->hurried)
        inquiry_hurry(inquiry, true);
    return inquiry->pending;
}

void inquiry_cancel(struct inquiry *inquiry)
{
    struct lookup *lookup;
    while ((lookup = inquiry->lookups)) {
        struct question *q = lookup->question;
        if (q) {
            TAILQ_REMOVE(&q->lookups, lookup, waiting);
            TAILQ_REMOVE(&inquiry->resolver->deadlines, lookup, deadlines);
            if (TAILQ_EMPTY(&q->lookups))
                abandon(q);
        } else {
            TAILQ_REMOVE(&inquiry->resolver->answered, lookup, waiting);
        }
        drop(lookup);
    }
}

void inquiry_hurry(struct inquiry *inquiry, bool hurry)
{
    inquiry->hurried = hurry;
    if (!hurry)
        return;
    for (struct lookup *lookup = inquiry->lookups; lookup; lookup = lookup->next)
        if (lookup->question)
            time_out(lookup);
    inquiry_cancel(inquiry);
}

/* ---- the resolver ---- */

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void open_line(struct line *line, unsigned limit, unsigned sockets)
{
    TAILQ_INIT(&line->queue);
    line->room.limit = limit;
    line->sockets = smaller(2 * limit, sockets);
}

static void open_lines(struct resolver *r, unsigned pending)
{
    unsigned reserve = smaller(pending / RESERVE_PART + RESERVE_LEAST, RESERVE_MOST);
    open_line(&r->reserved, reserve, SOCKETS_MOST);
    open_line(&r->usual, pending, SOCKETS_MOST - r->reserved.sockets);
}

struct resolver *resolver_new(struct event_base *base, const struct config *config,
                              const char **reason)
{
    struct resolver *r = calloc(1, sizeof *r);
    *reason = "out of memory";
    if (!r)
        return NULL;
    const struct settings *settings = &config->settings;
    r->timeout = settings->resolver_timeout;
    r->queries_max = settings->resolver_queries;
    TAILQ_INIT(&r->answered);
    TAILQ_INIT(&r->deadlines);
    open_lines(r, settings->resolver_pending);
    for (size_t i = 0; i < BUCKETS; i++)
        TAILQ_INIT(&r->buckets[i]);
    r->timer = evtimer_new(base, on_timer, r);
    r->settle = evtimer_new(base, on_settle, r);
    if (r->timer && r->settle && getrandom(&r->seed, sizeof r->seed, 0) == (ssize_t)sizeof r->seed)
        r->context =
            resolver_context_new(base, config, r->usual.sockets + r->reserved.sockets, reason);
    if (!r->context)
        resolver_free(&r);
    return r;
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *r = *resolver;
    struct question *q;
    if (!r)
        return;
    *resolver = NULL;
    r->closing = true;
    if (r->context)
        ub_ctx_delete(r->context);
    for (size_t i = 0; i < BUCKETS; i++)
        while ((q = TAILQ_FIRST(&r->buckets[i])))
            forget(q);
    if (r->timer)
        event_free(r->timer);
    if (r->settle)
        event_free(r->settle);
    free(r);
}

struct resolver_counts resolver_counts(const struct resolver *resolver)
{
    struct resolver_counts counts = resolver->counts;
    const struct line *usual = &resolver->usual, *reserved = &resolver->reserved;
    counts.pending = usual->running + usual->queued + reserved->running + reserved->queued;
    return counts;
}
