/* SPDX-License-Identifier: ISC */
#include "proxy/process/tls_hello.h"

#include <openssl/err.h>

enum {
    RECORD_HEADER = 5,
    HANDSHAKE = 22,
    RECORDS_MOST = 16, /* nobody cuts a hello into more; each costs a look */
};

static uint16_t number_at(const unsigned char *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

/* RFC 6066 3: the length of the list, the kind of a name (0: a host's), its length, the name. */
struct slice tls_hello_name(SSL *ssl)
{
    const unsigned char *octets;
    size_t len;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &octets, &len) || len < 5 ||
        octets[2] != 0)
        return SLICE("");
    size_t name = number_at(octets + 3);
    if (name > len - 5)
        return SLICE("");
    return (struct slice){(const char *)octets + 5, name};
}

/* ---- its records (RFC 8446 5.1) ---- */

/* How many octets belong to it, as far as whole records tell: behind it may stand other records (early
 * data). UNFINISHED: the last record needs *need octets in all. */
static enum tls_hello_state look_at_records(struct slice octets, size_t *reach, size_t *need)
{
    size_t at = 0;
    for (unsigned i = 0; i < RECORDS_MOST; i++) {
        const unsigned char *header = (const unsigned char *)octets.ptr + at;
        size_t left = octets.len - at;
        *reach = at;
        *need = at + RECORD_HEADER;
        if (left > 0 && (header[0] != HANDSHAKE || (left > 1 && header[1] != SSL3_VERSION_MAJOR)))
            return at ? TLS_HELLO_READ : TLS_HELLO_BROKEN;
        if (left < RECORD_HEADER)
            return at && left == 0 ? TLS_HELLO_READ : TLS_HELLO_UNFINISHED;
        at = *need += number_at(header + 3);
        if (at > octets.len)
            return TLS_HELLO_UNFINISHED;
    }
    return TLS_HELLO_BROKEN;
}

/* ---- what stands in it ---- */

struct reading {
    struct tls_hello *out;
    bool found;
};

static int on_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    struct reading *reading = SSL_get_app_data(ssl);
    struct tls_hello *out = reading->out;
    if (!slice_to_text(tls_hello_name(ssl), out->name, sizeof out->name))
        out->name[0] = '\0';
    reading->found = true;
    *alert = SSL_AD_INTERNAL_ERROR; /* goes nowhere */
    return SSL_CLIENT_HELLO_ERROR;
}

SSL_CTX *tls_hello_reader(void)
{
    SSL_CTX *reader = SSL_CTX_new(TLS_server_method());
    if (reader)
        SSL_CTX_set_client_hello_cb(reader, on_hello, NULL);
    return reader;
}

static enum tls_hello_state read_hello(SSL *ssl, struct slice octets, struct tls_hello *out)
{
    BIO *in = BIO_new_mem_buf(octets.ptr, (int)octets.len), *nowhere = BIO_new(BIO_s_null());
    if (!in || !nowhere) {
        BIO_free(in);
        BIO_free(nowhere);
        return TLS_HELLO_BROKEN;
    }
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, nowhere);
    SSL_set_accept_state(ssl);
    struct reading reading = {.out = out};
    SSL_set_app_data(ssl, (char *)&reading);
    int n = SSL_do_handshake(ssl), why = SSL_get_error(ssl, n);
    if (reading.found)
        return TLS_HELLO_READ;
    return why == SSL_ERROR_WANT_READ ? TLS_HELLO_UNFINISHED : TLS_HELLO_BROKEN;
}

enum tls_hello_state tls_hello_look(SSL_CTX *reader, struct slice octets, struct tls_hello *out)
{
    *out = (struct tls_hello){.need = 1};
    size_t reach = 0;
    enum tls_hello_state state =
        octets.len ? look_at_records(octets, &reach, &out->need) : TLS_HELLO_UNFINISHED;
    if (state == TLS_HELLO_READ) {
        SSL *ssl = SSL_new(reader);
        state = ssl ? read_hello(ssl, slice_sub(octets, 0, reach), out) : TLS_HELLO_BROKEN;
        SSL_free(ssl);
        ERR_clear_error();
        if (state == TLS_HELLO_UNFINISHED && reach < octets.len)
            state = TLS_HELLO_BROKEN; /* something else begins before it has ended */
    }
    return state == TLS_HELLO_UNFINISHED && out->need > TLS_HELLO_MOST ? TLS_HELLO_BROKEN : state;
}
