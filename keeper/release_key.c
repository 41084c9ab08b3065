/* SPDX-License-Identifier: ISC */
#include "keeper/release_key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

/* -1 with errno. */
static ssize_t read_all(int file, char *octets, size_t room)
{
    size_t got = 0;
    for (ssize_t n = 1; n > 0 && got < room; got += (size_t)n)
        if ((n = pread(file, octets + got, room - got, (off_t)got)) < 0)
            return -1;
    return (ssize_t)got;
}

/* As `openssl genpkey -algorithm X25519` makes one. */
static BIO *make(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    BIO *pem = key ? BIO_new(BIO_s_secmem()) : NULL;
    if (pem && PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) != 1) {
        BIO_free(pem);
        pem = NULL;
    }
    EVP_PKEY_free(key);
    return pem;
}

static bool write_new(int file, const char **reason)
{
    BIO *pem = make();
    char *octets = NULL;
    long len = pem ? BIO_get_mem_data(pem, &octets) : 0;
    *reason = "no key can be made";
    bool ok = len > 0 && write(file, octets, (size_t)len) == len && fsync(file) == 0;
    if (len > 0 && !ok)
        *reason = strerror(errno);
    if (!ok && ftruncate(file, 0) != 0)
        *reason = "half a key was written";
    BIO_free(pem);
    return ok;
}

bool release_key_read(int file, struct unseal_keys *keys, const char **reason)
{
    static char room[UNSEAL_PEM];
    ssize_t len = read_all(file, room, sizeof room);
    if (len == 0 && !write_new(file, reason))
        return false;
    if (len == 0)
        len = read_all(file, room, sizeof room);
    if (len < 0) {
        *reason = strerror(errno);
        return false;
    }
    bool ok = unseal_keys_read((struct slice){room, (size_t)len}, keys, reason);
    OPENSSL_cleanse(room, sizeof room);
    return ok;
}

bool release_key_mark(const struct unseal_keys *keys, unsigned char mark[static RELEASE_KEY_MARK])
{
    static const char purpose[] = "gatepost release mark 1";
    unsigned len = RELEASE_KEY_MARK;
    return HMAC(EVP_sha256(), keys->keys[0].private, SEAL_KEY, (const unsigned char *)purpose,
                sizeof purpose - 1, mark, &len) != NULL;
}
