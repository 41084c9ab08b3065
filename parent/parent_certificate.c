/* SPDX-License-Identifier: ISC */
#include "parent/parent_certificate.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400 };

static BIO *open_pem(struct slice pem)
{
    return pem.len > 0 && pem.len <= INT_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
}

static X509 *next_of(BIO *in)
{
    return in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
}

static X509 *first_in(BIO *in)
{
    return in ? PEM_read_bio_X509_AUX(in, NULL, NULL, NULL) : NULL;
}

static X509 *first_of(struct slice pem)
{
    BIO *in = open_pem(pem);
    X509 *first = first_in(in);
    BIO_free(in);
    return first;
}

/* The end of a file is an error to PEM_read. */
static bool ended_well(void)
{
    unsigned long error = ERR_peek_last_error();
    return error == 0 ||
           (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
}

/* A key behind a passphrase is told, and no question on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *locked)
{
    (void)out, (void)size, (void)writing;
    *(bool *)locked = true;
    return -1;
}

static EVP_PKEY *key_of(struct slice pem, bool *locked)
{
    BIO *in = open_pem(pem);
    *locked = false;
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, locked) : NULL;
    BIO_free(in);
    return key;
}

static bool has_certificate(struct slice pem)
{
    X509 *first = first_of(pem);
    X509_free(first);
    return first != NULL;
}

static bool has_key(struct slice pem)
{
    bool locked;
    EVP_PKEY *key = key_of(pem, &locked);
    EVP_PKEY_free(key);
    return key || locked;
}

/* DER, of which PKCS #12 is made as well, begins with a SEQUENCE of some length. */
static bool is_binary(struct slice file)
{
    return file.len > 1 && file.ptr[0] == 0x30 && (unsigned char)file.ptr[1] >= 0x80;
}

/* ---- when ---- */

static int64_t seconds_of(const ASN1_TIME *when)
{
    struct tm utc;
    return when && ASN1_TIME_to_tm(when, &utc) == 1 ? (int64_t)timegm(&utc) : 0;
}

static struct validity validity_of(const X509 *certificate)
{
    int64_t begins = seconds_of(X509_get0_notBefore(certificate)),
            ends = seconds_of(X509_get0_notAfter(certificate));
    return (struct validity){begins, ends, ends - begins};
}

static void narrow(struct validity *all, struct validity one)
{
    all->begins = one.begins > all->begins ? one.begins : all->begins;
    all->ends = all->ends == 0 || one.ends < all->ends ? one.ends : all->ends;
}

static void write_date(int64_t when, char out[static 11])
{
    time_t seconds = (time_t)when;
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || strftime(out, 11, "%Y-%m-%d", &utc) == 0)
        memcpy(out, "?", 2);
}

static const char *days(int64_t seconds, char out[static 32])
{
    long long count = seconds / DAY;
    if (count == 0)
        return "less than a day";
    snprintf(out, 32, "%lld day%s", count, count == 1 ? "" : "s");
    return out;
}

bool certificate_term(const struct validity *validity, int64_t now,
                      char words[static CERTIFICATE_WORDS])
{
    char date[11], count[32];
    int64_t left = validity->ends - now;
    write_date(now < validity->begins ? validity->begins : validity->ends, date);
    if (now < validity->begins)
        snprintf(words, CERTIFICATE_WORDS, "it is not valid before %s", date);
    else if (left <= 0)
        snprintf(words, CERTIFICATE_WORDS, "it expired on %s (%s ago): renew it", date,
                 days(-left, count));
    else if (left < validity->life / 3)
        snprintf(words, CERTIFICATE_WORDS, "it expires on %s (%s left): renew it", date,
                 days(left, count));
    else
        return false;
    return true;
}

int64_t certificate_end_of(const X509 *certificate)
{
    return seconds_of(X509_get0_notAfter(certificate));
}

int64_t certificate_expires(struct slice chain)
{
    X509 *first = first_of(chain);
    int64_t expires = first ? certificate_end_of(first) : 0;
    X509_free(first);
    ERR_clear_error();
    return expires;
}

/* ---- whose ---- */

static bool signed_by(const X509 *issuer, const X509 *subject)
{
    return X509_check_issued((X509 *)(uintptr_t)issuer, (X509 *)(uintptr_t)subject) == X509_V_OK;
}

/* The last that can be reached from the first, in the order of the file. The caller's; NULL: none. */
static X509 *last_reached(struct slice chain, struct validity *others)
{
    BIO *in = open_pem(chain);
    X509 *last = first_in(in);
    for (X509 *next; last && (next = next_of(in));) {
        if (others)
            narrow(others, validity_of(next));
        X509 *out = signed_by(next, last) ? last : next;
        last = out == last ? next : last;
        X509_free(out);
    }
    BIO_free(in);
    return last;
}

static void look_for_issuer(struct slice chain, struct certificate_study *study)
{
    X509 *last = last_reached(chain, &study->others);
    if (!last)
        return;
    study->lacks_issuer = !signed_by(last, last);
    X509_NAME_oneline(X509_get_issuer_name(last), study->issuer, sizeof study->issuer);
    X509_free(last);
}

