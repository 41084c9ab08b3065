/* SPDX-License-Identifier: ISC */
#include "filters/dns/resolver.h"

#include "filters/dns/resolver_context.h"
#include "filters/dns/resolver_internal.h"

#include <stdlib.h>
#include <sys/random.h>

static void on_settle(evutil_socket_t fd, short what, void *ctx)
{
    struct resolver *r = ctx;
    struct lookup *lookup;
    (void)fd, (void)what;
    questions_start(r);
    while ((lookup = TAILQ_FIRST(&r->answered))) {
        struct inquiry *inquiry = lookup->inquiry;
        TAILQ_REMOVE(&r->answered, lookup, waiting);
        lookup_drop(lookup);
        if (inquiry->pending == 0)
            inquiry->done(inquiry->ctx);
    }
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
    question_lines_open(&r->lines, settings->resolver_pending);
    for (size_t i = 0; i < QUESTION_BUCKETS; i++)
        TAILQ_INIT(&r->buckets[i]);
    r->timer = evtimer_new(base, lookups_on_timer, r);
    r->settle = evtimer_new(base, on_settle, r);
    if (r->timer && r->settle && getrandom(&r->seed, sizeof r->seed, 0) == (ssize_t)sizeof r->seed)
        r->context = resolver_context_new(base, config, question_lines_sockets(&r->lines), reason);
    if (!r->context)
        resolver_free(&r);
    return r;
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *r = *resolver;
    if (!r)
        return;
    *resolver = NULL;
    r->closing = true;
    if (r->context)
        ub_ctx_delete(r->context);
    questions_forget_all(r);
    if (r->timer)
        event_free(r->timer);
    if (r->settle)
        event_free(r->settle);
    free(r);
}

struct resolver_counts resolver_counts(const struct resolver *resolver)
{
    struct resolver_counts counts = resolver->counts;
    counts.pending = question_lines_pending(&resolver->lines);
    return counts;
}

bool resolver_is_busy_for(const struct resolver *r, const struct asker *asker)
{
    return !question_room_admits(&r->lines.usual.room, asker);
}
