/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/upstream_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static bool name_is_address(struct slice name)
{
    struct ip ip;
    return ip_parse(name, &ip);
}

/* For `tls verify`: the chain and the name are checked by OpenSSL during the handshake; without a
 * name the certificate must bear the server's address. */
static void expect_name(SSL *ssl, const struct server *server, const struct ip *ip)
{
    char name[256];
    if (server->tls_name.len == 0 || server->tls_name.len >= sizeof name) {
        X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), ip->bytes, ip->family == 4 ? 4 : 16);
        return;
    }
    memcpy(name, server->tls_name.ptr, server->tls_name.len);
    name[server->tls_name.len] = '\0';
    if (name_is_address(server->tls_name)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
        return;
    }
    SSL_set_tlsext_host_name(ssl, name);
    if (server->tls == BACKEND_TLS_VERIFY)
        SSL_set1_host(ssl, name);
}

/* TLS 1.3 sends them after the handshake (RFC 8446 4.6.1). */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **kept = SSL_get_app_data(ssl);
    SSL_SESSION_free(*kept);
    *kept = session;
    return 1; /* taken over */
}

/* Whom `tls verify` trusts: every certificate in the file. */
static bool trust(SSL_CTX *tls, struct slice ca_pem)
{
    BIO *pem = BIO_new_mem_buf(ca_pem.len ? ca_pem.ptr : "", (int)ca_pem.len);
    if (!pem)
        return false;
    X509 *ca;
    while ((ca = PEM_read_bio_X509(pem, NULL, NULL, NULL))) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), ca);
        X509_free(ca);
    }
    ERR_clear_error(); /* the end of the file is an error to PEM_read */
    BIO_free(pem);
    return true;
}

/* Whether plaintext is what comes of it when TLS fails. */
static bool may_be_plain(const struct server *server)
{
    return server->tls == BACKEND_TLS_OPPORTUNISTIC && !server->implicit_tls;
}

static void choose_versions(SSL *ssl, const struct server *server)
{
    if (!may_be_plain(server))
        SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
    else if (SSL_get_min_proto_version(ssl) < TLS1_2_VERSION)
        SSL_set_security_level(ssl, 0); /* those sign with MD5 and SHA-1 */
}

SSL_CTX *upstream_tls_new(struct slice ca_pem, int minimum)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    int oldest = minimum < TLS1_2_VERSION ? minimum : TLS1_2_VERSION;
    if (!tls || !SSL_CTX_set_min_proto_version(tls, oldest) || !trust(tls, ca_pem)) {
        SSL_CTX_free(tls);
        return NULL;
    }
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, keep_session);
    return tls;
}

SSL *upstream_tls_connect(SSL_CTX *tls, const struct server *server, const struct ip *ip,
                          SSL_SESSION **session)
{
    SSL *ssl = SSL_new(tls);
    if (!ssl)
        return NULL;
    SSL_set_connect_state(ssl);
    SSL_set_app_data(ssl, session);
    expect_name(ssl, server, ip);
    choose_versions(ssl, server);
    if (server->tls == BACKEND_TLS_VERIFY)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    if (*session)
        SSL_set_session(ssl, *session);
    return ssl;
}
