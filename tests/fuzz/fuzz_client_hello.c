/* SPDX-License-Identifier: ISC
 * What is kept of a ClientHello, whatever it holds: it is told in printable ASCII, within bounds. */
#include "proxy/process/tls_offer.h"

#include <openssl/err.h>
#include <string.h>

#include "tests/fuzz/target.h"

static SSL_CTX *context(void)
{
    static SSL_CTX *made;
    if (!made) {
        made = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_min_proto_version(made, 0);
        tls_offer_keep(made);
    }
    return made;
}

FUZZ(in)
{
    char words[TLS_OFFER_WORDS];
    SSL *ssl = SSL_new(context());
    SSL_set_bio(ssl, BIO_new_mem_buf(in.ptr, (int)in.len), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl);
    SSL_do_handshake(ssl);
    ERR_clear_error();
    tls_offer_words(ssl, words);
    size_t len = strnlen(words, sizeof words);
    require(len < sizeof words);
    for (size_t i = 0; i < len; i++)
        require(words[i] >= ' ' && words[i] <= '~');
    SSL_free(ssl);
}
