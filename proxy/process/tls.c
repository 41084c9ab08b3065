/* SPDX-License-Identifier: ISC */
#include "proxy/process/tls.h"

#include "base/tls_version.h"
#include "proxy/process/tls_hello.h"
#include "proxy/process/tls_offer.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One context for each distinct set of names. */
struct named_context {
    const struct certificate *names;
    SSL_CTX *tls;
};

/* The same certificates twice: for those who must encrypt, and for those whose other way is
 * plaintext. The second is empty where it would be as the first, or nobody needs it. */
enum strictness { TLS_STRICT, TLS_IF_PLAIN, TLS_STRICTNESSES };

struct context_set {
    struct tls_contexts *all;
    enum strictness strictness;
    struct named_context *items;
    size_t count;
};

struct ticket_key {
    unsigned char name[16], aes[32], hmac[32];
};
_Static_assert(sizeof(struct ticket_key) == TICKET_KEY_SIZE,
               "a ticket key is what the parent sends");

struct tls_contexts {
    struct context_set sets[TLS_STRICTNESSES];
    struct ticket_key tickets[TICKET_KEYS];
    bool has_tickets;
    SSL_CTX *reader;
};

static char problem[512];

static const char *openssl_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "unknown error";
}

static bool same_names(const struct certificate *a, const struct certificate *b)
{
    if (a->name_count != b->name_count)
        return false;
    for (size_t i = 0; i < a->name_count; i++)
        if (!slice_ieq(a->names[i], b->names[i]))
            return false;
    return true;
}

/* "*.example.com" covers one label. */
static bool name_covers(struct slice pattern, struct slice name)
{
    if (!slice_starts(pattern, SLICE("*.")))
        return slice_ieq(pattern, name);
    struct slice rest = slice_from(name, slice_find(name, '.'));
    return rest.len > 0 && slice_ieq(slice_from(pattern, 1), rest);
}

static const struct named_context *context_for(const struct context_set *set, struct slice name)
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t n = 0; n < set->items[i].names->name_count; n++)
            if (name_covers(set->items[i].names->names[n], name))
                return &set->items[i];
    return NULL;
}

/* A name that we do not know gets the first certificate: many senders put what they like there. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct named_context *found = name ? context_for(arg, slice_of(name)) : NULL;
    if (found)
        SSL_set_SSL_CTX(ssl, found->tls);
    return SSL_TLSEXT_ERR_OK;
}

/* Strict: a client that speaks another protocol to this port is sent away
 * before it can (ALPACA). */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    (void)arg;
    const char *wanted = SSL_get_app_data(ssl);
    size_t wanted_len = strlen(wanted);
    for (unsigned i = 0; i < in_len; i += 1u + in[i]) {
        if (in[i] == wanted_len && i + 1 + wanted_len <= in_len &&
            memcmp(in + i + 1, wanted, wanted_len) == 0) {
            *out = in + i + 1;
            *out_len = in[i];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int ticket_crypto(const struct ticket_key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                         EVP_MAC_CTX *mac, int encrypt)
{
    unsigned char hmac_key[sizeof key->hmac];
    memcpy(hmac_key, key->hmac, sizeof hmac_key);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, hmac_key, sizeof hmac_key),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"sha256"}, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv, encrypt) &&
           EVP_MAC_CTX_set_params(mac, params);
}

/* See SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 no such key, 1 fine, 2 fine and renew. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int encrypt)
{
    struct tls_contexts *contexts = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (!contexts->has_tickets)
        return 0;
    if (encrypt) {
        const struct ticket_key *key = &contexts->tickets[0];
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
            return -1;
        memcpy(name, key->name, sizeof key->name);
        return ticket_crypto(key, iv, cipher, mac, 1) ? 1 : -1;
    }
    /* TLS 1.3 clients use a ticket once (RFC 8446 C.4): each resumption brings the next. */
    bool renew = SSL_version(ssl) >= TLS1_3_VERSION;
    for (int i = 0; i < TICKET_KEYS; i++)
        if (memcmp(name, contexts->tickets[i].name, sizeof contexts->tickets[i].name) == 0)
            return !ticket_crypto(&contexts->tickets[i], iv, cipher, mac, 0) ? -1
                   : i > 0 || renew                                          ? 2
                                                                             : 1;
    return 0;
}

