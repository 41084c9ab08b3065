/* SPDX-License-Identifier: ISC
 * What is said of a chain and its key, with certificates that OpenSSL has just made. */
#include "parent/parent_certificate.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/certificate.h"
#include "tests/harness/unit.h"

enum { PEM_MAX = 16384, DAY = 86400 };

static const int64_t noon = INT64_C(1800000000); /* 2027-01-15 */
static EVP_PKEY *root_key, *middle_key, *leaf_key;
static X509 *root, *middle, *leaf;
static char texts[4][PEM_MAX];

/* The middle one's and the leaf's issuers are others than themselves. */
static X509 *issued(const char *name, EVP_PKEY *key, const X509 *issuer, EVP_PKEY *issuers_key)
{
    X509 *cert = certificate_for(name, key);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    X509_sign(cert, issuers_key, EVP_sha256());
    return cert;
}

static void make(void)
{
    root_key = EVP_EC_gen("P-256");
    middle_key = EVP_EC_gen("P-256");
    leaf_key = EVP_EC_gen("P-256");
    root = certificate_for("root", root_key);
    middle = issued("middle", middle_key, root, root_key);
    leaf = issued("mx.example.com", leaf_key, middle, middle_key);
}

static void drop(void)
{
    X509_free(root);
    X509_free(middle);
    X509_free(leaf);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(middle_key);
    EVP_PKEY_free(leaf_key);
}

ALL_TESTS(make, drop);

static struct slice text_of(BIO *pem, char out[static PEM_MAX])
{
    int n = BIO_read(pem, out, PEM_MAX);
    BIO_free(pem);
    assert_true(n > 0);
    return (struct slice){out, (size_t)n};
}

static struct slice chain_of(X509 *first, X509 *second, char out[static PEM_MAX])
{
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(pem, first);
    if (second)
        PEM_write_bio_X509(pem, second);
    return text_of(pem, out);
}

static struct slice key_text(EVP_PKEY *key, const char *passphrase, char out[static PEM_MAX])
{
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(pem, key, passphrase ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                             (void *)(uintptr_t)passphrase);
    return text_of(pem, out);
}

static struct certificate_study study(struct slice chain, struct slice key)
{
    struct certificate_study found;
    certificate_study(chain, key, &found);
    return found;
}

TEST(test_a_whole_chain_with_its_key_serves)
{
    struct slice chain = chain_of(leaf, middle, texts[0]), key = key_text(leaf_key, NULL, texts[1]);
    struct certificate_study found = study(chain, key);
    assert_int_equal(found.fault, CERTIFICATE_SERVES);
    assert_string_equal(found.name, "mx.example.com");
    assert_int_equal(found.first.ends - found.first.begins, 86400 + 3600);
    assert_int_equal(found.first.ends, certificate_expires(chain));
    assert_int_equal(found.others.ends - found.others.begins, 86400 + 3600);
    assert_int_equal(certificate_count(chain), 2);
}

TEST(test_a_key_of_another_certificate_is_told)
{
    struct slice chain = chain_of(leaf, NULL, texts[0]);
    assert_int_equal(study(chain, key_text(middle_key, NULL, texts[1])).fault,
                     CERTIFICATE_OTHER_KEY);
}

TEST(test_chain_and_key_that_were_swapped_are_told_as_that)
{
    struct slice chain = chain_of(leaf, NULL, texts[0]), key = key_text(leaf_key, NULL, texts[1]);
    assert_int_equal(study(key, chain).fault, CERTIFICATE_SWAPPED);
    assert_int_equal(study(key, key).fault, CERTIFICATE_NO_CHAIN);
    assert_int_equal(study(chain, chain).fault, CERTIFICATE_NO_KEY);
    assert_int_equal(study(SLICE(""), key).fault, CERTIFICATE_NO_CHAIN);
}

TEST(test_both_in_one_file_serve)
{
    char both[2 * PEM_MAX];
    struct slice chain = chain_of(leaf, NULL, texts[0]), key = key_text(leaf_key, NULL, texts[1]);
    int n = snprintf(both, sizeof both, "%.*s%.*s", SLICE_ARGS(key), SLICE_ARGS(chain));
    struct slice file = {both, (size_t)n};
    assert_int_equal(study(file, file).fault, CERTIFICATE_SERVES);
}

TEST(test_a_key_behind_a_passphrase_is_told_and_not_asked_for)
{
    struct slice chain = chain_of(leaf, NULL, texts[0]);
    assert_int_equal(study(chain, key_text(leaf_key, "secret", texts[1])).fault,
                     CERTIFICATE_LOCKED_KEY);
}

TEST(test_a_file_that_is_no_text_is_told_as_that)
{
    struct slice key = key_text(leaf_key, NULL, texts[1]);
    unsigned char *der = NULL;
    int len = i2d_X509(leaf, &der);
    assert_true(len > 0);
    struct certificate_study found = study((struct slice){(const char *)der, (size_t)len}, key);
    OPENSSL_free(der);
    assert_int_equal(found.fault, CERTIFICATE_NO_CHAIN);
    assert_true(found.binary);
    assert_false(study(SLICE("no certificate"), key).binary);
}

