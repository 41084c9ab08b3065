/* SPDX-License-Identifier: ISC */
#include "proxy/split_memory.h"

#include "base/buf.h"
#include "base/clock.h"
#include "proxy/client_hash.h"

#include <stdlib.h>
#include <sys/random.h>

enum { SLOTS = 16384, PROBES = 8, KEY_MAX = 1024 };
static const int64_t kept_ms = 24 * 3600 * 1000;

struct split {
    uint64_t hash;
    int64_t expires; /* clock_ms */
    unsigned group;
};

struct split_memory {
    uint64_t secret[2];
    struct split slots[SLOTS];
};

struct split_memory *split_memory_new(void)
{
    struct split_memory *memory = calloc(1, sizeof *memory);
    if (memory &&
        getrandom(memory->secret, sizeof memory->secret, 0) != (ssize_t)sizeof memory->secret)
        split_memory_free(&memory);
    return memory;
}

void split_memory_free(struct split_memory **memory)
{
    free(*memory);
    *memory = NULL;
}

/* A sender's retry may come from a neighbouring machine: the client counts by its network, /24 or
 * /64. */
static uint64_t hash_of(const struct split_memory *memory, const struct ip *client,
                        struct slice sender, struct slice recipient)
{
    char bytes[KEY_MAX];
    size_t n = 0;
    size_t network = client->family == 4 ? 3 : 8;
    for (size_t i = 0; i < network; i++)
        bytes[n++] = (char)client->bytes[i];
    const struct slice parts[] = {sender, recipient};
    for (int p = 0; p < 2; p++) {
        for (size_t i = 0; i < parts[p].len && n < KEY_MAX - 1; i++)
            bytes[n++] = ascii_lower(parts[p].ptr[i]);
        bytes[n++] = '\0';
        if (n == KEY_MAX)
            break;
    }
    return siphash(memory->secret, (struct slice){bytes, n});
}

void split_remember(struct split_memory *memory, const struct ip *client, struct slice sender,
                    struct slice recipient, unsigned group)
{
    uint64_t hash = hash_of(memory, client, sender, recipient);
    struct split *oldest = &memory->slots[hash % SLOTS];
    for (size_t i = 0; i < PROBES; i++) {
        struct split *s = &memory->slots[(hash + i) % SLOTS];
        if (s->hash == hash) {
            oldest = s;
            break;
        }
        if (s->expires < oldest->expires)
            oldest = s;
    }
    *oldest = (struct split){hash, clock_ms() + kept_ms, group};
}

unsigned split_group(const struct split_memory *memory, const struct ip *client,
                     struct slice sender, struct slice recipient)
{
    uint64_t hash = hash_of(memory, client, sender, recipient);
    for (size_t i = 0; i < PROBES; i++) {
        const struct split *s = &memory->slots[(hash + i) % SLOTS];
        if (s->hash == hash && s->expires > clock_ms())
            return s->group;
    }
    return 0;
}
