/* SPDX-License-Identifier: ISC */
#include "proxy/process/tls.h"

#include "base/buf.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/certificate.h"
#include "tests/harness/unit.h"

static struct {
    const char *path;
    char text[6000];
} files[4];

static bool read_file(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    (void)ctx;
    for (size_t i = 0; i < 4; i++)
        if (files[i].path && slice_eq(path, slice_of(files[i].path))) {
            *content = slice_of(files[i].text);
            return true;
        }
    *reason = "no such file";
    return false;
}

static const struct loader loader = {.read = read_file};
static struct slice names[2][1] = {{{"mx.example", 10}}, {{"*.other.example", 15}}};
static struct certificate certificates[2];
static struct config config;

static void keep(BIO *pem, const char *path, size_t i)
{
    files[i].path = path;
    int n = BIO_read(pem, files[i].text, sizeof files[i].text - 1);
    files[i].text[n > 0 ? n : 0] = '\0';
    BIO_free(pem);
}

static void make_files(size_t i, const char *name, const char *chain, const char *key_path,
                       const char *passphrase)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = certificate_for(name, key);
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(pem, cert);
    keep(pem, chain, 2 * i);
    pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(pem, key, passphrase ? EVP_aes_128_cbc() : NULL,
                             (const unsigned char *)passphrase,
                             passphrase ? (int)strlen(passphrase) : 0, NULL, NULL);
    keep(pem, key_path, 2 * i + 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    certificates[i] = (struct certificate){.names = names[i],
                                           .name_count = 1,
                                           .chain_path = slice_of(chain),
                                           .key_path = slice_of(key_path)};
}

static void configure(void)
{
    make_files(0, "mx.example", "mx.pem", "mx.key", NULL);
    make_files(1, "*.other.example", "other.pem", "other.key", NULL);
    config = (struct config){.certificates = certificates, .certificate_count = 2};
    config.settings.tls_ciphers = SLICE("ECDHE-ECDSA-AES128-GCM-SHA256");
    config.settings.tls_minimum = SLICE("1.2");
}

EACH_TEST(configure, NULL);

static struct tls_contexts *load(void)
{
    const char *reason = NULL;
    struct tls_contexts *contexts = tls_contexts_new(&config, &loader, &reason);
    if (!contexts)
        print_message("%s\n", reason);
    return contexts;
}

/* A handshake in memory; true when both sides are done. */
static bool shake(SSL *server, SSL *client)
{
    BIO *one, *two;
    BIO_new_bio_pair(&one, 0, &two, 0);
    SSL_set_bio(server, one, one);
    SSL_set_bio(client, two, two);
    SSL_set_connect_state(client);
    for (int i = 0; i < 20; i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    char byte;
    SSL_read(client, &byte, 1); /* tickets come behind the handshake */
    return SSL_is_init_finished(server) && SSL_is_init_finished(client);
}

static void expect_certificate(struct tls_contexts *contexts, const char *asked, const char *name)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, "smtp");
    if (asked)
        SSL_ctrl(client, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 (void *)(uintptr_t)asked);
    assert_true(shake(server, client));
    assert_int_equal(X509_check_host(SSL_get0_peer_certificate(client), name, 0, 0, NULL), 1);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(ctx);
}

TEST(test_the_certificate_is_the_one_that_was_asked_for)
{
    struct tls_contexts *contexts = load();
    assert_true(tls_ready(contexts));
    expect_certificate(contexts, "mx.example", "mx.example");
    expect_certificate(contexts, "a.Other.example", "a.other.example");
    expect_certificate(contexts, "a.b.other.example", "mx.example"); /* one label only */
    expect_certificate(contexts, "unknown.example", "mx.example");
    expect_certificate(contexts, NULL, "mx.example");
    tls_contexts_free(&contexts);
}

static bool shakes_with_alpn(struct tls_contexts *contexts, const char *protocols)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, "smtp");
    SSL_set_alpn_protos(client, (const unsigned char *)protocols, (unsigned)strlen(protocols));
    bool done = shake(server, client);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(ctx);
    return done;
}

TEST(test_another_protocol_is_sent_away)
{
    struct tls_contexts *contexts = load();
    assert_true(shakes_with_alpn(contexts, "\x04smtp"));
    assert_true(shakes_with_alpn(contexts, "\x02h2\x04smtp"));
    assert_false(shakes_with_alpn(contexts, "\x02h2"));
    assert_false(shakes_with_alpn(contexts, "\x05smtps"));
    tls_contexts_free(&contexts);
}

static SSL_SESSION *last_session;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(last_session);
    last_session = session;
    return 1;
}

/* One connection that offers the last session; whether it was taken up. */
static bool resumed(struct tls_contexts *contexts)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, "smtp");
    if (last_session)
        SSL_set_session(client, last_session);
    assert_true(shake(server, client));
    bool reused = SSL_session_reused(client);
    SSL_shutdown(client); /* or OpenSSL takes the session for a broken one */
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(ctx);
    return reused;
}

TEST(test_tickets_are_good_in_every_proxy_and_through_a_rotation)
{
    char keys[4][TICKET_KEY_SIZE];
    struct slice set[TICKET_KEYS], next[TICKET_KEYS];
    struct tls_contexts *one = load(), *two = load();
    for (size_t i = 0; i < 4; i++)
        memset(keys[i], (int)i + 1, TICKET_KEY_SIZE);
    for (size_t i = 0; i < TICKET_KEYS; i++) {
        set[i] = (struct slice){keys[i % 3], TICKET_KEY_SIZE};
        next[i] = (struct slice){keys[i ? (i - 1) % 3 : 3], TICKET_KEY_SIZE};
    }
    tls_set_tickets(one, set);
    tls_set_tickets(two, set);
    assert_false(resumed(one));
    assert_true(resumed(two));
    tls_set_tickets(two, next);
    assert_true(resumed(two));
    SSL_SESSION_free(last_session);
    last_session = NULL;
    tls_contexts_free(&one);
    tls_contexts_free(&two);
}

TEST(test_keys_of_a_wrong_size_are_no_keys)
{
    struct slice set[TICKET_KEYS];
    struct tls_contexts *contexts = load();
    for (size_t i = 0; i < TICKET_KEYS; i++)
        set[i] = SLICE("short");
    tls_set_tickets(contexts, set);
    assert_false(resumed(contexts));
    assert_false(resumed(contexts));
    SSL_SESSION_free(last_session);
    last_session = NULL;
    tls_contexts_free(&contexts);
}

TEST(test_what_cannot_be_loaded_is_named)
{
    const char *reason = NULL;
    strcpy(files[1].text, files[3].text); /* the other's key */
    assert_null(tls_contexts_new(&config, &loader, &reason));
    assert_non_null(strstr(reason, "mx.key: "));
    make_files(0, "mx.example", "mx.pem", "mx.key", "secret");
    assert_null(tls_contexts_new(&config, &loader, &reason));
    assert_non_null(strstr(reason, "mx.key: "));
    make_files(0, "mx.example", "mx.pem", "mx.key", NULL);
    strcat(files[0].text, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    assert_null(tls_contexts_new(&config, &loader, &reason));
    assert_non_null(strstr(reason, "mx.pem: "));
    files[0].path = NULL;
    assert_null(tls_contexts_new(&config, &loader, &reason));
    assert_non_null(strstr(reason, "mx.pem: no such file"));
    configure();
    config.certificate_count = 0;
    struct tls_contexts *none = load();
    assert_false(tls_ready(none));
    tls_contexts_free(&none);
}
