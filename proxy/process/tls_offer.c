/* SPDX-License-Identifier: ISC */
#include "proxy/process/tls_offer.h"

#include "base/buf.h"
#include "proxy/process/tls_hello.h"

#include <stdlib.h>
#include <string.h>

enum { VERSIONS_MOST = 8, CIPHERS_MOST = 12, NAME_MOST = 128 };

struct tls_offer {
    uint16_t legacy, versions[VERSIONS_MOST]; /* versions: of the extension, if it has come */
    size_t version_count;
    uint16_t ciphers[CIPHERS_MOST];
    size_t cipher_count; /* of all, also of those that have no room here */
    char name[NAME_MOST];
    size_t name_len;
};

static uint16_t number_at(const unsigned char *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

/* ---- kept ---- */

/* What clients put in to keep servers tolerant (RFC 8701), and signals that are no suites (RFC 5746,
 * 7507). */
static bool means_nothing(uint16_t number)
{
    return ((number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff)) || number == 0x00ff ||
           number == 0x5600;
}

static void take_ciphers(SSL *ssl, struct tls_offer *offer)
{
    const unsigned char *octets;
    size_t len = SSL_client_hello_get0_ciphers(ssl, &octets);
    if (SSL_client_hello_isv2(ssl))
        return;
    for (size_t i = 0; i + 2 <= len; i += 2) {
        uint16_t cipher = number_at(octets + i);
        if (means_nothing(cipher))
            continue;
        if (offer->cipher_count < CIPHERS_MOST)
            offer->ciphers[offer->cipher_count] = cipher;
        offer->cipher_count++;
    }
}

/* RFC 8446 4.2.1: a length, then versions. */
static void take_versions(SSL *ssl, struct tls_offer *offer)
{
    const unsigned char *octets;
    size_t len;
    offer->legacy = (uint16_t)SSL_client_hello_get0_legacy_version(ssl);
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &octets, &len))
        return;
    for (size_t i = 1; i + 2 <= len && offer->version_count < VERSIONS_MOST; i += 2)
        if (!means_nothing(number_at(octets + i)))
            offer->versions[offer->version_count++] = number_at(octets + i);
}

static void take_name(SSL *ssl, struct tls_offer *offer)
{
    struct slice name = tls_hello_name(ssl);
    if (name.len > sizeof offer->name)
        return;
    memcpy(offer->name, name.ptr, name.len);
    offer->name_len = name.len;
}

static void free_offer(void *parent, void *offer, CRYPTO_EX_DATA *data, int index, long argl,
                       void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    free(offer);
}

static int place(void)
{
    static int index = -1;
    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_offer);
    return index;
}

/* Comes twice where the server asks for another key share. Without memory nothing is kept. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    struct tls_offer *offer = calloc(1, sizeof *offer);
    tls_offer_forget(ssl);
    if (!offer)
        return SSL_CLIENT_HELLO_SUCCESS;
    take_versions(ssl, offer);
    take_ciphers(ssl, offer);
    take_name(ssl, offer);
    if (!SSL_set_ex_data(ssl, place(), offer))
        free(offer);
    return SSL_CLIENT_HELLO_SUCCESS;
}

void tls_offer_keep(SSL_CTX *tls)
{
    SSL_CTX_set_client_hello_cb(tls, on_client_hello, NULL);
}

void tls_offer_forget(SSL *ssl)
{
    free(SSL_get_ex_data(ssl, place()));
    SSL_set_ex_data(ssl, place(), NULL);
}

/* ---- told: what has no room is left out, from the end ---- */

static void tell_version(struct buf *out, uint16_t version)
{
    static const char *const names[] = {"SSL3", "1.0", "1.1", "1.2", "1.3"};
    if (version >= SSL3_VERSION && version <= TLS1_3_VERSION)
        buf_cstr(out, names[version - SSL3_VERSION]);
    else
        buf_printf(out, "0x%04x", version);
}

static void tell_versions(struct buf *out, const struct tls_offer *offer)
{
    if (offer->version_count == 0) {
        buf_cstr(out, "version ");
        tell_version(out, offer->legacy);
        buf_cstr(out, " at most");
        return;
    }
    buf_cstr(out, "versions");
    for (size_t i = 0; i < offer->version_count; i++) {
        buf_cstr(out, " ");
        tell_version(out, offer->versions[i]);
    }
}

static void tell_ciphers(const SSL *ssl, struct buf *out, const struct tls_offer *offer)
{
    size_t told = offer->cipher_count < CIPHERS_MOST ? offer->cipher_count : CIPHERS_MOST;
    buf_printf(out, "; %zu cipher%s", offer->cipher_count, offer->cipher_count == 1 ? "" : "s");
    for (size_t i = 0; i < told; i++) {
        unsigned char octets[] = {(unsigned char)(offer->ciphers[i] >> 8),
                                  (unsigned char)offer->ciphers[i]};
        const SSL_CIPHER *cipher = SSL_CIPHER_find((SSL *)(uintptr_t)ssl, octets);
        buf_cstr(out, i == 0 ? ": " : " ");
        if (cipher)
            buf_cstr(out, SSL_CIPHER_get_name(cipher));
        else
            buf_printf(out, "0x%04x", offer->ciphers[i]);
    }
    buf_cstr(out, told < offer->cipher_count ? " ..." : "");
}

static void tell_name(struct buf *out, const struct tls_offer *offer)
{
    if (offer->name_len == 0)
        return;
    buf_cstr(out, "; name ");
    for (size_t i = 0; i < offer->name_len; i++) {
        char c = offer->name[i];
        buf_printf(out, "%c", c > ' ' && c < 127 ? c : '?');
    }
}

void tls_offer_words(const SSL *ssl, char out[static TLS_OFFER_WORDS])
{
    const struct tls_offer *offer = SSL_get_ex_data(ssl, place());
    struct buf words = buf_over(out, TLS_OFFER_WORDS - 1);
    out[0] = '\0';
    if (!offer)
        return;
    tell_versions(&words, offer);
    tell_name(&words, offer);
    tell_ciphers(ssl, &words, offer);
    out[buf_len(&words)] = '\0';
}
