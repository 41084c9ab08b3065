/* SPDX-License-Identifier: ISC
 * What is looked at of a ClientHello before it is answered: of as many octets as have come, and more of
 * them, within bounds. */
#include "proxy/process/tls_hello.h"

#include <string.h>

#include "tests/fuzz/target.h"

static SSL_CTX *reader(void)
{
    static SSL_CTX *made;
    if (!made)
        made = tls_hello_reader();
    return made;
}

FUZZ(in)
{
    struct tls_hello hello;
    struct slice seen = slice_sub(in, 0, TLS_HELLO_MOST);
    enum tls_hello_state state = tls_hello_look(reader(), seen, &hello);
    require(memchr(hello.name, '\0', sizeof hello.name));
    if (state == TLS_HELLO_UNFINISHED)
        require(hello.need > seen.len && hello.need <= TLS_HELLO_MOST);
}
