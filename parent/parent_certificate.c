/* SPDX-License-Identifier: ISC */
#include "parent/parent_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

static int64_t seconds_of(const ASN1_TIME *when)
{
    struct tm utc;
    return when && ASN1_TIME_to_tm(when, &utc) == 1 ? (int64_t)timegm(&utc) : 0;
}

int64_t certificate_expires(struct slice chain)
{
    BIO *in = chain.len <= INT_MAX ? BIO_new_mem_buf(chain.ptr, (int)chain.len) : NULL;
    X509 *first = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    int64_t expires = first ? seconds_of(X509_get0_notAfter(first)) : 0;
    X509_free(first);
    BIO_free(in);
    ERR_clear_error();
    return expires;
}
