/* SPDX-License-Identifier: ISC */
#include "parent/parent_troubles.h"

#include "base/clock.h"
#include "base/log.h"
#include "parent/parent.h"

enum { LOOK_EVERY = 1000 };

struct finding trouble_find(struct trouble *trouble, const struct shared *shared, unsigned number)
{
    struct finding found = {.news = false};
    int64_t since, known = trouble->since;
    found.down = shared_server_is_down(shared, number, &since, found.why);
    if (!found.down && known && shared_server_last_up(shared, number) <= trouble->seen) {
        found.down = true;
        return found;
    }
    if (found.down)
        trouble->seen = clock_ms();
    found.news = found.down != (known != 0);
    if (found.news && !found.down)
        found.seconds = clock_wall() - known;
    trouble->since = known && found.down && known < since ? known : since;
    return found;
}

static struct finding look_at(struct parent *parent, unsigned number)
{
    return trouble_find(&parent->troubles.of[number], parent->shared, number);
}

static void look_at_server(struct parent *parent, const struct backend *backend,
                           const struct server *server)
{
    struct finding found =
        look_at(parent, shared_server(parent->shared, &server->ip, server->port));
    if (found.news && found.down)
        log_at(LEVEL_WARNING, "", "backend server down", field_text("backend", backend->name),
               field_text("server", server->address), field_str("reason", found.why));
    else if (found.news)
        log_at(LEVEL_INFO, "", "backend server up", field_text("backend", backend->name),
               field_text("server", server->address), field_num("seconds", found.seconds));
}

static void look_at_dns(struct parent *parent)
{
    struct finding found = look_at(parent, SHARED_RESOLVER);
    if (found.news && found.down)
        log_at(LEVEL_WARNING, "", "DNS is away, what needs it is unknown",
               field_str("reason", found.why));
    else if (found.news)
        log_at(LEVEL_INFO, "", "DNS is back", field_num("seconds", found.seconds));
}

int64_t troubles_look(struct parent *parent, int64_t now)
{
    if (now < parent->troubles.look_at)
        return parent->troubles.look_at;
    const struct config *config = parent->current->loaded.config;
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            look_at_server(parent, &config->backends[b], &config->backends[b].servers[s]);
    look_at_dns(parent);
    return parent->troubles.look_at = now + LOOK_EVERY;
}