void tls_set_tickets(struct tls_contexts *contexts, const struct slice keys[static TICKET_KEYS])
{
    for (int i = 0; i < TICKET_KEYS; i++)
        if (keys[i].len != sizeof contexts->tickets[i])
            return; /* a key that everybody knows would be worse than none */
    for (int i = 0; i < TICKET_KEYS; i++)
        memcpy(&contexts->tickets[i], keys[i].ptr, sizeof contexts->tickets[i]);
    contexts->has_tickets = true;
}

static int minimum_of(const struct settings *settings, enum strictness strictness)
{
    int minimum = tls_version(settings->tls_minimum);
    return strictness == TLS_STRICT && minimum < TLS1_2_VERSION ? TLS1_2_VERSION : minimum;
}

static bool set_ciphers(SSL_CTX *tls, const struct settings *settings, enum strictness strictness)
{
    char ciphers[4096];
    struct slice more = strictness == TLS_STRICT ? SLICE("") : settings->tls_ciphers_if_plain;
    int len = snprintf(ciphers, sizeof ciphers, "%.*s%s%.*s", SLICE_ARGS(settings->tls_ciphers),
                       more.len ? ":" : "", SLICE_ARGS(more));
    return len >= 0 && (size_t)len < sizeof ciphers && SSL_CTX_set_cipher_list(tls, ciphers);
}

/* A session of one set is not resumed in the other. */
static bool set_session_context(SSL_CTX *tls, enum strictness strictness)
{
    static const char *const names[] = {
        [TLS_STRICT] = "gatepost", [TLS_IF_PLAIN] = "gatepost if plain"};
    const char *name = names[strictness];
    return SSL_CTX_set_session_id_context(tls, (const unsigned char *)name, (unsigned)strlen(name));
}

static SSL_CTX *new_context(struct context_set *set, const struct settings *settings)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (!tls)
        return NULL;
    int minimum = minimum_of(settings, set->strictness);
    if (minimum < TLS1_2_VERSION)
        SSL_CTX_set_security_level(tls, 0); /* they sign with MD5 and SHA-1 */
    SSL_CTX_set_min_proto_version(tls, minimum);
    SSL_CTX_set_options(tls, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_dh_auto(tls, 1);
    SSL_CTX_set_app_data(tls, set->all);
    SSL_CTX_set_tlsext_servername_callback(tls, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(tls, set);
    SSL_CTX_set_alpn_select_cb(tls, on_alpn, NULL);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(tls, on_ticket);
    tls_offer_keep(tls);
    if (!set_session_context(tls, set->strictness) ||
        !set_ciphers(tls, settings, set->strictness)) {
        SSL_CTX_free(tls);
        return NULL;
    }
    return tls;
}

static bool use_chain(SSL_CTX *tls, struct slice pem)
{
    BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *cert = in ? PEM_read_bio_X509_AUX(in, NULL, NULL, NULL) : NULL;
    bool fine = cert && SSL_CTX_use_certificate(tls, cert) == 1;
    X509_free(cert);
    while (fine && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)))
        fine = SSL_CTX_add0_chain_cert(tls, cert) == 1;
    BIO_free(in);
    if (fine && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error(); /* the end of the file is an error to PEM_read */
    return fine && ERR_peek_last_error() == 0;
}

