/* SPDX-License-Identifier: ISC */
#include "filters/sender/rsa_key.h"
#include "tests/harness/unit.h"

#include <openssl/evp.h>
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
    return rsa_key_bits((struct slice){(const char *)der, n});
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
