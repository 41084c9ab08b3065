/* SPDX-License-Identifier: ISC */
#include "filters/documents/office_lock.h"

#include "tests/harness/msg_maker.h"

#include <stdlib.h>

#define DOCUMENT SLICE("PK\3\4words of a document")
#define VERSION "\4\0\4\0\x40\0\0\0"

/* A document that "Sesame" locks, with few spins; made by tests/lab/office_lock.py. */
#define AGILE_XML                                                                                  \
    "<?xml version='1.0' encoding='UTF-8' standalone='yes'?><encryption "                          \
    "xmlns='http://schemas.microsoft.com/office/2006/encryption' "                                 \
    "xmlns:p='http://schemas.microsoft.com/office/2006/keyEncryptor/password'><keyData "           \
    "saltSize='16' blockSize='16' keyBits='256' hashSize='64' cipherAlgorithm='AES' "              \
    "cipherChaining='ChainingModeCBC' hashAlgorithm='SHA512' "                                     \
    "saltValue='d3+Hj5efp6+3v8fP19/n7w=='/><dataIntegrity/><keyEncryptors><keyEncryptor "          \
    "uri='http://schemas.microsoft.com/office/2006/keyEncryptor/password'><p:encryptedKey"         \
    " spinCount='5' saltSize='16' blockSize='16' keyBits='256' hashSize='64' "                     \
    "cipherAlgorithm='AES' cipherChaining='ChainingModeCBC' hashAlgorithm='SHA512' "               \
    "saltValue='Bw8XHycvNz9HT1dfZ293fw==' "                                                        \
    "encryptedVerifierHashInput='Vg8yTlV1ryNb3PaXVBxx8Q==' encryptedVerifierHashValue='U3"         \
    "5aKAD7bkEGuLCUVMp4pWJwzS7YuE4SZo5WWn20yBmLsJJFjgo9AlAERKZFtoX06X9ZmQFGcFaA0z59J+8Rcw"         \
    "==' encryptedKeyValue='55PyPEfHP73tn5xwcwl4FLiEOX9BL7jhV9Wa1Pi+Fs0='/></keyEncryptor"         \
    "></keyEncryptors></encryption>"
#define AGILE SLICE(VERSION AGILE_XML)

static const char agile_package[] =
    "\x17\x00\x00\x00\x00\x00\x00\x00\x0a\x50\xa3\xdc\xff\x51\x93\xd4"
    "\xe2\x1c\x20\xdc\xa7\x25\x37\x57\xe5\x7c\x8e\x90\xbd\xd0\xd9\xca"
    "\xd8\x05\xe3\x89\x26\xa5\xb9\x18";
static const char standard[] = "\x04\x00\x02\x00\x24\x00\x00\x00\x8c\x00\x00\x00\x24\x00\x00\x00"
                               "\x00\x00\x00\x00\x0e\x66\x00\x00\x04\x80\x00\x00\x80\x00\x00\x00"
                               "\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x4d\x00\x69\x00"
                               "\x63\x00\x72\x00\x6f\x00\x73\x00\x6f\x00\x66\x00\x74\x00\x20\x00"
                               "\x45\x00\x6e\x00\x68\x00\x61\x00\x6e\x00\x63\x00\x65\x00\x64\x00"
                               "\x20\x00\x52\x00\x53\x00\x41\x00\x20\x00\x61\x00\x6e\x00\x64\x00"
                               "\x20\x00\x41\x00\x45\x00\x53\x00\x20\x00\x43\x00\x72\x00\x79\x00"
                               "\x70\x00\x74\x00\x6f\x00\x67\x00\x72\x00\x61\x00\x70\x00\x68\x00"
                               "\x69\x00\x63\x00\x20\x00\x50\x00\x72\x00\x6f\x00\x76\x00\x69\x00"
                               "\x64\x00\x65\x00\x72\x00\x00\x00\x10\x00\x00\x00\x37\x3f\x47\x4f"
                               "\x57\x5f\x67\x6f\x77\x7f\x87\x8f\x97\x9f\xa7\xaf\xa3\x91\xc7\xab"
                               "\x0f\x5c\xe0\x57\x57\x53\xbf\xc7\x08\x5d\x21\x30\x14\x00\x00\x00"
                               "\x69\x60\x2f\x70\x1e\xa0\xf3\x0e\x52\xcc\xd1\xfb\xfe\x1f\x80\x99"
                               "\x1a\xbb\x6a\xed\xa6\xee\x12\x57\x10\xfa\x46\x17\xe9\xfe\x11\x96";
