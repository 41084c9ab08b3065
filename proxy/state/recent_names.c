/* SPDX-License-Identifier: ISC */
#include "proxy/state/recent_names.h"

#include "base/siphash.h"

#include <sys/random.h>
#include <sys/types.h>

bool recent_names_init(struct recent_names *names)
{
    *names = (struct recent_names){0};
    return getrandom(names->secret, sizeof names->secret, 0) == (ssize_t)sizeof names->secret;
}

static size_t place_of(uint64_t hash)
{
    return hash % RECENT_NAMES;
}

static bool is_here(const struct recent_name *name, uint64_t hash, int64_t now)
{
    return name->hash == hash && now < name->until;
}

void recent_names_put(struct recent_names *names, struct slice key, int64_t now, int64_t ms)
{
    uint64_t hash = siphash(names->secret, key);
    struct recent_name *name = &names->all[place_of(hash)];
    if (!is_here(name, hash, now))
        *name = (struct recent_name){.hash = hash, .until = now + ms};
}

bool recent_names_has(const struct recent_names *names, struct slice key, int64_t now)
{
    uint64_t hash = siphash(names->secret, key);
    return is_here(&names->all[place_of(hash)], hash, now);
}

void recent_names_forget(struct recent_names *names, struct slice key)
{
    uint64_t hash = siphash(names->secret, key);
    struct recent_name *name = &names->all[place_of(hash)];
    if (name->hash == hash)
        name->until = 0;
}

bool recent_names_count(struct recent_names *names, struct slice key, int64_t now)
{
    uint64_t hash = siphash(names->secret, key);
    struct recent_name *name = &names->all[place_of(hash)];
    if (!is_here(name, hash, now))
        return true;
    bool first = !name->counted;
    name->counted = true;
    return first;
}
