/* SPDX-License-Identifier: ISC */
#include "keeper/seal.h"

#include "keeper/sealed_form.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* The window is that of both levels at most, and smaller for small messages. */
enum { LEVEL_SMALL = 3, LEVEL_LARGE = 1, LARGE = 1 << 20, WINDOW_LOG = 21 };
static_assert((int)WINDOW_LOG <= (int)SEALED_WINDOW_LOG, "what is written can be read");

struct writer {
    int out;
    struct sealed sealed;
    ZSTD_CCtx *zstd;
    ZSTD_outBuffer chunk;
    uint64_t written;
    const char *reason;
};

static unsigned char plain_room[SEALED_CHUNK], sealed_room[SEALED_CHUNK + SEALED_TAG];

static bool fail(struct writer *w, const char *reason)
{
    w->reason = reason;
    return false;
}

static bool put(struct writer *w, const unsigned char *octets, size_t len)
{
    while (len > 0) {
        ssize_t n = write(w->out, octets, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(w, strerror(n < 0 ? errno : EIO));
        w->written += (uint64_t)n;
        octets += n;
        len -= (size_t)n;
    }
    return true;
}

static bool put_chunk(struct writer *w, bool last)
{
    size_t len = w->chunk.pos;
    w->chunk.pos = 0;
    if (!sealed_chunk(&w->sealed, (struct slice){(char *)plain_room, len}, last, sealed_room))
        return fail(w, "sealing fails");
    return put(w, sealed_room, len + SEALED_TAG);
}

/* A chunk that is full is put when it is known that another follows. */
static bool compress(struct writer *w, struct slice piece, ZSTD_EndDirective how)
{
    ZSTD_inBuffer in = {piece.ptr, piece.len, 0};
    size_t left;
    do {
        if (w->chunk.pos == w->chunk.size && !put_chunk(w, false))
            return false;
        left = ZSTD_compressStream2(w->zstd, &w->chunk, &in, how);
        if (ZSTD_isError(left))
            return fail(w, ZSTD_getErrorName(left));
    } while (in.pos < in.size || (how == ZSTD_e_end && left > 0));
    return true;
}

static bool set_up(struct writer *w, uint64_t size)
{
    int level = size > LARGE ? LEVEL_LARGE : LEVEL_SMALL;
    w->chunk = (ZSTD_outBuffer){plain_room, sizeof plain_room, 0};
    w->zstd = ZSTD_createCCtx();
    return w->zstd &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, level)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_windowLog, WINDOW_LOG)) &&
           !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(w->zstd, size));
}

static bool write_message(struct writer *w, const struct slice *pieces, size_t count)
{
    bool done = put(w, w->sealed.header, SEALED_HEADER);
    for (size_t i = 0; i < count && done; i++)
        done = compress(w, pieces[i], ZSTD_e_continue);
    return done && compress(w, (struct slice){NULL, 0}, ZSTD_e_end) && put_chunk(w, true);
}

static uint64_t size_of(const struct slice *pieces, size_t count)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].len;
    return size;
}

bool seal_write(int out, const struct seal_key *key, struct slice about, const struct slice *pieces,
                size_t count, uint64_t *written, const char **reason)
{
    struct writer w = {.out = out};
    bool done = set_up(&w, size_of(pieces, count)) || fail(&w, "out of memory");
    done = done && (sealed_begin(&w.sealed, key, about) || fail(&w, "the key is none"));
    done = done && write_message(&w, pieces, count);
    sealed_end(&w.sealed);
    ZSTD_freeCCtx(w.zstd);
    OPENSSL_cleanse(plain_room, sizeof plain_room);
    *written = w.written;
    *reason = w.reason;
    return done;
}
