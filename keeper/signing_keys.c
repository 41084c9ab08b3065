/* SPDX-License-Identifier: ISC */
#include "keeper/signing_keys.h"

#include "base/ipc_file.h"
#include "filters/sender/dkim_key.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIAL_BITS = 1024, /* quickly made, and used for nothing */
};

struct key {
    struct slice domain, selector;
    struct dkim_private private;
};

struct signing_keys {
    struct arena *arena; /* the names, and the array */
    struct key *keys;
    size_t count, room;
    struct signing_keys *before;
};

static_assert((int)SIGNING_SIGNATURE == (int)DKIM_SIGNATURE_MAX, "room for any signature");
static_assert((int)SIGNING_DIGEST == (int)DIGEST_OCTETS, "both are SHA-256");

void signing_keys_free(struct signing_keys **sets)
{
    struct signing_keys *set = *sets;
    *sets = NULL;
    while (set) {
        struct signing_keys *before = set->before;
        for (size_t i = 0; i < set->count; i++)
            dkim_private_free(&set->keys[i].private);
        arena_free(&set->arena);
        free(set);
        set = before;
    }
}

void signing_keys_forget(struct signing_keys *sets)
{
    if (sets)
        signing_keys_free(&sets->before);
}

static void limit(struct signing_keys *sets)
{
    for (size_t n = 1; sets && n < SIGNING_SETS_MOST; n++)
        sets = sets->before;
    signing_keys_forget(sets);
}

/* ---- a set ---- */

static const char *add_key(struct signing_keys *set, const struct signing_secret *secret)
{
    struct dkim_private private;
    const char *fault = dkim_private_read(secret->pem, &private);
    if (fault)
        return fault;
    struct key *keys = arena_grow(set->arena, set->keys, set->count, &set->room, sizeof *keys);
    struct slice domain = arena_copy(set->arena, secret->domain),
                 selector = arena_copy(set->arena, secret->selector);
    if (!keys || !domain.ptr || !selector.ptr) {
        dkim_private_free(&private);
        return "out of memory";
    }
    set->keys = keys;
    set->keys[set->count++] = (struct key){domain, selector, private};
    return NULL;
}

static const char *add_all(struct signing_keys *set, struct slice octets)
{
    struct unpack in = {.left = octets};
    struct signing_secret secret;
    const char *fault = NULL;
    while (signing_unpack_key(&in, &secret)) {
        const char *its = add_key(set, &secret);
        fault = its ? its : fault;
    }
    return unpack_done(&in) ? fault : "what came is no set of keys";
}

static struct signing_keys *set_new(void)
{
    struct signing_keys *set = calloc(1, sizeof *set);
    if (set && !(set->arena = arena_new(SIGNING_SET_MAX))) {
        free(set);
        return NULL;
    }
    return set;
}

static const char *read_set(struct signing_keys *set, int file)
{
    struct arena *scratch = arena_new(SIGNING_SET_MAX + 4096);
    struct slice octets = scratch ? ipc_file_read(file, SIGNING_SET_MAX, scratch) : SLICE("");
    const char *fault = octets.ptr && octets.len ? add_all(set, octets) : "keys cannot be read";
    if (octets.ptr)
        explicit_bzero((void *)(uintptr_t)octets.ptr, octets.len);
    arena_free(&scratch);
    return fault;
}

const char *signing_keys_add(struct signing_keys **sets, int file)
{
    struct signing_keys *set = set_new();
    if (!set)
        return "out of memory";
    const char *fault = read_set(set, file);
    set->before = *sets;
    *sets = set;
    limit(set);
    return fault;
}

/* ---- questions ---- */

static const struct dkim_private *find(const struct signing_keys *sets,
                                       const struct signing_wish *wish)
{
    for (; sets; sets = sets->before)
        for (size_t i = 0; i < sets->count; i++) {
            const struct key *key = &sets->keys[i];
            if (key->private.algorithm == (enum dkim_algorithm)wish->algorithm &&
                slice_eq(key->domain, wish->domain) && slice_eq(key->selector, wish->selector))
                return &key->private;
        }
    return NULL;
}

static const char *sign(const struct signing_keys *sets, const struct signing_wish *wish,
                        unsigned char signature[static SIGNING_SIGNATURE], size_t *len)
{
    const struct dkim_private *key = find(sets, wish);
    *len = key ? dkim_private_sign(key, wish->digest, signature) : 0;
    return !key ? "there is no such key" : *len == 0 ? "the key does not sign" : NULL;
}

void signing_keys_answer(const struct signing_keys *sets, const struct signing_question *question,
                         struct signing_answer *answer)
{
    answer->reason = NULL;
    answer->count = 0;
    for (size_t i = 0; i < question->count; i++) {
        answer->reason = sign(sets, &question->wishes[i], answer->signatures[i], &answer->len[i]);
        if (answer->reason) {
            answer->count = 0;
            return;
        }
        answer->count++;
    }
}

/* ---- before the jail ---- */

static bool works(enum dkim_algorithm algorithm)
{
    static const unsigned char digest[DIGEST_OCTETS];
    unsigned char signature[DKIM_SIGNATURE_MAX];
    struct dkim_private key = {0};
    struct buf pem = buf_init(DKIM_KEY_FILE_MAX);
    pem.wipes = true;
    bool ok = dkim_private_make(algorithm, TRIAL_BITS, &pem) &&
              !dkim_private_read(buf_slice(&pem), &key) &&
              dkim_private_sign(&key, digest, signature) > 0;
    dkim_private_free(&key);
    buf_release(&pem);
    return ok;
}

bool signing_keys_warm_up(void)
{
    return works(DKIM_RSA_SHA256) && works(DKIM_ED25519_SHA256);
}
