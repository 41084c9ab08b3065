/* SPDX-License-Identifier: ISC
 * TLS contexts with a fresh self-signed certificate, for tests. */
#ifndef TESTS_HARNESS_CERTIFICATE_H
#define TESTS_HARNESS_CERTIFICATE_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* A certificate for `name` (a DNS name) with its key. */
static inline X509 *certificate_for(const char *name, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    char subject[300];
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    snprintf(subject, sizeof subject, "DNS:%s", name);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, subject);
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(cert, key, EVP_sha256());
    return cert;
}

static inline SSL_CTX *server_context(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = certificate_for(name, key);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(tls, cert);
    SSL_CTX_use_PrivateKey(tls, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    return tls;
}

#endif
