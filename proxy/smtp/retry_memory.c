/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/retry_memory.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <string.h>

enum { CHUNK = 248, ENHANCED_MAX = 12, TEXT_MAX = 200 };
static const int64_t kept_ms = INT64_C(24) * 3600 * 1000;

/* A retry as it is written down. */
struct written {
    uint64_t size, hash[2];
    uint16_t group, code;
    uint8_t has_size, kind, count, in_turn, waits, enhanced_len, text_len;
    char enhanced[ENHANCED_MAX], text[TEXT_MAX];
};
_Static_assert(sizeof(struct written) <= NOTE_MAX, "a retry is a note");

/* Another text behind what was hashed so far; of any length. A local part's
 * case counts (RFC 5321 2.4): a server may know one spelling of it and not the other. */
static uint64_t hash_on(const uint64_t key[static 2], uint64_t hash, struct slice text)
{
    char bytes[sizeof hash + CHUNK];
    do {
        size_t n = text.len < CHUNK ? text.len : CHUNK;
        memcpy(bytes, &hash, sizeof hash);
        if (n)
            memcpy(bytes + sizeof hash, text.ptr, n);
        hash = siphash(key, (struct slice){bytes, sizeof hash + n});
        text = slice_from(text, n);
    } while (text.len);
    return hash;
}

static uint64_t hash_of(const struct shared *shared, uint64_t identity, struct slice name,
                        const struct retry_who *who)
{
    const uint64_t *key = shared_key(shared);
    uint64_t hash = hash_on(key, identity, name);
    hash = hash_on(key, hash, who->sender);
    return hash_on(key, hash, who->recipient);
}

struct retry_place retry_place(const struct shared *shared, const struct retry_who *who)
{
    struct retry_place place = {.count = 1};
    char network[8];
    size_t length = who->client->family == 4 ? 3 : 8;
    memcpy(network, who->client->bytes, length);
    place.hash[0] = hash_of(shared, who->client->family, (struct slice){network, length}, who);
    if (who->authenticated.len)
        place.hash[place.count++] = hash_of(shared, 0, who->authenticated, who);
    return place;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static uint8_t keep_text(char *to, size_t room, struct slice text)
{
    size_t n = text.len < room ? text.len : room;
    for (size_t i = 0; i < n; i++)
        to[i] = is_control(text.ptr[i]) ? ' ' : text.ptr[i];
    return (uint8_t)n;
}

void retry_remember(struct shared *shared, const struct retry_place *place,
                    const struct retry *retry)
{
    const struct backend_reply *reply = &retry->reply;
    struct written written = {.size = retry->size,
                              .has_size = retry->has_size,
                              .group = (uint16_t)retry->group,
                              .code = (uint16_t)reply->code,
                              .kind = (uint8_t)reply->kind,
                              .count = (uint8_t)place->count,
                              .in_turn = retry->in_turn,
                              .waits = (uint8_t)retry->waits};
    memcpy(written.hash, place->hash, sizeof written.hash);
    written.enhanced_len = keep_text(written.enhanced, ENHANCED_MAX, reply->enhanced);
    written.text_len = keep_text(written.text, TEXT_MAX, reply->text);
    for (unsigned i = 0; i < place->count; i++)
        notes_put(shared_notes(shared), shared_key(shared), place->hash[i], &written,
                  sizeof written, clock_ms() + kept_ms);
}

/* ---- what another process wrote, which somebody may have taken over ---- */

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_control(text.ptr[i]))
            return false;
    return true;
}

static bool is_enhanced(struct slice enhanced, unsigned code)
{
    return enhanced.len == 0 || (smtp_enhanced_length(enhanced) == enhanced.len &&
                                 (unsigned)(enhanced.ptr[0] - '0') == code / 100);
}

/* Only refusals are remembered: whoever is told of a success has not been judged. */
static bool is_refusal(const struct written *written)
{
    unsigned least = written->kind == REPLY_OURS ? 200 : 400;
    return written->kind > REPLY_YES && written->code >= least && written->code < 600 &&
           is_enhanced((struct slice){written->enhanced, written->enhanced_len}, written->code) &&
           is_printable((struct slice){written->text, written->text_len});
}

static bool is_sound(const struct written *written)
{
    return written->count >= 1 && written->count <= 2 && written->waits <= RETRY_WAITS_MOST &&
           written->enhanced_len <= ENHANCED_MAX && written->text_len <= TEXT_MAX &&
           written->kind <= REPLY_OURS && (written->code == 0 || is_refusal(written));
}

static struct retry read_written(const struct written *written, struct arena *arena)
{
    struct slice enhanced = {written->enhanced, written->enhanced_len},
                 text = {written->text, written->text_len};
    return (struct retry){
        .group = written->group,
        .has_size = written->has_size != 0,
        .size = written->size,
        .in_turn = written->in_turn != 0,
        .waits = written->waits,
        .place = {.hash = {written->hash[0], written->hash[1]}, .count = written->count},
        .reply = {.kind = (enum reply_class)written->kind,
                  .code = written->code,
                  .enhanced = arena_copy(arena, enhanced),
                  .text = arena_copy(arena, text)}};
}

struct retry retry_recall(struct shared *shared, const struct retry_place *place,
                          struct arena *arena)
{
    struct written written;
    for (unsigned i = place->count; i-- > 0;)
        if (notes_get(shared_notes(shared), shared_key(shared), place->hash[i], &written,
                      sizeof written, clock_ms()) &&
            is_sound(&written))
            return read_written(&written, arena);
    return (struct retry){.group = 0};
}

void retry_forget(struct shared *shared, const struct retry_place *place)
{
    for (unsigned i = 0; i < place->count; i++)
        notes_forget(shared_notes(shared), place->hash[i]);
}

bool retry_is_of(const struct retry *retry, const struct smtp_mail_params *mail)
{
    return retry->has_size && mail->has_size && mail->size > 0 && retry->size == mail->size;
}

bool retry_is_anothers(const struct retry *retry, const struct smtp_mail_params *mail)
{
    return retry->has_size && retry->size > 0 && mail->has_size && mail->size > 0 &&
           retry->size != mail->size;
}