bool certificate_issued_by(struct slice chain, struct slice authorities)
{
    X509 *last = last_reached(chain, NULL);
    BIO *in = open_pem(authorities);
    bool found = false;
    for (X509 *one; last && !found && (one = next_of(in));) {
        found = signed_by(one, last);
        X509_free(one);
    }
    BIO_free(in);
    X509_free(last);
    ERR_clear_error();
    return found;
}

/* Of "*.example.com" any name that it stands for. */
bool chain_bears(struct slice chain, struct slice name)
{
    char asked[CERTIFICATE_NAME_MAX * 2];
    bool any = slice_starts(name, SLICE("*."));
    int len = snprintf(asked, sizeof asked, "%s%.*s", any ? "x" : "",
                       SLICE_ARGS(slice_from(name, any ? 1 : 0)));
    X509 *first = first_of(chain);
    bool bears = first && len > 0 && (size_t)len < sizeof asked &&
                 (X509_check_host(first, asked, (size_t)len, 0, NULL) == 1 ||
                  X509_check_ip_asc(first, asked, 0) == 1);
    X509_free(first);
    ERR_clear_error();
    return bears;
}

static void copy_text(const ASN1_STRING *text, char out[static CERTIFICATE_NAME_MAX])
{
    struct slice from = {(const char *)ASN1_STRING_get0_data(text),
                         (size_t)ASN1_STRING_length(text)};
    if (!slice_to_text(from, out, CERTIFICATE_NAME_MAX))
        out[0] = '\0';
}

static void read_name(const X509 *first, char out[static CERTIFICATE_NAME_MAX])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(first, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; names && !out[0] && i < sk_GENERAL_NAME_num(names); i++)
        if (sk_GENERAL_NAME_value(names, i)->type == GEN_DNS)
            copy_text(sk_GENERAL_NAME_value(names, i)->d.dNSName, out);
    GENERAL_NAMES_free(names);
    X509_NAME *subject = X509_get_subject_name(first);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (!out[0] && at >= 0)
        copy_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), out);
}

size_t certificate_count(struct slice pem)
{
    BIO *in = open_pem(pem);
    size_t count = 0;
    for (X509 *one; (one = next_of(in)); count++)
        X509_free(one);
    BIO_free(in);
    ERR_clear_error();
    return count;
}

/* ---- whether they serve ---- */

static enum certificate_fault use_both(SSL_CTX *tls, struct slice chain, EVP_PKEY *key)
{
    BIO *in = open_pem(chain);
    X509 *one = first_in(in);
    enum certificate_fault fault = CERTIFICATE_SERVES;
    if (X509_check_private_key(one, key) != 1)
        fault = CERTIFICATE_OTHER_KEY;
    else if (SSL_CTX_use_certificate(tls, one) != 1 || SSL_CTX_use_PrivateKey(tls, key) != 1)
        fault = CERTIFICATE_REFUSED;
    X509_free(one);
    while (fault == CERTIFICATE_SERVES && (one = next_of(in))) {
        if (SSL_CTX_add1_chain_cert(tls, one) != 1)
            fault = CERTIFICATE_REFUSED;
        X509_free(one);
    }
    if (fault == CERTIFICATE_SERVES && !ended_well())
        fault = CERTIFICATE_BROKEN_CHAIN;
    BIO_free(in);
    return fault;
}

static enum certificate_fault try_both(struct slice chain, EVP_PKEY *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    enum certificate_fault fault = tls ? use_both(tls, chain, key) : CERTIFICATE_REFUSED;
    SSL_CTX_free(tls);
    return fault;
}

static enum certificate_fault fault_of(struct slice chain, struct slice key, bool *binary)
{
    bool locked;
    ERR_clear_error();
    if (!has_certificate(chain)) {
        *binary = is_binary(chain);
        return has_key(chain) && has_certificate(key) && !has_key(key) ? CERTIFICATE_SWAPPED
                                                                       : CERTIFICATE_NO_CHAIN;
    }
    EVP_PKEY *private = key_of(key, &locked);
    *binary = !private && is_binary(key);
    if (!private)
        return locked ? CERTIFICATE_LOCKED_KEY : CERTIFICATE_NO_KEY;
    ERR_clear_error();
    enum certificate_fault fault = try_both(chain, private);
    EVP_PKEY_free(private);
    return fault;
}

void certificate_study(struct slice chain, struct slice key, struct certificate_study *study)
{
    *study = (struct certificate_study){.fault = CERTIFICATE_SERVES};
    study->fault = fault_of(chain, key, &study->binary);
    study->reason = ERR_reason_error_string(ERR_peek_last_error());
    X509 *first = study->fault == CERTIFICATE_SERVES ? first_of(chain) : NULL;
    if (first) {
        study->first = validity_of(first);
        study->others.life = study->first.life;
        read_name(first, study->name);
        look_for_issuer(chain, study);
    }
    X509_free(first);
    ERR_clear_error();
}
