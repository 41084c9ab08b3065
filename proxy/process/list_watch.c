/* SPDX-License-Identifier: ISC
 * A check is a row of steps, each with its own table of answers: the health of all lists,
 * and then, when it is time, each of our addresses in all lists.
 * A step is run again when what it lacked has been answered. */
#include "proxy/process/list_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "filters/dns/blocklists.h"
#include "filters/dns/inquiry.h"

#include <stdlib.h>

enum { ARENA_MAX = 4 << 20, ROUNDS_MAX = 8, HEALTH = 0 };

struct list_watch {
    struct resolver *resolver;
    const struct config *config;
    struct shared *shared;
    unsigned row;
    struct event *timer;
    struct arena *arena; /* of one step */
    struct dns_answers *answers;
    struct inquiry inquiry;
    bool busy;
    unsigned checks;
    size_t step, steps; /* HEALTH, and 1 + the index of an address */
    unsigned rounds;    /* of this step */
    uint64_t suspended;
    int64_t since[BLOCKLISTS_MAX]; /* clock_ms, of those */
    uint64_t *listed;              /* for each of our addresses the lists that list it */
};

static uint64_t hash_of_lists(const struct config *config)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t l = 0; l < config->blocklist_count; l++) {
        struct slice zone = config->blocklists[l].zone;
        for (size_t i = 0; i < zone.len; i++)
            hash = (hash ^ (unsigned char)zone.ptr[i]) * 1099511628211u;
        hash = (hash ^ ' ') * 1099511628211u;
    }
    return hash;
}

/* ---- health */

static void tell_health(struct list_watch *watch, size_t list, const char *wrong)
{
    struct slice zone = watch->config->blocklists[list].zone;
    bool was_wrong = watch->suspended >> list & 1;
    if (wrong && !was_wrong) {
        watch->since[list] = clock_ms();
        log_at(LEVEL_WARNING, "", "blocklist suspended", field_text("zone", zone),
               field_str("why", wrong));
        shared_count(watch->shared, watch->row, COUNTER_LISTS_SUSPENDED, 1);
    } else if (!wrong && was_wrong) {
        log_at(LEVEL_INFO, "", "blocklist in use again", field_text("zone", zone),
               field_num("seconds", (clock_ms() - watch->since[list]) / 1000));
    }
}

/* Everything is asked first, so that one round does for all. */
static void look_at_health(struct list_watch *watch)
{
    const char *wrong[BLOCKLISTS_MAX] = {0};
    uint64_t suspended = 0;
    for (size_t l = 0; l < watch->config->blocklist_count; l++)
        wrong[l] = blocklist_health(watch->arena, watch->answers, watch->config, l);
    if (dns_missed(watch->answers))
        return;
    for (size_t l = 0; l < watch->config->blocklist_count; l++) {
        tell_health(watch, l, wrong[l]);
        suspended |= (uint64_t)(wrong[l] != NULL) << l;
    }
    watch->suspended = suspended;
    shared_suspend(watch->shared, watch->row, suspended);
}

/* ---- our addresses */

static uint64_t lists_in(const struct config *config, const struct list *zones)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < zones->count; i++)
        bits |=
            UINT64_C(1) << (config_blocklist(config, zones->items[i].text) - config->blocklists);
    return bits;
}

static void tell_listing(struct list_watch *watch, const struct ip *ip, size_t list, bool listed)
{
    char address[46];
    ip_text(ip, address);
    struct slice zone = watch->config->blocklists[list].zone;
    if (!listed) {
        log_at(LEVEL_INFO, "", "own address no longer listed", field_str("address", address),
               field_text("zone", zone));
        return;
    }
    log_at(LEVEL_WARNING, "", "own address listed", field_str("address", address),
           field_text("zone", zone));
    shared_count(watch->shared, watch->row, COUNTER_OWN_ADDRESS_LISTED, 1);
}

