/* SPDX-License-Identifier: ISC */
#include "proxy/split_memory.h"

#include "base/clock.h"
#include "proxy/client_hash.h"

enum { KEY_MAX = 1024 };
static const int64_t kept_ms = 24 * 3600 * 1000;

static size_t append_folded(char bytes[static KEY_MAX], size_t at, struct slice text)
{
    for (size_t i = 0; i < text.len && at < KEY_MAX - 1; i++)
        bytes[at++] = ascii_lower(text.ptr[i]);
    bytes[at++] = '\0';
    return at < KEY_MAX ? at : KEY_MAX - 1;
}

/* A sender's retry may come from a neighbouring machine: the client counts by its network, /24 or
 * /64. */
static uint64_t hash_of(const struct shared *shared, const struct ip *client, struct slice sender,
                        struct slice recipient)
{
    char bytes[KEY_MAX];
    size_t n = 0, network = client->family == 4 ? 3 : 8;
    while (n < network) {
        bytes[n] = (char)client->bytes[n];
        n++;
    }
    n = append_folded(bytes, n, sender);
    n = append_folded(bytes, n, recipient);
    return siphash(shared_key(shared), (struct slice){bytes, n});
}

void split_remember(struct shared *shared, const struct ip *client, struct slice sender,
                    struct slice recipient, unsigned group)
{
    shared_remember(shared, hash_of(shared, client, sender, recipient), group,
                    clock_ms() + kept_ms);
}

unsigned split_group(const struct shared *shared, const struct ip *client, struct slice sender,
                     struct slice recipient)
{
    return shared_recall(shared, hash_of(shared, client, sender, recipient), clock_ms());
}