/* A key behind a passphrase is an error, not a question on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return -1;
}

static bool use_key(SSL_CTX *tls, struct slice pem)
{
    BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
    bool fine = key && SSL_CTX_use_PrivateKey(tls, key) == 1 && SSL_CTX_check_private_key(tls) == 1;
    EVP_PKEY_free(key);
    BIO_free(in);
    return fine;
}

static bool load_certificate(SSL_CTX *tls, const struct certificate *certificate,
                             const struct loader *files)
{
    struct slice pem;
    const char *why;
    const struct {
        struct slice path;
        bool (*use)(SSL_CTX *, struct slice);
    } files_of[] = {{certificate->chain_path, use_chain}, {certificate->key_path, use_key}};
    for (size_t i = 0; i < 2; i++) {
        ERR_clear_error();
        if (!files->read(files->ctx, files_of[i].path, &pem, &why)) {
            snprintf(problem, sizeof problem, "%.*s: %s", SLICE_ARGS(files_of[i].path), why);
            return false;
        }
        if (!files_of[i].use(tls, pem)) {
            snprintf(problem, sizeof problem, "%.*s: %s", SLICE_ARGS(files_of[i].path),
                     openssl_reason());
            return false;
        }
    }
    return true;
}

static struct named_context *context_of_names(struct context_set *set, const struct config *config,
                                              const struct certificate *certificate)
{
    for (size_t i = 0; i < set->count; i++)
        if (same_names(set->items[i].names, certificate))
            return &set->items[i];
    struct named_context *item = &set->items[set->count];
    item->names = certificate;
    item->tls = new_context(set, &config->settings);
    if (!item->tls) {
        snprintf(problem, sizeof problem, "tls settings: %s", openssl_reason());
        return NULL;
    }
    set->count++;
    return item;
}

static bool load_set(struct context_set *set, const struct config *config,
                     const struct loader *files)
{
    set->items = calloc(config->certificate_count + 1, sizeof *set->items);
    if (!set->items) {
        snprintf(problem, sizeof problem, "out of memory");
        return false;
    }
    for (size_t i = 0; i < config->certificate_count; i++) {
        struct named_context *item = context_of_names(set, config, &config->certificates[i]);
        if (!item || !load_certificate(item->tls, &config->certificates[i], files))
            return false;
    }
    return true;
}

/* Whether anybody is taken whom the strict set would refuse. */
static bool differs_if_plain(const struct config *config)
{
    const struct settings *settings = &config->settings;
    bool differs = settings->tls_ciphers_if_plain.len > 0 ||
                   minimum_of(settings, TLS_IF_PLAIN) != minimum_of(settings, TLS_STRICT);
    bool needed = false;
    for (size_t i = 0; i < config->listener_count; i++)
        needed |= config->listeners[i].starttls && listener_may_be_plain(&config->listeners[i]);
    return differs && needed;
}

/* False: out of memory. */
static bool make_reader(struct tls_contexts *contexts, const struct config *config)
{
    bool needed = false;
    for (size_t i = 0; i < config->listener_count; i++)
        needed |= config->listeners[i].foreign_tls != FOREIGN_TLS_UNSAID;
    if (needed && !(contexts->reader = tls_hello_reader()))
        snprintf(problem, sizeof problem, "out of memory");
    return !needed || contexts->reader;
}

struct tls_contexts *tls_contexts_new(const struct config *config, const struct loader *files,
                                      const char **reason)
{
    struct tls_contexts *contexts = calloc(1, sizeof *contexts);
    *reason = "out of memory";
    if (!contexts)
        return NULL;
    *reason = problem;
    for (int i = 0; i < TLS_STRICTNESSES; i++)
        contexts->sets[i] = (struct context_set){.all = contexts, .strictness = i};
    if (!make_reader(contexts, config) || !load_set(&contexts->sets[TLS_STRICT], config, files) ||
        (differs_if_plain(config) && !load_set(&contexts->sets[TLS_IF_PLAIN], config, files)))
        tls_contexts_free(&contexts);
    return contexts;
}

void tls_contexts_free(struct tls_contexts **contexts)
{
    if (!*contexts)
        return;
    for (int i = 0; i < TLS_STRICTNESSES; i++) {
        struct context_set *set = &(*contexts)->sets[i];
        for (size_t k = 0; k < set->count; k++)
            SSL_CTX_free(set->items[k].tls);
        free(set->items);
    }
    SSL_CTX_free((*contexts)->reader);
    OPENSSL_cleanse((*contexts)->tickets, sizeof(*contexts)->tickets);
    free(*contexts);
    *contexts = NULL;
}

bool tls_ready(const struct tls_contexts *contexts)
{
    return contexts->sets[TLS_STRICT].count > 0;
}

bool tls_bears(const struct tls_contexts *contexts, struct slice name)
{
    return name.len > 0 && context_for(&contexts->sets[TLS_STRICT], name);
}

SSL_CTX *tls_reader(const struct tls_contexts *contexts)
{
    return contexts->reader;
}

SSL *tls_accept(struct tls_contexts *contexts, const struct listener *listener,
                const char *protocol)
{
    const struct context_set *set = &contexts->sets[TLS_IF_PLAIN];
    if (set->count == 0 || !listener_may_be_plain(listener))
        set = &contexts->sets[TLS_STRICT];
    SSL *ssl = SSL_new(set->items[0].tls);
    if (!ssl)
        return NULL;
    SSL_set_accept_state(ssl);
    SSL_set_app_data(ssl, (char *)(uintptr_t)protocol);
    return ssl;
}
