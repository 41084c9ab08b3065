/* SPDX-License-Identifier: ISC */
#include "proxy/process/tls.h"

#include "base/buf.h"
#include "proxy/process/tls_offer.h"

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
static struct listener listener; /* as each test needs it */

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
    config.settings.tls_ciphers_if_plain = SLICE("ECDHE-ECDSA-AES128-SHA");
    config.settings.tls_minimum = SLICE("1.2");
    listener = (struct listener){.protocol = PROTOCOL_SMTP, .starttls = true};
    config.listeners = &listener;
    config.listener_count = 1;
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
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, &listener, "smtp");
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
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, &listener, "smtp");
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
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, &listener, "smtp");
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

/* ---- whose other way is plaintext ---- */

struct offer {
    const char *ciphers;
    int version; /* the only one; 0: any */
    const char *name;
};

/* Whether a client that offers this is served where `listener` is; what was kept of it goes to `words`. */
static bool serves(const struct offer *offer, char words[static TLS_OFFER_WORDS])
{
    struct tls_contexts *contexts = load();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, offer->version);
    SSL_CTX_set_max_proto_version(ctx, offer->version);
    assert_true(SSL_CTX_set_cipher_list(ctx, offer->ciphers));
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, &listener, "smtp");
    if (offer->name)
        SSL_ctrl(client, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 (void *)(uintptr_t)offer->name);
    bool served = shake(server, client);
    tls_offer_words(server, words);
    tls_offer_forget(server);
    char again[TLS_OFFER_WORDS];
    tls_offer_words(server, again);
    assert_string_equal(again, "");
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(ctx);
    tls_contexts_free(&contexts);
    return served;
}

static bool serves_cbc(void)
{
    char words[TLS_OFFER_WORDS];
    return serves(&(struct offer){"ECDHE-ECDSA-AES128-SHA", TLS1_2_VERSION, "a.other.example"},
                  words);
}

static bool serves_version(int version)
{
    char words[TLS_OFFER_WORDS];
    return serves(
        &(struct offer){"ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256", version, NULL},
        words);
}

TEST(test_older_suites_are_taken_only_where_the_other_way_is_plaintext)
{
    assert_true(serves_cbc());
    listener.require_tls = true;
    assert_false(serves_cbc());
    listener = (struct listener){.protocol = PROTOCOL_SMTP, .implicit_tls = true};
    assert_false(serves_cbc());
    listener = (struct listener){.protocol = PROTOCOL_POP3, .starttls = true};
    assert_false(serves_cbc());
    listener = (struct listener){.protocol = PROTOCOL_IMAP, .starttls = true};
    assert_false(serves_cbc());
}

TEST(test_no_older_suites_are_taken_where_none_are_configured)
{
    config.settings.tls_ciphers_if_plain = SLICE("");
    assert_false(serves_cbc());
}

TEST(test_the_better_suite_is_taken_where_there_is_one)
{
    struct tls_contexts *contexts = load();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL *client = SSL_new(ctx), *server = tls_accept(contexts, &listener, "smtp");
    assert_true(shake(server, client));
    assert_string_equal(SSL_get_cipher(client), "ECDHE-ECDSA-AES128-GCM-SHA256");
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(ctx);
    tls_contexts_free(&contexts);
}

TEST(test_old_versions_are_for_who_asks_and_where_the_other_way_is_plaintext)
{
    assert_false(serves_version(TLS1_1_VERSION));
    config.settings.tls_minimum = SLICE("1.1");
    assert_true(serves_version(TLS1_1_VERSION));
    assert_false(serves_version(TLS1_VERSION));
    config.settings.tls_minimum = SLICE("1.0");
    assert_true(serves_version(TLS1_VERSION));
    assert_true(serves_version(TLS1_2_VERSION));
    listener.require_tls = true;
    assert_false(serves_version(TLS1_VERSION));
    assert_false(serves_version(TLS1_1_VERSION));
    config.settings.tls_minimum = SLICE("1.3");
    listener.require_tls = false;
    assert_false(serves_version(TLS1_2_VERSION));
    assert_true(serves_version(TLS1_3_VERSION));
}

TEST(test_a_session_is_not_resumed_where_more_is_asked)
{
    config.settings.tls_ciphers = SLICE("ECDHE-ECDSA-AES128-GCM-SHA256");
    struct slice keys[TICKET_KEYS];
    char octets[TICKET_KEY_SIZE] = "one";
    for (int i = 0; i < TICKET_KEYS; i++)
        keys[i] = (struct slice){octets, sizeof octets};
    struct tls_contexts *contexts = load();
    tls_set_tickets(contexts, keys);
    SSL_SESSION_free(last_session);
    last_session = NULL;
    assert_false(resumed(contexts));
    assert_true(resumed(contexts));
    listener.require_tls = true;
    assert_false(resumed(contexts));
    SSL_SESSION_free(last_session);
    last_session = NULL;
    tls_contexts_free(&contexts);
}

/* ---- what a client has offered ---- */

TEST(test_a_failed_handshake_tells_what_was_offered)
{
    char words[TLS_OFFER_WORDS];
    assert_false(
        serves(&(struct offer){"AES128-SHA:ECDHE-RSA-AES256-SHA", TLS1_2_VERSION, NULL}, words));
    assert_string_equal(words, "version 1.2 at most; 2 ciphers: AES128-SHA ECDHE-RSA-AES256-SHA");
    assert_false(serves(&(struct offer){"ALL", TLS1_VERSION, "mx.example"}, words));
    assert_true(slice_starts(slice_of(words), SLICE("version 1.0 at most; name mx.example; ")));
    assert_true(slice_search(slice_of(words), SLICE(" ...")) < strlen(words));
    config.settings.tls_minimum = SLICE("1.3");
    assert_false(serves(&(struct offer){"AES128-SHA", TLS1_1_VERSION, "x\x1b[2J\"\r\n"}, words));
    assert_string_equal(words, "version 1.1 at most; name x?[2J\"??; 1 cipher: AES128-SHA");
}

TEST(test_of_modern_clients_all_versions_are_told)
{
    char words[TLS_OFFER_WORDS];
    assert_true(serves(&(struct offer){"ECDHE-ECDSA-AES128-GCM-SHA256", 0, NULL}, words));
    assert_true(slice_starts(slice_of(words), SLICE("versions 1.3 1.2")));
}
