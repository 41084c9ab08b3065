/* SPDX-License-Identifier: ISC */
#include "filters/sender/rsa_key.h"
#include "tests/harness/unit.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *der;
static size_t length;

static void make_key(unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    int n = i2d_PUBKEY(key, NULL);
    assert_true(n > 0);
    unsigned char *at = der = malloc((size_t)n);
    length = (size_t)i2d_PUBKEY(key, &at);
    EVP_PKEY_free(key);
}

static unsigned bits_of(size_t n)
{
    struct rsa_key key;
    return rsa_key_read((struct slice){(const char *)der, n}, &key) ? rsa_key_bits(&key) : 0;
}

TEST(test_the_length_of_a_key_is_read)
{
    static const unsigned sizes[] = {512, 1023, 1024, 1025, 1536, 2048};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        make_key(sizes[i]);
        assert_int_equal(bits_of(length), sizes[i]);
        free(der);
    }
}

TEST(test_a_truncated_or_longer_key_is_not_read)
{
    make_key(1024);
    for (size_t n = 0; n < length; n++)
        assert_int_equal(bits_of(n), 0);
    der = realloc(der, length + 1);
    der[length] = 0;
    assert_int_equal(bits_of(length + 1), 0);
    free(der);
}

/* What is read with one bit changed, OpenSSL reads in the same way. */
TEST(test_a_changed_key_is_what_openssl_says)
{
    make_key(1024);
    for (size_t bit = 0; bit < length * 8; bit++) {
        der[bit / 8] ^= (unsigned char)(1 << bit % 8);
        unsigned bits = bits_of(length);
        if (bits && (bit / 8 < 40 || bit / 8 > length - 8)) {
            const unsigned char *at = der;
            EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)length);
            assert_non_null(key);
            assert_int_equal(EVP_PKEY_get_bits(key), bits);
            EVP_PKEY_free(key);
        }
        der[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(der);
}

static size_t sign(EVP_PKEY *key, const EVP_MD *md, const unsigned char *digest, size_t octets,
                   unsigned char *signature, size_t room)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md), 1);
    assert_int_equal(EVP_PKEY_sign(context, signature, &room, digest, octets), 1);
    EVP_PKEY_CTX_free(context);
    return room;
}

static unsigned char signature[512];
static const unsigned char digest[64] =
    "a digest, of which all octets count, and of another hash too";

static bool verifies(const struct rsa_key *key, const unsigned char *over, size_t len)
{
    return rsa_key_verifies(key, over, (struct slice){(const char *)signature, len});
}

TEST(test_what_the_key_has_signed_verifies_and_nothing_else_does)
{
    EVP_PKEY *pair = EVP_RSA_gen(2048);
    unsigned char encoded[600], *at = encoded, other[32];
    struct rsa_key key;
    size_t n = (size_t)i2d_PUBKEY(pair, &at);
    assert_true(rsa_key_read((struct slice){(const char *)encoded, n}, &key));
    size_t len = sign(pair, EVP_sha256(), digest, 32, signature, sizeof signature);
    assert_true(verifies(&key, digest, len));
    assert_false(verifies(&key, digest, len - 1));
    assert_false(verifies(&key, digest, 0));
    for (size_t i = 0; i < sizeof other; i++) {
        memcpy(other, digest, sizeof other);
        other[i] ^= 1;
        assert_false(verifies(&key, other, len));
    }
    for (size_t i = 0; i < len; i += 17) {
        signature[i] ^= 0x80;
        assert_false(verifies(&key, digest, len));
        signature[i] ^= 0x80;
    }
    len = sign(pair, EVP_sha512(), digest, 64, signature, sizeof signature);
    assert_false(verifies(&key, digest, len));
    EVP_PKEY_free(pair);
}

TEST(test_a_bare_key_is_the_same_key)
{
    EVP_PKEY *pair = EVP_RSA_gen(1024);
    unsigned char usual[300], bare[300], *at = usual;
    struct rsa_key one, other;
    size_t n = (size_t)i2d_PUBKEY(pair, &at);
    assert_true(rsa_key_read((struct slice){(const char *)usual, n}, &one));
    at = bare;
    n = (size_t)i2d_PublicKey(pair, &at);
    assert_true(rsa_key_read((struct slice){(const char *)bare, n}, &other));
    assert_true(slice_eq(one.modulus, other.modulus) && slice_eq(one.exponent, other.exponent));
    for (size_t less = 1; less <= n; less++)
        assert_false(rsa_key_read((struct slice){(const char *)bare, n - less}, &other));
    EVP_PKEY_free(pair);
}

/* Moduli and exponents that are none: nothing verifies, and nothing is read beyond them. */
TEST(test_senseless_numbers_verify_nothing)
{
    static const struct slice numbers[] = {SLICE("\x01"), SLICE("\x02"), SLICE("\xff\xff"),
                                           SLICE("\x80\x00\x00\x00\x00\x00\x00\x00\x00")};
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    for (size_t i = 0; i < NUMBERS * NUMBERS; i++) {
        struct rsa_key key = {numbers[i / NUMBERS], numbers[i % NUMBERS]};
        for (size_t len = 0; len < 12; len++)
            assert_false(verifies(&key, digest, len));
    }
}

/* More keys than are kept ready, each asked again after all others. */
TEST(test_many_keys_in_turn_verify_what_each_has_signed)
{
    enum { KEYS = 20, ROOM = 128 };
    static unsigned char encoded[KEYS][ROOM], signatures[KEYS][ROOM];
    struct rsa_key keys[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        EVP_PKEY *pair = EVP_RSA_gen(i % 2 ? 520 : 512);
        unsigned char *at = encoded[i];
        size_t n = (size_t)i2d_PUBKEY(pair, &at);
        assert_true(rsa_key_read((struct slice){(const char *)encoded[i], n}, &keys[i]));
        sign(pair, EVP_sha256(), digest, 32, signatures[i], ROOM);
        EVP_PKEY_free(pair);
    }
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < KEYS; i++) {
            size_t len = rsa_key_bits(&keys[i]) / 8;
            memcpy(signature, signatures[i], len);
            assert_true(verifies(&keys[i], digest, len));
            assert_false(verifies(&keys[(i + 2) % KEYS], digest, len));
        }
}
