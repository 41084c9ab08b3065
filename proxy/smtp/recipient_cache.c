/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/recipient_cache.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SETS = 4096, WAYS = 4, KEY_MAX = 400, TEXT_MAX = 256 };

struct cached_recipient {
    uint64_t hash;
    int64_t expires; /* clock_ms; 0: empty */
    uint64_t size;
    enum reply_class kind;
    unsigned code;
    uint16_t key_len, enhanced_len, text_len;
    char *bytes; /* key, enhanced code, text */
};

struct recipient_cache {
    uint64_t secret[2]; /* nobody outside can choose addresses that collide */
    struct cached_recipient entries[SETS][WAYS];
};

struct recipient_cache *recipient_cache_new(void)
{
    struct recipient_cache *cache = calloc(1, sizeof *cache);
    if (cache && getrandom(cache->secret, sizeof cache->secret, 0) != (ssize_t)sizeof cache->secret)
        recipient_cache_free(&cache);
    return cache;
}

void recipient_cache_free(struct recipient_cache **cache)
{
    if (!*cache)
        return;
    for (size_t i = 0; i < SETS; i++)
        for (size_t n = 0; n < WAYS; n++)
            free((*cache)->entries[i][n].bytes);
    free(*cache);
    *cache = NULL;
}

/* "backend\0address". A local part's case counts (RFC 5321 2.4).
 * False when it is too long to be remembered. */
static bool make_key(char key[static KEY_MAX], struct slice backend, struct slice address,
                     struct slice *out)
{
    size_t n = 0;
    if (backend.len + address.len + 1 > KEY_MAX)
        return false;
    for (size_t i = 0; i < backend.len; i++)
        key[n++] = backend.ptr[i];
    key[n++] = '\0';
    for (size_t i = 0; i < address.len; i++)
        key[n++] = address.ptr[i];
    *out = (struct slice){key, n};
    return true;
}

static struct cached_recipient *find(struct recipient_cache *cache, uint64_t hash, struct slice key)
{
    struct cached_recipient *set = cache->entries[hash % SETS];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].bytes && set[i].hash == hash &&
            slice_eq(key, (struct slice){set[i].bytes, set[i].key_len}))
            return &set[i];
    return NULL;
}

bool recipient_cache_find(struct recipient_cache *cache, struct slice backend, struct slice address,
                          uint64_t size, struct backend_reply *reply)
{
    char bytes[KEY_MAX];
    struct slice key;
    if (!make_key(bytes, backend, address, &key))
        return false;
    struct cached_recipient *e = find(cache, siphash(cache->secret, key), key);
    if (!e || e->expires <= clock_ms() || (e->kind == REPLY_YES && size > e->size))
        return false;
    *reply = (struct backend_reply){.kind = e->kind,
                                    .code = e->code,
                                    .enhanced = {e->bytes + e->key_len, e->enhanced_len},
                                    .text = {e->bytes + e->key_len + e->enhanced_len, e->text_len}};
    return true;
}

static struct cached_recipient *first_to_end(struct cached_recipient set[static WAYS])
{
    struct cached_recipient *first = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].expires < first->expires)
            first = &set[i];
    return first;
}

void recipient_cache_store(struct recipient_cache *cache, struct slice backend,
                           struct slice address, uint64_t size, const struct backend_reply *reply,
                           int64_t ms)
{
    char key_bytes[KEY_MAX];
    struct slice key, text = slice_sub(reply->text, 0, TEXT_MAX);
    if (!make_key(key_bytes, backend, address, &key))
        return;
    uint64_t hash = siphash(cache->secret, key);
    struct cached_recipient *e = find(cache, hash, key);
    if (ms == 0) {
        if (e)
            e->expires = 0;
        return;
    }
    if (!e)
        e = first_to_end(cache->entries[hash % SETS]);
    char *bytes = malloc(key.len + reply->enhanced.len + text.len + 1);
    if (!bytes)
        return;
    memcpy(bytes, key.ptr, key.len);
    if (reply->enhanced.len)
        memcpy(bytes + key.len, reply->enhanced.ptr, reply->enhanced.len);
    if (text.len)
        memcpy(bytes + key.len + reply->enhanced.len, text.ptr, text.len);
    free(e->bytes);
    *e = (struct cached_recipient){.hash = hash,
                                   .expires = clock_ms() + ms,
                                   .size = size,
                                   .kind = reply->kind,
                                   .code = reply->code,
                                   .key_len = (uint16_t)key.len,
                                   .enhanced_len = (uint16_t)reply->enhanced.len,
                                   .text_len = (uint16_t)text.len,
                                   .bytes = bytes};
}
