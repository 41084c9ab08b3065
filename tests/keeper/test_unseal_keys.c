/* SPDX-License-Identifier: ISC */
#include "keeper/unseal.h"
#include "tests/harness/unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum { PEM_ROOM = 80 * 1024 };

static struct unseal_keys keys;

/* ---- PEM that is put together ---- */

static char pem_room[PEM_ROOM];
static struct slice pem;

static void put(struct slice s)
{
    assert_true(s.len <= sizeof pem_room - pem.len);
    memcpy(pem_room + pem.len, s.ptr, s.len);
    pem.len += s.len;
}

static void set_up(void)
{
    pem = (struct slice){pem_room, 0};
}

EACH_TEST(set_up, NULL);

enum form { PKCS8, PASSPHRASE, OF_OLD, PUBLIC };

static int write_pem(BIO *to, EVP_PKEY *key, enum form form)
{
    static char word[] = "word";
    switch (form) {
    case PKCS8:
        return PEM_write_bio_PKCS8PrivateKey(to, key, NULL, NULL, 0, NULL, NULL);
    case PASSPHRASE:
        return PEM_write_bio_PKCS8PrivateKey(to, key, EVP_aes_128_cbc(), word, 4, NULL, NULL);
    case OF_OLD:
        return PEM_write_bio_PrivateKey_traditional(to, key, NULL, NULL, 0, NULL, NULL);
    case PUBLIC:
        return PEM_write_bio_PUBKEY(to, key);
    }
    return 0;
}

static void put_pem(EVP_PKEY *key, enum form form)
{
    char *text;
    BIO *to = BIO_new(BIO_s_mem());
    assert_int_equal(write_pem(to, key, form), 1);
    long len = BIO_get_mem_data(to, &text);
    put((struct slice){text, (size_t)len});
    BIO_free(to);
}

static void put_key(EVP_PKEY *key, enum form form)
{
    assert_non_null(key);
    put_pem(key, form);
    EVP_PKEY_free(key);
}

static EVP_PKEY *x25519(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
}

/* "" or why not; then nothing is left in `keys`. */
static const char *read_keys(void)
{
    static const struct unseal_keys wiped;
    const char *reason = "";
    memset(&keys, 'x', sizeof keys);
    if (unseal_keys_read(pem, &keys, &reason))
        return "";
    assert_memory_equal(&keys, &wiped, sizeof keys);
    return reason;
}

static const char *read_text(struct slice text)
{
    set_up();
    put(text);
    return read_keys();
}

static const char *read_key(EVP_PKEY *key, enum form form)
{
    set_up();
    put_key(key, form);
    return read_keys();
}

/* ---- what is read ---- */

TEST(test_a_key_is_read)
{
    static const char public[] = "\x07\xa3\x7c\xbc\x14\x20\x93\xc8\xb7\x55\xdc\x1b\x10\xe8\x6c\xb4"
                                 "\x26\x37\x4a\xd1\x6a\xa8\x53\xed\x0b\xdf\xc0\xb2\xb8\x6d\x1c\x7c";
    struct seal_key key;
    assert_string_equal(
        read_text(SLICE("-----BEGIN PRIVATE KEY-----\n"
                        "MC4CAQAwBQYDK2VuBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n"
                        "-----END PRIVATE KEY-----\n")),
        "");
    assert_int_equal(keys.count, 1);
    unseal_keys_public(&keys, 0, &key);
    assert_memory_equal(key.public, public, SEAL_KEY);
    assert_memory_equal(key.id, "\xaa\xa8\xff\xf7\x03\xb5\x0b\x22", SEAL_KEY_ID);
    for (size_t i = 0; i < SEAL_KEY; i++)
        assert_int_equal(keys.keys[0].private[i], i + 1);
}

TEST(test_several_keys_are_read_in_their_order)
{
    EVP_PKEY *made[UNSEAL_KEYS];
    put(SLICE("made today\n"));
    for (size_t i = 0; i < UNSEAL_KEYS; i++) {
        made[i] = x25519();
        put_pem(made[i], PKCS8);
        put(SLICE("# made before\n\n"));
    }
    assert_string_equal(read_keys(), "");
    assert_int_equal(keys.count, UNSEAL_KEYS);
    for (size_t i = 0; i < UNSEAL_KEYS; i++) {
        struct seal_key key, wanted;
        unsigned char public[SEAL_KEY];
        size_t len = sizeof public;
        assert_int_equal(EVP_PKEY_get_raw_public_key(made[i], public, &len), 1);
        assert_true(seal_key_of(public, &wanted));
        unseal_keys_public(&keys, i, &key);
        assert_memory_equal(&key, &wanted, sizeof key);
        EVP_PKEY_free(made[i]);
    }
}

