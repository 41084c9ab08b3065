/* SPDX-License-Identifier: ISC
 * What a client has offered in its ClientHello: kept until its handshake is over, for who wants to
 * know why that failed. Nothing of it is secret: it came in plaintext. */
#ifndef PROXY_PROCESS_TLS_OFFER_H
#define PROXY_PROCESS_TLS_OFFER_H

#include "base/slice.h"

#include <openssl/ssl.h>

enum { TLS_OFFER_WORDS = 512 /* octets, with the NUL */ };

/* From now on connections of that context keep it; `forget` frees it before they end. */
void tls_offer_keep(SSL_CTX *tls);
void tls_offer_forget(SSL *ssl);

/* In words, printable ASCII: "versions 1.3 1.2; name mx.example.com; 4 ciphers: NAME NAME ...".
 * Empty: no ClientHello has come, or it is forgotten. */
void tls_offer_words(const SSL *ssl, char out[static TLS_OFFER_WORDS]);

#endif
