/* SPDX-License-Identifier: ISC
 * The beginning of a TLS connection, looked at before anybody answers it: which name does the client
 * ask for. OpenSSL reads it; nothing is kept. */
#ifndef PROXY_PROCESS_TLS_HELLO_H
#define PROXY_PROCESS_TLS_HELLO_H

#include "base/slice.h"

#include <openssl/ssl.h>

enum {
    TLS_HELLO_MOST = 16 * 1024, /* octets of one, with its records' headers */
    TLS_NAME_MAX = 255,
};

enum tls_hello_state {
    TLS_HELLO_UNFINISHED, /* more must come */
    TLS_HELLO_READ,
    TLS_HELLO_BROKEN, /* it is none, or larger than any that is sent */
};

struct tls_hello {
    char
        name[TLS_NAME_MAX + 1]; /* that is asked for (RFC 6066 3); empty: none, or none of a host */
    size_t need; /* UNFINISHED: nothing is to be learnt from fewer octets than so many */
};

/* What hellos are read with; made before the doors close. NULL: no memory. */
SSL_CTX *tls_hello_reader(void);
enum tls_hello_state tls_hello_look(SSL_CTX *reader, struct slice octets, struct tls_hello *out);

/* From inside OpenSSL's callback of a ClientHello: the host's name in it; empty: none. Valid as long as
 * that lasts. */
struct slice tls_hello_name(SSL *ssl);

#endif