TEST(test_one_key_more_is_too_many)
{
    for (size_t i = 0; i <= UNSEAL_KEYS; i++)
        put_key(x25519(), PKCS8);
    assert_string_equal(read_keys(), "there are too many keys");
}

TEST(test_wiped_keys_are_gone)
{
    static const struct unseal_keys wiped;
    assert_string_equal(read_key(x25519(), PKCS8), "");
    unseal_keys_wipe(&keys);
    assert_memory_equal(&keys, &wiped, sizeof keys);
}

/* ---- what is not ---- */

TEST(test_keys_of_another_kind_are_refused)
{
    static const char reason[] = "one key is not of X25519";
    assert_string_equal(read_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), PKCS8), reason);
    assert_string_equal(read_key(EVP_PKEY_Q_keygen(NULL, NULL, "X448"), PKCS8), reason);
    assert_string_equal(read_key(EVP_EC_gen("P-256"), PKCS8), reason);
    assert_string_equal(read_key(EVP_RSA_gen(2048), PKCS8), reason);
}

TEST(test_a_key_of_another_kind_behind_a_good_one_is_refused)
{
    put_key(x25519(), PKCS8);
    put_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), PKCS8);
    assert_string_equal(read_keys(), "one key is not of X25519");
}

TEST(test_what_is_no_private_key_in_pkcs8_is_refused)
{
    static const char reason[] = "something beside private keys in PKCS#8 is there";
    assert_string_equal(read_key(x25519(), PUBLIC), reason);
    assert_string_equal(read_key(EVP_EC_gen("P-256"), OF_OLD), reason);
    assert_string_equal(read_key(EVP_RSA_gen(2048), OF_OLD), reason);
    assert_string_equal(read_text(SLICE("-----BEGIN CERTIFICATE-----\n"
                                        "MAA=\n"
                                        "-----END CERTIFICATE-----\n")),
                        reason);
}

TEST(test_a_key_with_a_passphrase_is_refused)
{
    static const char reason[] = "one key has a passphrase";
    assert_string_equal(read_key(x25519(), PASSPHRASE), reason);
    assert_string_equal(read_text(SLICE("-----BEGIN PRIVATE KEY-----\n"
                                        "Proc-Type: 4,ENCRYPTED\n"
                                        "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
                                        "\n"
                                        "MAA=\n"
                                        "-----END PRIVATE KEY-----\n")),
                        reason);
}

TEST(test_a_text_without_a_key_is_refused)
{
    static const char reason[] = "no private key is there";
    assert_string_equal(read_text((struct slice){"", 0}), reason);
    assert_string_equal(read_text(SLICE("\n")), reason);
    assert_string_equal(read_text(SLICE("\0\0\0\0")), reason);
    assert_string_equal(read_text(SLICE("this is no key, but a text\n")), reason);
}

TEST(test_a_key_that_is_malformed_is_refused)
{
    static const char reason[] = "one key cannot be read";
    assert_string_equal(read_text(SLICE("-----BEGIN PRIVATE KEY-----\n"
                                        "MAA=\n"
                                        "-----END PRIVATE KEY-----\n")),
                        reason);
    /* 31 octets; and one behind it */
    assert_string_equal(
        read_text(SLICE("-----BEGIN PRIVATE KEY-----\n"
                        "MC0CAQAwBQYDK2VuBCEEHwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
                        "-----END PRIVATE KEY-----\n")),
        reason);
    assert_string_equal(
        read_text(SLICE("-----BEGIN PRIVATE KEY-----\n"
                        "MC4CAQAwBQYDK2VuBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gAA==\n"
                        "-----END PRIVATE KEY-----\n")),
        reason);
}

TEST(test_pem_that_is_malformed_is_refused)
{
    static const char reason[] = "this is no well-formed PEM";
    assert_string_equal(read_text(SLICE("-----BEGIN PRIVATE KEY-----\n"
                                        "!!!!\n"
                                        "-----END PRIVATE KEY-----\n")),
                        reason);
    assert_string_equal(read_text(SLICE("-----BEGIN PRIVATE KEY-----\n"
                                        "MAA=\n"
                                        "-----END PUBLIC KEY-----\n")),
                        reason);
}

TEST(test_a_key_that_was_cut_is_refused_wherever_it_ends)
{
    put_key(x25519(), PKCS8);
    size_t last_line = pem.len - strlen("-----END PRIVATE KEY-----\n");
    for (size_t len = 0; len < pem.len; len++) {
        const char *reason = "";
        bool done = unseal_keys_read(slice_sub(pem, 0, len), &keys, &reason);
        assert_true(!done || len >= last_line + strlen("-----END PRIVATE KEY-----"));
    }
}

TEST(test_a_text_that_is_too_large_is_refused)
{
    while (pem.len <= UNSEAL_PEM)
        put(SLICE("a text that never ends, without a key\n"));
    assert_string_equal(read_keys(), "it is too large for a few keys");
}