static void look_at_address(struct list_watch *watch, size_t index)
{
    struct facts facts = {0};
    const struct ip *ip = &watch->config->addresses[index];
    if (!blocklists_client(watch->arena, watch->answers, watch->config, watch->suspended, ip,
                           &facts) ||
        dns_missed(watch->answers))
        return;
    const struct list *zones = &facts.fact[FACT_DNSBL_LISTS].list;
    uint64_t before = watch->listed[index], now = lists_in(watch->config, zones);
    if (zones->cut) /* some list did not say: nothing has ended */
        now |= before;
    for (size_t l = 0; l < watch->config->blocklist_count; l++)
        if ((now ^ before) >> l & 1)
            tell_listing(watch, ip, l, now >> l & 1);
    watch->listed[index] = now;
}

/* ---- a check */

static void go_on(struct list_watch *watch);

static void answered(void *ctx)
{
    struct list_watch *watch = ctx;
    dns_answers_restart(watch->answers);
    go_on(watch);
}

static bool begin_step(struct list_watch *watch)
{
    arena_reset(watch->arena);
    watch->answers = dns_answers_new(watch->arena);
    watch->rounds = 0;
    if (watch->answers)
        inquiry_begin(&watch->inquiry, watch->resolver, watch->arena, watch->answers, answered,
                      watch);
    return watch->answers != NULL;
}

static void end_check(struct list_watch *watch)
{
    static const struct timeval every = {LIST_WATCH_EVERY / 1000, LIST_WATCH_EVERY % 1000 * 1000L};
    watch->busy = false;
    watch->checks++;
    event_add(watch->timer, &every);
}

/* Runs steps until one must wait for answers. */
static void go_on(struct list_watch *watch)
{
    while (watch->step < watch->steps) {
        size_t count;
        if (watch->step == HEALTH)
            look_at_health(watch);
        else
            look_at_address(watch, watch->step - 1);
        const struct dns_wanted *wanted = dns_wanted(watch->answers, &count);
        if (dns_missed(watch->answers) && count > 0 && watch->rounds++ < ROUNDS_MAX) {
            if (inquiry_ask(&watch->inquiry, wanted, count) > 0)
                return;
            dns_answers_restart(watch->answers);
            continue;
        }
        watch->step++;
        if (!begin_step(watch))
            break;
    }
    end_check(watch);
}

void list_watch_check(struct list_watch *watch)
{
    if (watch->busy)
        return;
    bool addresses = watch->checks % LIST_WATCH_ADDRESSES_EVERY == 0;
    watch->busy = true;
    watch->step = HEALTH;
    watch->steps = 1 + (addresses ? watch->config->address_count : 0);
    if (begin_step(watch))
        go_on(watch);
    else
        end_check(watch);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    list_watch_check(ctx);
}

struct list_watch *list_watch_new(struct event_base *base, struct resolver *resolver,
                                  const struct config *config, struct shared *shared, unsigned row)
{
    static const struct timeval at_once = {0, 0};
    struct list_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct list_watch){.resolver = resolver,
                                 .config = config,
                                 .shared = shared,
                                 .row = row,
                                 .arena = arena_new(ARENA_MAX),
                                 .listed = calloc(config->address_count + 1, sizeof(uint64_t)),
                                 .suspended = shared_lists(shared, row, hash_of_lists(config))};
    for (size_t l = 0; l < BLOCKLISTS_MAX; l++)
        watch->since[l] = clock_ms(); /* of what an earlier one has suspended it is not known */
    watch->timer = event_new(base, -1, 0, on_timer, watch);
    if (!watch->arena || !watch->listed || !watch->timer)
        list_watch_free(&watch);
    else if (config->blocklist_count > 0)
        event_add(watch->timer, &at_once);
    return watch;
}

void list_watch_free(struct list_watch **watch)
{
    if (!*watch)
        return;
    if ((*watch)->busy)
        inquiry_cancel(&(*watch)->inquiry);
    if ((*watch)->timer)
        event_free((*watch)->timer);
    arena_free(&(*watch)->arena);
    free((*watch)->listed);
    free(*watch);
    *watch = NULL;
}
