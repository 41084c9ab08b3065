/* SPDX-License-Identifier: ISC */
#include "proxy/process/tls_hello.h"

#include <openssl/err.h>
#include <string.h>

#include "tests/harness/unit.h"

enum { ROOM = 20 * 1024 };

static SSL_CTX *reader;
static char octets[ROOM];
static size_t len;

/* What a client of OpenSSL's sends that asks for this name; NULL: for none. */
static void make_hello(const char *name, int most)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(tls, most);
    SSL *ssl = SSL_new(tls);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    if (name)
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 (void *)(uintptr_t)name); /* which the macro casts away */
    SSL_do_handshake(ssl);
    len = (size_t)BIO_read(SSL_get_wbio(ssl), octets, sizeof octets);
    SSL_free(ssl);
    SSL_CTX_free(tls);
    ERR_clear_error();
}

static void make_reader(void)
{
    reader = tls_hello_reader();
    assert_non_null(reader);
    make_hello("mx.example", 0);
}

static void free_reader(void)
{
    SSL_CTX_free(reader);
}

EACH_TEST(make_reader, free_reader);

static enum tls_hello_state look(size_t count, struct tls_hello *out)
{
    return tls_hello_look(reader, (struct slice){octets, count}, out);
}

static void asks_for(const char *name)
{
    struct tls_hello hello;
    assert_int_equal(look(len, &hello), TLS_HELLO_READ);
    assert_string_equal(hello.name, name);
}

static bool is_broken(void)
{
    struct tls_hello hello;
    return look(len, &hello) == TLS_HELLO_BROKEN;
}

TEST(test_the_name_that_is_asked_for)
{
    asks_for("mx.example");
    make_hello("mx.example", TLS1_2_VERSION);
    asks_for("mx.example");
    make_hello(NULL, 0);
    asks_for("");
}

/* Each time it says how much is needed, never less than there is, and never more than it is. */
TEST(test_octet_by_octet_it_says_what_it_needs)
{
    struct tls_hello hello;
    for (size_t count = 0; count < len; count++) {
        assert_int_equal(look(count, &hello), TLS_HELLO_UNFINISHED);
        assert_true(hello.need > count && hello.need <= len);
    }
    assert_int_equal(look(4, &hello), TLS_HELLO_UNFINISHED);
    assert_int_equal(hello.need, 5);
    assert_int_equal(look(5, &hello), TLS_HELLO_UNFINISHED);
    assert_int_equal(hello.need, len);
}

/* The handshake message goes on in records of this size. */
static void cut(size_t size)
{
    static char whole[ROOM];
    size_t body = len - 5, at = 0;
    memcpy(whole, octets + 5, body);
    for (len = 0; at < body; at += size) {
        size_t n = body - at < size ? body - at : size;
        const char header[] = {22, 3, 1, (char)(n >> 8), (char)n};
        memcpy(octets + len, header, sizeof header);
        memcpy(octets + len + sizeof header, whole + at, n);
        len += sizeof header + n;
    }
}

TEST(test_it_may_be_cut_into_some_records)
{
    struct tls_hello hello;
    cut((len - 5 + 3) / 4);
    asks_for("mx.example");
    for (size_t count = 0; count < len; count++) {
        assert_int_equal(look(count, &hello), TLS_HELLO_UNFINISHED);
        assert_true(hello.need > count);
    }
}

TEST(test_nobody_looks_at_many_records)
{
    cut(5);
    assert_true(is_broken());
}

TEST(test_early_data_behind_it_is_no_part_of_it)
{
    static const char header[] = {0x17, 3, 3, 0x40, 0};
    memcpy(octets + len, header, sizeof header);
    len += sizeof header;
    asks_for("mx.example");
}

TEST(test_something_else_in_the_middle_of_it_is_broken)
{
    cut((len - 5 + 1) / 2);
    octets[(len + 1) / 2] = 23;
    assert_true(is_broken());
}

TEST(test_what_is_no_hello_is_broken)
{
    static const char *const others[] = {"EHLO x\r\n", "GET / HTTP/1.0\r\n", "\x16\x02",
                                         "\x80\x2e\x01", "\x15\x03\x01"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        len = strlen(others[i]);
        memcpy(octets, others[i], len);
        assert_true(is_broken());
    }
    make_hello("mx.example", 0);
    octets[5] = 2; /* a server's */
    assert_true(is_broken());
}

TEST(test_more_than_anybody_sends_is_not_waited_for)
{
    struct tls_hello hello;
    memset(octets, 0xff, 5);
    memcpy(octets, (const char[]){0x16, 3, 1}, 3);
    assert_int_equal(look(5, &hello), TLS_HELLO_BROKEN);
}

/* Whatever octet is another: an answer, and a name that ends. */
TEST(test_each_octet_may_be_wrong)
{
    struct tls_hello hello;
    for (size_t i = 0; i < len; i++) {
        char was = octets[i];
        octets[i] = (char)~was;
        look(len, &hello);
        assert_true(strnlen(hello.name, sizeof hello.name) < sizeof hello.name);
        octets[i] = was;
    }
    asks_for("mx.example");
}
