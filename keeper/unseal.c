/* SPDX-License-Identifier: ISC */
#include "keeper/unseal.h"

#include "keeper/sealed_form.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

/* One octet more than a chunk is looked for, to know whether it is the last. */
enum { CHUNK_READ = SEALED_CHUNK + SEALED_TAG + 1 };

/* The only one that is taken: not the forms of old, which the library may know, nor frames that are
 * to be skipped. */
static const struct slice frame_magic = {"\x28\xb5\x2f\xfd", 4};

struct reader {
    int in;
    uint64_t at; /* in the file */
    struct sealed sealed;
    ZSTD_DCtx *zstd;
    bool ended; /* the frame */
    uint64_t most;
    bool (*take)(void *ctx, struct slice octets);
    void *ctx;
    const char *reason;
};

static char sealed_room[CHUNK_READ], chunk_room[SEALED_CHUNK], plain_room[SEALED_CHUNK];

static bool fail(struct reader *r, const char *reason)
{
    r->reason = reason;
    return false;
}

/* Reads on as far as there is something: *got octets. */
static bool get(struct reader *r, void *room, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = pread(r->in, (char *)room + *got, size - *got, (off_t)(r->at + *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(r, strerror(errno));
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

/* ---- the frame ---- */

static bool give(struct reader *r, size_t len)
{
    if (len == 0)
        return true;
    if (len > r->most)
        return fail(r, "it is larger than allowed");
    r->most -= len;
    return r->take(r->ctx, (struct slice){plain_room, len}) || fail(r, "it was not taken");
}

static bool malformed(struct reader *r, size_t result)
{
    bool memory = ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation;
    return fail(r, memory ? "out of memory" : "what was compressed is malformed");
}

static bool decompress(struct reader *r, struct slice octets)
{
    ZSTD_inBuffer in = {octets.ptr, octets.len, 0};
    bool more = octets.len > 0;
    while (more) {
        if (r->ended)
            return malformed(r, 0);
        ZSTD_outBuffer out = {plain_room, sizeof plain_room, 0};
        size_t result = ZSTD_decompressStream(r->zstd, &out, &in);
        if (ZSTD_isError(result))
            return malformed(r, result);
        r->ended = result == 0;
        if (!give(r, out.pos))
            return false;
        more = in.pos < in.size || (out.pos == out.size && !r->ended);
    }
    return true;
}

/* ---- the file ---- */

static bool take_chunk(struct reader *r, struct slice sealed, bool last)
{
    bool first = r->sealed.number == 0;
    if (!sealed_chunk_open(&r->sealed, sealed, last, (unsigned char *)chunk_room))
        return fail(r, "it was changed or cut");
    struct slice octets = {chunk_room, sealed.len - SEALED_TAG};
    if (first && !slice_starts(octets, frame_magic))
        return malformed(r, 0);
    return decompress(r, octets);
}

static bool take_chunks(struct reader *r)
{
    bool last = false;
    while (!last) {
        size_t got;
        if (!get(r, sealed_room, sizeof sealed_room, &got))
            return false;
        last = got < CHUNK_READ;
        size_t len = last ? got : CHUNK_READ - 1;
        if (!take_chunk(r, (struct slice){sealed_room, len}, last))
            return false;
        r->at += len;
    }
    return r->ended || malformed(r, 0);
}

static const struct unseal_key *find_key(const struct unseal_keys *keys,
                                         const unsigned char id[static SEAL_KEY_ID])
{
    for (size_t i = 0; i < keys->count; i++)
        if (memcmp(keys->keys[i].public.id, id, SEAL_KEY_ID) == 0)
            return &keys->keys[i];
    return NULL;
}

static bool take_header(struct reader *r, const struct unseal_keys *keys, struct slice about)
{
    unsigned char header[SEALED_HEADER];
    size_t got;
    if (!get(r, header, sizeof header, &got))
        return false;
    if (got < sizeof header || memcmp(header, SEALED_MAGIC, SEALED_MAGIC_LEN) != 0)
        return fail(r, "it is no sealed message");
    const struct unseal_key *key = find_key(keys, sealed_id(header));
    if (!key)
        return fail(r, "it was sealed to another key");
    r->at = sizeof header;
    return sealed_resume(&r->sealed, header, &key->public, key->private, about) ||
           fail(r, "no secret comes of its key");
}

static bool set_up(struct reader *r)
{
    r->zstd = ZSTD_createDCtx();
    return r->zstd &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, SEALED_WINDOW_LOG));
}

bool unseal_read(int in, const struct unseal_keys *keys, struct slice about, uint64_t most,
                 bool (*take)(void *ctx, struct slice octets), void *ctx, const char **reason)
{
    struct reader r = {.in = in, .most = most, .take = take, .ctx = ctx};
    bool done = set_up(&r) || fail(&r, "out of memory");
    done = done && take_header(&r, keys, about) && take_chunks(&r);
    sealed_end(&r.sealed);
    ZSTD_freeDCtx(r.zstd);
    OPENSSL_cleanse(chunk_room, sizeof chunk_room);
    OPENSSL_cleanse(plain_room, sizeof plain_room);
    *reason = r.reason;
    return done;
}
