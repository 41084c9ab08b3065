/* SPDX-License-Identifier: ISC */
#include "proxy/state/known_names.h"

#include <string.h>

/* A key ends in digits of a digest, which are as good as random. */
static size_t place_of(struct slice key)
{
    size_t place = 0;
    for (size_t i = key.len > 8 ? key.len - 8 : 0; i < key.len; i++)
        place = place * 31 + (unsigned char)key.ptr[i];
    return place % KNOWN_NAMES;
}

static bool holds(const struct known_name *name, struct slice key, int64_t now)
{
    return name->len > 0 && now < name->until &&
           slice_eq((struct slice){name->key, name->len}, key);
}

void known_names_put(struct known_names *names, struct slice key, int64_t now)
{
    struct known_name *name = &names->all[place_of(key)];
    if (key.len == 0 || key.len > sizeof name->key || holds(name, key, now))
        return;
    memcpy(name->key, key.ptr, key.len);
    name->len = (uint16_t)key.len;
    name->counted = false;
    name->until = now + KNOWN_NAME_MS;
}

bool known_names_has(const struct known_names *names, struct slice key, int64_t now)
{
    return holds(&names->all[place_of(key)], key, now);
}

bool known_names_count(struct known_names *names, struct slice key, int64_t now)
{
    struct known_name *name = &names->all[place_of(key)];
    bool told = holds(name, key, now) && name->counted;
    if (!told && holds(name, key, now))
        name->counted = true;
    return !told;
}
