/* SPDX-License-Identifier: ISC */
#include "console/certificate.h"

#include "base/buf.h"
#include "policy/value.h"

#include <openssl/x509v3.h>
#include <unistd.h>

enum { NAMES_MAX = 512 };

static bool bears(struct arena *arena, X509 *certificate, struct slice wanted)
{
    struct ip ip;
    char *name = arena_cstr(arena, wanted);
    if (!name)
        return false;
    return ip_parse(wanted, &ip) ? X509_check_ip_asc(certificate, name, 0) == 1
                                 : X509_check_host(certificate, name, 0, 0, NULL) == 1;
}

static void add_name(struct buf *out, const GENERAL_NAME *name)
{
    int type;
    const ASN1_STRING *text = GENERAL_NAME_get0_value(name, &type);
    if (type != GEN_DNS)
        return;
    if (buf_len(out))
        buf_cstr(out, ", ");
    buf_append(out, (struct slice){(const char *)ASN1_STRING_get0_data(text),
                                   (size_t)ASN1_STRING_length(text)});
}

struct slice certificate_names(struct arena *arena, X509 *certificate)
{
    char room[NAMES_MAX], subject[256] = "";
    struct buf out = buf_over(room, sizeof room);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        add_name(&out, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    if (buf_len(&out))
        return arena_copy(arena, buf_slice(&out));
    X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    return arena_printf(arena, "nobody by name (%s)", subject);
}

static struct slice chain_flaw(struct arena *arena, long verified, struct slice ca_file)
{
    char path[PATH_MAX];
    bool unknown = verified == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                   verified == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
                   verified == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
                   verified == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    if (!unknown)
        return slice_of(X509_verify_cert_error_string(verified));
    if (!slice_to_path(ca_file, path) || access(path, R_OK) != 0)
        return ARENA_JOIN(arena, ca_file, SLICE(" (tls ca_file) cannot be read"));
    return ARENA_JOIN(arena, SLICE("whoever signed it is not in "), ca_file,
                      SLICE(" (tls ca_file), or it comes without the certificates between"));
}

struct slice certificate_flaw(struct arena *arena, X509 *certificate, long verified,
                              struct slice name, struct slice ca_file)
{
    if (verified != X509_V_OK)
        return chain_flaw(arena, verified, ca_file);
    if (name.len && !bears(arena, certificate, name))
        return ARENA_JOIN(arena, SLICE("it is for "), certificate_names(arena, certificate),
                          SLICE(", not for "), name);
    return SLICE("");
}

int certificate_days(const X509 *certificate)
{
    int days = 0, seconds = 0;
    if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)))
        return -1;
    return seconds < 0 && days == 0 ? -1 : days;
}
