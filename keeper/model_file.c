/* SPDX-License-Identifier: ISC */
#include "keeper/model_file.h"

#include "base/sealed_file.h"
#include "filters/spam/spam_features.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC SLICE("gpmodel1")

enum { VERSION = 4, DIGEST = 32 };

static bool digest_of(struct slice octets, unsigned char digest[static DIGEST])
{
    return EVP_Q_digest(NULL, "SHA256", NULL, octets.ptr, octets.len, digest, NULL) == 1;
}

static struct slice octets_of(const unsigned char *octets, size_t len)
{
    return (struct slice){(const char *)octets, len};
}

/* ---- its form ---- */

bool model_file_pack(struct buf *out, const struct model_entry *e, struct slice model,
                     struct slice predictions)
{
    unsigned char digest[DIGEST];
    buf_append(out, MAGIC);
    pack_u32(out, SPAM_FEATURES_VERSION);
    pack_u64(out, e->number);
    pack_u64(out, e->until);
    pack_u64(out, (uint64_t)e->made);
    pack_slice(out, octets_of(e->digest, sizeof e->digest));
    pack_slice(out, octets_of(e->key, sizeof e->key));
    pack_u8(out, e->weights);
    pack_u32(out, e->good);
    pack_u32(out, e->spam);
    pack_u32(out, e->loss);
    pack_slice(out, model);
    pack_slice(out, predictions);
    return !out->failed && digest_of(buf_slice(out), digest) &&
           buf_append(out, octets_of(digest, sizeof digest));
}

static bool take(struct slice octets, unsigned char *out, size_t len)
{
    if (octets.len == len)
        memcpy(out, octets.ptr, len);
    return octets.len == len;
}

static bool unpack(struct slice octets, struct model_file *file)
{
    struct unpack in = {.left = slice_from(octets, MAGIC.len + VERSION)};
    struct model_entry *e = &file->entry;
    e->number = unpack_u64(&in);
    e->until = unpack_u64(&in);
    e->made = (int64_t)unpack_u64(&in);
    bool ok = take(unpack_slice(&in), e->digest, sizeof e->digest) &&
              take(unpack_slice(&in), e->key, sizeof e->key);
    e->weights = unpack_u8(&in);
    e->good = unpack_u32(&in);
    e->spam = unpack_u32(&in);
    e->loss = unpack_u32(&in);
    file->model = unpack_slice(&in);
    file->predictions = unpack_slice(&in);
    return ok && unpack_done(&in);
}

/* ---- reading ---- */

static bool read_whole(int fd, char **octets, size_t *len)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return false;
    errno = EFBIG;
    if (!S_ISREG(info.st_mode) || info.st_size > MODEL_FILE_MOST)
        return false;
    *len = (size_t)info.st_size;
    *octets = malloc(*len + 1);
    errno = *octets ? EIO : ENOMEM;
    return *octets && pread(fd, *octets, *len, 0) == info.st_size;
}

static bool is_whole(struct slice octets)
{
    unsigned char digest[DIGEST];
    size_t len = octets.len - DIGEST;
    return octets.len > MAGIC.len + VERSION + DIGEST && slice_starts(octets, MAGIC) &&
           digest_of(slice_sub(octets, 0, len), digest) &&
           memcmp(digest, octets.ptr + len, DIGEST) == 0;
}

/* Of a whole file. Scanners can do nothing with one of another version, and the next build cannot either. */
static bool is_of_this_version(struct slice octets)
{
    struct unpack in = {.left = slice_from(octets, MAGIC.len)};
    return unpack_u32(&in) == SPAM_FEATURES_VERSION;
}

bool model_file_read(const char *path, struct model_file *out, const char **reason)
{
    size_t len = 0;
    *out = (struct model_file){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool ok = fd >= 0 && read_whole(fd, &out->octets, &len);
    *reason = strerror(errno);
    if (fd >= 0)
        close(fd);
    if (!ok)
        model_file_close(out);
    return ok && model_file_open(out->octets, len, out, reason);
}

bool model_file_open(char *octets, size_t len, struct model_file *out, const char **reason)
{
    struct slice all = {octets, len};
    *out = (struct model_file){.octets = octets};
    *reason = "it is damaged";
    bool ok = is_whole(all);
    if (ok && !is_of_this_version(all)) {
        *reason = "it is of another version";
        ok = false;
    }
    ok = ok && unpack(slice_sub(all, 0, len - DIGEST), out);
    if (!ok)
        model_file_close(out);
    return ok;
}

void model_file_close(struct model_file *file)
{
    free(file->octets);
    file->octets = NULL;
}

/* ---- writing ---- */

static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool write_new(const char *path, struct slice octets)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && sealed_file_add(fd, octets) && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return ok;
}

bool model_file_write(const char *folder, const char *path, struct slice octets,
                      const char **reason)
{
    char new[PATH_MAX];
    snprintf(new, sizeof new, "%s/new", folder);
    bool ok = write_new(new, octets) && rename(new, path) == 0;
    *reason = strerror(errno);
    if (!ok)
        unlink(new);
    if (ok && !sync_folder(folder)) {
        *reason = strerror(errno);
        return false;
    }
    return ok;
}