TEST(test_what_is_broken_behind_the_first_is_told)
{
    char broken[2 * PEM_MAX];
    struct slice chain = chain_of(leaf, NULL, texts[0]);
    int n = snprintf(broken, sizeof broken,
                     "%.*s-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n",
                     SLICE_ARGS(chain));
    struct certificate_study found =
        study((struct slice){broken, (size_t)n}, key_text(leaf_key, NULL, texts[1]));
    assert_int_equal(found.fault, CERTIFICATE_BROKEN_CHAIN);
    assert_non_null(found.reason);
}

TEST(test_a_key_that_is_too_short_is_refused_with_the_reason)
{
    EVP_PKEY *weak_key = EVP_RSA_gen(1024);
    X509 *weak = certificate_for("mx.example.com", weak_key);
    struct slice chain = chain_of(weak, NULL, texts[0]), key = key_text(weak_key, NULL, texts[1]);
    struct certificate_study found = study(chain, key);
    X509_free(weak);
    EVP_PKEY_free(weak_key);
    assert_int_equal(found.fault, CERTIFICATE_REFUSED);
    assert_string_equal(found.reason, "ee key too small");
}

TEST(test_a_chain_ends_at_a_root_or_before_one)
{
    struct slice key = key_text(leaf_key, NULL, texts[1]), roots = chain_of(root, NULL, texts[2]);
    assert_true(study(chain_of(leaf, NULL, texts[0]), key).lacks_issuer);
    assert_false(certificate_issued_by(chain_of(leaf, NULL, texts[0]), roots));
    struct slice chain = chain_of(leaf, middle, texts[0]);
    struct certificate_study found = study(chain, key);
    assert_true(found.lacks_issuer);
    assert_non_null(strstr(found.issuer, "CN=root"));
    assert_true(certificate_issued_by(chain, roots));
    struct slice own = chain_of(root, NULL, texts[0]);
    assert_false(study(own, key_text(root_key, NULL, texts[1])).lacks_issuer);
}

TEST(test_one_that_is_not_in_line_does_not_count_as_the_issuer)
{
    struct slice key = key_text(leaf_key, NULL, texts[1]), chain = chain_of(leaf, root, texts[0]);
    struct certificate_study found = study(chain, key);
    assert_int_equal(found.fault, CERTIFICATE_SERVES);
    assert_true(found.lacks_issuer);
    assert_non_null(strstr(found.issuer, "CN=middle"));
}

TEST(test_names_are_those_that_a_client_would_take)
{
    X509 *wide = certificate_for("*.example.com", leaf_key);
    struct slice one = chain_of(leaf, NULL, texts[0]), all = chain_of(wide, NULL, texts[1]);
    X509_free(wide);
    assert_true(chain_bears(one, SLICE("mx.example.com")));
    assert_true(chain_bears(one, SLICE("MX.example.COM")));
    assert_false(chain_bears(one, SLICE("mail.example.com")));
    assert_false(chain_bears(one, SLICE("*.example.com")));
    assert_true(chain_bears(all, SLICE("mx.example.com")));
    assert_true(chain_bears(all, SLICE("*.example.com")));
    assert_false(chain_bears(all, SLICE("a.mx.example.com")));
    assert_false(chain_bears(SLICE("nothing"), SLICE("mx.example.com")));
}

static const char *term(int begins, int ends)
{
    static char words[CERTIFICATE_WORDS];
    struct validity validity = {noon + (int64_t)begins * DAY, noon + (int64_t)ends * DAY,
                                (int64_t)(ends - begins) * DAY};
    return certificate_term(&validity, noon, words) ? words : NULL;
}

TEST(test_a_third_of_its_lifetime_is_when_it_is_told)
{
    assert_null(term(-60, 30));
    assert_string_equal(term(-61, 29), "it expires on 2027-02-13 (29 days left): renew it");
    assert_string_equal(term(-89, 1), "it expires on 2027-01-16 (1 day left): renew it");
    assert_null(term(-4, 2)); /* of those that live for six days */
    assert_non_null(term(-5, 1));
    assert_null(term(0, 90));
}

static X509 *that_lives(X509 *cert, int64_t begins, int64_t ends, EVP_PKEY *issuers_key)
{
    ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(noon + begins * DAY));
    ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(noon + ends * DAY));
    X509_sign(cert, issuers_key, EVP_sha256());
    return cert;
}

/* Whether those behind one of 90 days are told, so many days before they end. */
static bool is_told_behind(int64_t left)
{
    char words[CERTIFICATE_WORDS];
    X509 *first = that_lives(X509_dup(leaf), 0, 90, middle_key),
         *other = that_lives(X509_dup(middle), left - 1095, left, root_key);
    struct certificate_study found =
        study(chain_of(first, other, texts[0]), key_text(leaf_key, NULL, texts[1]));
    assert_int_equal(found.fault, CERTIFICATE_SERVES);
    assert_int_equal(found.others.ends, noon + left * DAY);
    X509_free(first);
    X509_free(other);
    return certificate_term(&found.others, noon, words);
}

TEST(test_those_behind_it_are_told_when_it_would_be_itself)
{
    assert_false(is_told_behind(360)); /* a third of its own life */
    assert_false(is_told_behind(30));
    assert_true(is_told_behind(29));
    assert_true(is_told_behind(-1));
}

TEST(test_one_that_has_expired_or_is_not_valid_yet_is_told)
{
    assert_string_equal(term(-90, -3), "it expired on 2027-01-12 (3 days ago): renew it");
    assert_string_equal(term(-90, 0), "it expired on 2027-01-15 (less than a day ago): renew it");
    assert_string_equal(term(2, 90), "it is not valid before 2027-01-17");
}
