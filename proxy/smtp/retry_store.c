/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/retry_store.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <openssl/evp.h>
#include <string.h>

enum { DIGEST = RETRY_SECRET };

/* ---- places ---- */

/* What a digest is of. */
enum { OF_SENDER = 1, OF_SECRET, OF_DOMAIN, OF_DELIVERED, OF_NETWORK = 16 /* and its family */ };

/* Fetched once: that takes OpenSSL three times as long as such a digest. */
static bool digest(struct slice bytes, uint8_t out[static DIGEST])
{
    static EVP_MD *sha256;
    static EVP_MD_CTX *context;
    if (!sha256)
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!context)
        context = EVP_MD_CTX_new();
    return sha256 && context && EVP_DigestInit_ex2(context, sha256, NULL) == 1 &&
           EVP_DigestUpdate(context, bytes.ptr, bytes.len) == 1 &&
           EVP_DigestFinal_ex(context, out, NULL) == 1;
}

/* Of sender and recipient, once; what differs is put before. */
struct pair {
    uint8_t of, name[DIGEST], sender[DIGEST], recipient[DIGEST]; /* name: zeros: none */
};

/* A local part's case counts (RFC 5321 2.4): a server may know one spelling and not the other. */
static bool digest_pair(const struct pair *pair, unsigned of, struct slice name, size_t size,
                        uint8_t *out)
{
    struct pair named = *pair;
    uint8_t whole[DIGEST];
    named.of = (uint8_t)of;
    bool done = (name.len == 0 || digest(name, named.name)) &&
                digest((struct slice){(const char *)&named, sizeof named}, whole);
    memcpy(out, whole, size);
    return done;
}

static bool digest_sender(const struct pair *pair, uint8_t *out)
{
    struct pair sender = *pair;
    memset(sender.recipient, 0, sizeof sender.recipient);
    return digest_pair(&sender, OF_SENDER, SLICE(""), STATE_DIGEST, out);
}

struct retry_place retry_place(const struct retry_who *who)
{
    struct retry_place place = {.where = {.count = 1}};
    struct state_retry_place *where = &place.where;
    struct pair pair = {.of = 0};
    const struct ip *client = who->client;
    struct slice network = {(const char *)client->bytes, client->family == 4 ? 3 : 8};
    bool made =
        digest(who->sender, pair.sender) && digest(who->recipient, pair.recipient) &&
        digest_sender(&pair, where->sender) &&
        digest_pair(&pair, OF_SECRET, SLICE(""), RETRY_SECRET, place.secret) &&
        digest_pair(&pair, OF_DELIVERED, SLICE(""), STATE_DIGEST, place.has_it) &&
        digest_pair(&pair, OF_NETWORK + client->family, network, STATE_DIGEST, where->at[0]);
    if (made && who->authenticated.len)
        made = digest_pair(&pair, OF_DOMAIN, who->authenticated, STATE_DIGEST,
                           where->at[where->count++]);
    return made ? place : (struct retry_place){.where = {.count = 0}};
}

struct retry_place retry_place_of_delivered(const struct retry_place *place)
{
    struct retry_place of = *place;
    of.where.count = place->where.count ? 1 : 0;
    memcpy(of.where.at[0], place->has_it, sizeof place->has_it);
    of.written = 0;
    return of;
}

struct state_retry_place retry_places(const struct retry_place *place)
{
    struct state_retry_place all = place->where;
    if (all.count)
        memcpy(all.at[all.count++], place->has_it, sizeof place->has_it);
    return all;
}

/* ---- the shared table ---- */

struct note {
    uint16_t len;
    char bytes[RETRY_FORM_MAX];
};
_Static_assert(sizeof(struct note) <= NOTE_MAX, "what is left is a note");

static uint64_t hash_of(const struct retry_store *store, const uint8_t at[static STATE_DIGEST])
{
    return siphash(shared_key(store->shared), (struct slice){(const char *)at, STATE_DIGEST});
}

static void put_note(const struct retry_store *store, const uint8_t at[static STATE_DIGEST],
                     const struct note *note)
{
    notes_put(shared_notes(store->shared), shared_key(store->shared), hash_of(store, at), note,
              sizeof *note, clock_ms() + RETRY_KEPT_MS);
}

static bool get_note(const struct retry_store *store, const uint8_t at[static STATE_DIGEST],
                     struct note *note)
{
    return notes_get(shared_notes(store->shared), shared_key(store->shared), hash_of(store, at),
                     note, sizeof *note, clock_ms());
}

static void note_down(const struct retry_store *store, const struct state_retry_place *where,
                      struct slice form)
{
    struct note note = {.len = (uint16_t)form.len};
    memcpy(note.bytes, form.ptr, form.len);
    put_note(store, where->sender, &note);
    for (unsigned i = 0; i < where->count; i++)
        put_note(store, where->at[i], &note);
}

/* ---- both ---- */

static void tell_redis(const struct retry_store *store, const struct retry_place *place,
                       struct slice form)
{
    struct buf sealed = buf_init(STATE_RETRY_MAX);
    if (retry_seal(&sealed, place->secret, form))
        state_retry_keep(store->state, &place->where, buf_slice(&sealed), RETRY_KEPT_MS);
    buf_release(&sealed);
}

void retry_store_write(const struct retry_store *store, const struct retry_place *place,
                       struct slice form)
{
    if (place->where.count == 0)
        return;
    note_down(store, &place->where, form);
    if (store->state)
        tell_redis(store, place, form);
}

void retry_store_forget(const struct retry_store *store, const struct retry_place *place)
{
    for (unsigned i = 0; i < place->where.count; i++)
        notes_forget(shared_notes(store->shared), hash_of(store, place->where.at[i]));
}

void retry_store_read(const struct retry_store *store, const struct retry_place *place,
                      const struct state_retry_answer *answer,
                      void (*take)(void *ctx, struct slice form), void *ctx)
{
    struct note note;
    for (unsigned i = 0; i < place->where.count; i++)
        if (get_note(store, place->where.at[i], &note) && note.len <= sizeof note.bytes)
            take(ctx, (struct slice){note.bytes, note.len});
    for (unsigned i = 0; i < STATE_RETRY_PLACES; i++) {
        struct buf form = buf_init(RETRY_FORM_MAX);
        if (retry_unseal(&form, place->secret, answer->left[i]))
            take(ctx, buf_slice(&form));
        buf_release(&form);
    }
}

bool retry_is_awaited(const struct retry_store *store, const struct retry_place *place,
                      const struct state_retry_answer *answer)
{
    struct note note;
    return answer->of_sender || get_note(store, place->where.sender, &note);
}

/* ---- when ---- */

int64_t retry_time_after(int64_t written)
{
    int64_t time = clock_wall_ms();
    return time > written ? time : written + 1; /* by a clock ahead of ours */
}

bool retry_is_later(int64_t written, int64_t than)
{
    return written > than && written >= clock_wall_ms() - RETRY_KEPT_MS;
}
