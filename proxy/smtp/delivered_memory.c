/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/delivered_memory.h"

#include "base/ipc.h"

#include <openssl/evp.h>
#include <string.h>

enum { FORM = 2 /* another than a retry's, which is sealed alike */ };

bool delivered_digest(struct slice message, uint8_t out[static DELIVERED_DIGEST])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    bool made = EVP_Digest(message.ptr, message.len, whole, NULL, EVP_sha256(), NULL) == 1;
    memcpy(out, whole, made ? DELIVERED_DIGEST : 0);
    return made;
}

/* ---- as octets ---- */

void delivered_write(struct buf *out, const struct delivered *delivered)
{
    pack_u8(out, FORM);
    pack_u64(out, (uint64_t)delivered->place.written);
    pack_u8(out, (uint8_t)delivered->count);
    for (unsigned i = 0; i < delivered->count; i++) {
        const struct delivered_message *message = &delivered->messages[i];
        buf_append(out, (struct slice){(const char *)message->digest, DELIVERED_DIGEST});
        pack_var(out, message->size);
    }
}

bool delivered_read(struct slice bytes, struct delivered *delivered)
{
    struct unpack in = {.left = bytes};
    *delivered = (struct delivered){.count = 0};
    bool is_form = unpack_u8(&in) == FORM;
    uint64_t written = unpack_u64(&in);
    unsigned count = unpack_u8(&in);
    if (!is_form || written >= INT64_MAX || count > DELIVERED_MOST)
        return false;
    for (unsigned i = 0; i < count; i++) {
        for (size_t n = 0; n < DELIVERED_DIGEST; n++)
            delivered->messages[i].digest[n] = unpack_u8(&in);
        delivered->messages[i].size = unpack_var(&in);
    }
    delivered->place.written = (int64_t)written;
    delivered->count = count;
    return unpack_done(&in);
}

/* ---- recalled ---- */

static void take_later(void *ctx, struct slice form)
{
    struct delivered *latest = ctx, other;
    if (!delivered_read(form, &other) ||
        !retry_is_later(other.place.written, latest->place.written))
        return;
    latest->place.written = other.place.written;
    latest->count = other.count;
    memcpy(latest->messages, other.messages, sizeof other.messages);
}

struct delivered delivered_recall(const struct retry_store *store, const struct retry_place *place,
                                  const struct state_retry_answer *answer)
{
    struct delivered delivered = {.place = retry_place_of_delivered(place)};
    retry_store_read(store, &delivered.place, answer, take_later, &delivered);
    return delivered;
}

static size_t find(const struct delivered *delivered, const uint8_t digest[static DELIVERED_DIGEST])
{
    size_t i = 0;
    while (i < delivered->count &&
           memcmp(delivered->messages[i].digest, digest, DELIVERED_DIGEST) != 0)
        i++;
    return i;
}

bool delivered_holds(const struct delivered *delivered,
                     const uint8_t digest[static DELIVERED_DIGEST])
{
    return find(delivered, digest) < delivered->count;
}

bool delivered_holds_size(const struct delivered *delivered, uint64_t size)
{
    for (size_t i = 0; size && i < delivered->count; i++)
        if (delivered->messages[i].size == size)
            return true;
    return false;
}

/* ---- changed ---- */

static void write_down(const struct retry_store *store, struct delivered *delivered)
{
    struct buf form = buf_init(RETRY_FORM_MAX);
    delivered->place.written = retry_time_after(delivered->place.written);
    delivered_write(&form, delivered);
    if (delivered->count == 0 && !store->state)
        retry_store_forget(store, &delivered->place);
    else if (!form.failed)
        retry_store_write(store, &delivered->place, buf_slice(&form));
    buf_release(&form);
}

/* The others keep their order. */
static void take_out(struct delivered *delivered, size_t at)
{
    struct delivered_message *from = &delivered->messages[at];
    delivered->count--;
    memmove(from, from + 1, (delivered->count - at) * sizeof *from);
}

void delivered_add(const struct retry_store *store, struct delivered *delivered,
                   const struct delivered_message *message)
{
    size_t at = find(delivered, message->digest);
    if (at < delivered->count)
        take_out(delivered, at);
    else if (delivered->count == DELIVERED_MOST)
        take_out(delivered, 0);
    delivered->messages[delivered->count++] = *message;
    write_down(store, delivered);
}

void delivered_forget(const struct retry_store *store, struct delivered *delivered,
                      const uint8_t digest[static DELIVERED_DIGEST])
{
    size_t at = find(delivered, digest);
    if (at == delivered->count)
        return;
    take_out(delivered, at);
    write_down(store, delivered);
}
