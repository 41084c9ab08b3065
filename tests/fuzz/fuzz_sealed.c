/* SPDX-License-Identifier: ISC
 * What may stand in a file that somebody else has sealed, or that is none. */
#include "keeper/sealed_form.h"
#include "keeper/unseal.h"
#include "tests/fuzz/target.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

enum { MOST = 1 << 20, STREAM = 256 * 1024, EDITS = 4 };
enum what { ANY_FILE, ANY_BODY, ANY_STREAM, EDITED_FRAME, A_MESSAGE, WHATS };

static const struct slice about = {"fuzz", 4};
static struct unseal_keys keys;
static struct seal_key to;
static int file;
static char got[MOST], room[STREAM];
static size_t got_len;

FUZZ_WARM_UP()
{
    static const struct slice pem =
        SLICE("-----BEGIN PRIVATE KEY-----\n"
              "MC4CAQAwBQYDK2VuBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n"
              "-----END PRIVATE KEY-----\n");
    const char *reason;
    file = memfd_create("sealed", MFD_CLOEXEC);
    if (file < 0 || !seal_prepare() || !unseal_keys_read(pem, &keys, &reason))
        return false;
    unseal_keys_public(&keys, 0, &to);
    return true;
}

static bool take(void *ctx, struct slice octets)
{
    (void)ctx;
    require(octets.len > 0 && octets.len <= MOST - got_len);
    memcpy(got + got_len, octets.ptr, octets.len);
    got_len += octets.len;
    return true;
}

static bool open_file(void)
{
    const char *reason = NULL;
    got_len = 0;
    bool done = unseal_read(file, &keys, about, MOST, take, NULL, &reason);
    require(done == !reason);
    return done;
}

static void empty_file(void)
{
    require(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
}

static void put(const void *octets, size_t len)
{
    require(write(file, octets, len) == (ssize_t)len);
}

/* Nobody has sealed what the fuzzer makes. */
static void read_file(struct slice in, bool headed)
{
    unsigned char header[SEALED_HEADER] = SEALED_MAGIC;
    memcpy(header + SEALED_MAGIC_LEN, to.id, SEAL_KEY_ID);
    empty_file();
    if (headed)
        put(header, SEALED_HEADER - SEAL_KEY);
    put(in.ptr, in.len);
    require(!open_file() && got_len == 0);
}

static void seal_stream(struct slice stream)
{
    static unsigned char chunk[SEALED_CHUNK + SEALED_TAG];
    struct sealed s;
    bool last = false;
    require(sealed_begin(&s, &to, about));
    empty_file();
    put(s.header, SEALED_HEADER);
    for (; !last; stream = slice_from(stream, SEALED_CHUNK)) {
        struct slice part = slice_sub(stream, 0, SEALED_CHUNK);
        last = stream.len <= SEALED_CHUNK;
        require(sealed_chunk(&s, part, last, chunk));
        put(chunk, part.len + SEALED_TAG);
    }
    sealed_end(&s);
}

/* What opens is what zstd makes of it in one go; of a frame of nothing that one finds damage which a stream does not. */
static void read_stream(struct slice stream)
{
    static char whole[MOST];
    seal_stream(stream);
    if (!open_file())
        return;
    size_t len = ZSTD_decompress(whole, sizeof whole, stream.ptr, stream.len);
    require(len == got_len || (ZSTD_isError(len) && got_len == 0));
    require(memcmp(whole, got, got_len) == 0);
}

static void read_edited(struct slice in)
{
    uint8_t edits[EDITS][3], count = fuzz_octet(&in) % (EDITS + 1);
    for (uint8_t i = 0; i < count; i++)
        for (int k = 0; k < 3; k++)
            edits[i][k] = fuzz_octet(&in);
    int level = fuzz_octet(&in) % 20;
    size_t len = ZSTD_compress(room, sizeof room, in.ptr, in.len, level);
    if (ZSTD_isError(len))
        return;
    for (uint8_t i = 0; i < count; i++)
        room[(edits[i][0] << 8 | edits[i][1]) % len] ^= (char)edits[i][2];
    read_stream((struct slice){room, len});
}

/* It comes back, in whichever pieces it was sealed. */
static void read_message(struct slice in)
{
    size_t at = fuzz_octet(&in);
    struct slice pieces[] = {slice_sub(in, 0, at), slice_from(in, at)};
    uint64_t written;
    const char *reason;
    empty_file();
    require(seal_write(file, &to, about, pieces, 2, &written, &reason));
    require(lseek(file, 0, SEEK_CUR) == (off_t)written);
    require(open_file() && slice_eq((struct slice){got, got_len}, in));
}

FUZZ(in)
{
    enum what what = fuzz_octet(&in) % WHATS;
    if (in.len > STREAM / 2)
        return;
    if (what == ANY_FILE || what == ANY_BODY)
        read_file(in, what == ANY_BODY);
    else if (what == ANY_STREAM)
        read_stream(in);
    else if (what == EDITED_FRAME)
        read_edited(in);
    else
        read_message(in);
}