static const char standard_package[] =
    "\x17\x00\x00\x00\x00\x00\x00\x00\x6f\x4f\x18\xcb\x2f\xe4\x18\x2c"
    "\x4a\x45\x68\x6b\x75\x2e\x5e\xdf\xf7\x32\xd0\x11\x7d\x37\xb9\x51"
    "\x70\xca\x97\xf8\x3d\xbc\x10\x15";

ARENA_TESTS(16 << 20);

static bool read_lock(struct slice info, struct office_lock *lock)
{
    struct made_msg m = msg_begin();
    struct ole ole;
    msg_add(&m, 0, OLE_STREAM, "EncryptionInfo", info);
    struct buf file = msg_make(&m);
    bool found = ole_open(arena, buf_slice(&file), &ole) && office_lock_read(arena, &ole, lock);
    buf_release(&file);
    return found;
}

static struct slice open_with(struct slice info, const char *package, size_t len,
                              const char *password)
{
    struct office_lock lock;
    struct office_key key;
    char *copy = arena_cstr(arena, (struct slice){package, len});
    if (!read_lock(info, &lock) || !office_lock_try(&lock, slice_of(password), &key))
        return (struct slice){"", 0};
    return office_lock_open(&lock, &key, copy, len);
}

static struct slice open_agile(struct slice info, const char *password)
{
    return open_with(info, agile_package, sizeof agile_package - 1, password);
}

static struct slice open_standard(struct slice info, const char *password)
{
    return open_with(info, standard_package, sizeof standard_package - 1, password);
}

TEST(test_the_password_opens)
{
    assert_true(slice_eq(open_agile(AGILE, "Sesame"), DOCUMENT));
    assert_true(
        slice_eq(open_standard((struct slice){standard, sizeof standard - 1}, "Sesame"), DOCUMENT));
}

TEST(test_another_word_does_not)
{
    assert_int_equal(open_agile(AGILE, "sesame").len, 0);
    assert_int_equal(
        open_standard((struct slice){standard, sizeof standard - 1}, "VelvetSweatshop").len, 0);
    assert_int_equal(open_agile(AGILE, "\xff\xf0\x9f\x94\x91").len, 0);
}

TEST(test_a_package_that_is_cut_opens_as_far_as_it_goes)
{
    for (size_t len = 0; len < sizeof agile_package; len++) {
        arena_reset(arena);
        struct slice part = open_with(AGILE, agile_package, len, "Sesame");
        assert_int_equal(part.len, len < 8 + 16 ? 0 : len < 8 + 32 ? 16 : DOCUMENT.len);
    }
}

TEST(test_what_costs_too_much_is_left)
{
    struct office_lock lock;
    assert_false(read_lock(SLICE(VERSION "<keyData/><encryptedKey spinCount='1000001'/>"), &lock));
    assert_false(read_lock(SLICE(VERSION "<encryptedKey cipherAlgorithm='RC2'/>"), &lock));
    assert_false(read_lock(SLICE(VERSION "<keyData/>"), &lock));
}

static void open_prefixes(struct slice info, struct slice (*open)(struct slice, const char *))
{
    for (size_t len = 0; len < info.len; len += len < 16 ? 1 : 7) {
        char *copy = malloc(len + 1);
        memcpy(copy, info.ptr, len);
        arena_reset(arena);
        open((struct slice){copy, len}, "Sesame");
        free(copy);
    }
}

TEST(test_every_beginning_is_read)
{
    struct office_lock lock;
    open_prefixes(AGILE, open_agile);
    for (size_t len = 0; len < sizeof standard; len++) {
        arena_reset(arena);
        read_lock((struct slice){standard, len}, &lock);
    }
}

TEST(test_flipped_octets_are_read)
{
    struct slice info = AGILE;
    char *copy = arena_cstr(arena, info);
    struct office_lock lock;
    struct office_key key;
    struct arena *kept = arena;
    arena = arena_new(16 << 20);
    for (size_t i = 0; i < info.len; i++) {
        copy[i] = (char)(copy[i] ^ 0x15);
        arena_reset(arena);
        if (read_lock((struct slice){copy, info.len}, &lock)) {
            lock.spins = lock.spins < 9 ? lock.spins : 9;
            office_lock_try(&lock, SLICE("Sesame"), &key);
        }
        copy[i] = info.ptr[i];
    }
    arena_free(&arena);
    arena = kept;
}
