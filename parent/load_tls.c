/* SPDX-License-Identifier: ISC
 * Certificates, keys, suites and authorities, as the proxies will load them. */
#include "parent/load_look.h"
#include "parent/parent_certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

/* ---- certificates ---- */

struct pair {
    const struct certificate *conf;
    struct slice chain, key;
    struct certificate_study study;
};

static const char *how_to_convert(const struct pair *pair)
{
    return pair->study.binary ? ": it is no PEM but binary; convert it (of a .pfx: openssl pkcs12 "
                                "-in FILE -nodes -out NEW.pem)"
                              : ": expected PEM, such as -----BEGIN";
}

static void say_fault(struct load_look *look, const struct pair *pair)
{
    const struct certificate *conf = pair->conf;
    const char *more = how_to_convert(pair);
    const char *reason = pair->study.reason ? pair->study.reason : "it cannot be used";
    switch (pair->study.fault) {
    case CERTIFICATE_SWAPPED:
        LOOK_ERROR(look, conf->chain_at,
                   "chain and key are swapped: \"%.*s\" holds the key, and \"%.*s\" the "
                   "certificate",
                   PATH_SHOWN(conf->chain_path), PATH_SHOWN(conf->key_path));
        break;
    case CERTIFICATE_NO_CHAIN:
        LOOK_ERROR(look, conf->chain_at, "there is no certificate in \"%.*s\"%s",
                   PATH_SHOWN(conf->chain_path), more);
        break;
    case CERTIFICATE_NO_KEY:
        LOOK_ERROR(look, conf->key_at, "there is no private key in \"%.*s\"%s",
                   PATH_SHOWN(conf->key_path), more);
        break;
    case CERTIFICATE_LOCKED_KEY:
        LOOK_ERROR(look, conf->key_at,
                   "the key \"%.*s\" is behind a passphrase, which nobody would type at a start; "
                   "take it off: openssl pkey -in FILE -out NEW",
                   PATH_SHOWN(conf->key_path));
        break;
    case CERTIFICATE_OTHER_KEY:
        LOOK_ERROR(look, conf->key_at,
                   "the key \"%.*s\" does not belong to the certificate \"%.*s\"",
                   PATH_SHOWN(conf->key_path), PATH_SHOWN(conf->chain_path));
        break;
    case CERTIFICATE_BROKEN_CHAIN:
        LOOK_ERROR(look, conf->chain_at,
                   "what follows the first certificate in \"%.*s\" cannot be read: %s",
                   PATH_SHOWN(conf->chain_path), reason);
        break;
    default:
        LOOK_ERROR(look, conf->chain_at, "the certificate \"%.*s\" is refused: %s",
                   PATH_SHOWN(conf->chain_path), reason);
    }
}

static void look_at_names(struct load_look *look, const struct pair *pair)
{
    const struct certificate *conf = pair->conf;
    for (size_t i = 0; i < conf->name_count; i++)
        if (!chain_bears(pair->chain, conf->names[i]))
            LOOK_WARNING(look, conf->names_at[i],
                         "the certificate in \"%.*s\" does not bear this name, but \"%s\": who "
                         "verifies it will not send",
                         PATH_SHOWN(conf->chain_path), pair->study.name);
}

static void look_at_term(struct load_look *look, const struct pair *pair, int64_t now)
{
    char words[CERTIFICATE_WORDS];
    struct slice path = pair->conf->chain_path;
    if (certificate_term(&pair->study.first, now, words))
        LOOK_WARNING(look, pair->conf->chain_at, "the certificate in \"%.*s\": %s",
                     PATH_SHOWN(path), words);
    if (pair->study.others.ends && certificate_term(&pair->study.others, now, words))
        LOOK_WARNING(look, pair->conf->chain_at,
                     "a certificate behind the first one in \"%.*s\": %s", PATH_SHOWN(path), words);
}

/* Roots need not be in a chain. Who they are is known by the authorities that backends are verified
 * by, which are looked into here without becoming a part of the configuration. */
static bool is_known_root(const struct load_look *look, const struct pair *pair)
{
    struct bundle *aside = bundle_new();
    struct slice authorities;
    const char *reason;
    bool known = aside &&
                 bundle_read(aside, look->config->settings.tls_ca_file, &authorities, &reason) &&
                 certificate_issued_by(pair->chain, authorities);
    bundle_free(&aside);
    return known;
}

static void look_at_issuer(struct load_look *look, const struct pair *pair)
{
    if (pair->study.lacks_issuer && !is_known_root(look, pair))
        LOOK_WARNING(look, pair->conf->chain_at,
                     "\"%.*s\" ends before its issuer, \"%s\", which is no root of tls ca_file "
                     "either: put the certificates between behind it",
                     PATH_SHOWN(pair->conf->chain_path), pair->study.issuer);
}

static void look_at_certificate(struct load_look *look, const struct certificate *conf, int64_t now)
{
    struct pair pair = {.conf = conf};
    bool there =
        look_into(look, conf->chain_at, "certificate chain", conf->chain_path, &pair.chain);
    if (!look_into(look, conf->key_at, "key", conf->key_path, &pair.key) || !there)
        return;
    certificate_study(pair.chain, pair.key, &pair.study);
    if (pair.study.fault != CERTIFICATE_SERVES) {
        say_fault(look, &pair);
        return;
    }
    look_who_reads(look, conf->key_at, "key", conf->key_path);
    look_at_term(look, &pair, now);
    look_at_names(look, &pair);
    look_at_issuer(look, &pair);
}

/* ---- suites ---- */

static bool is_suite(SSL_CTX *tls, struct slice word)
{
    char name[128];
    return slice_to_text(word, name, sizeof name) && SSL_CTX_set_cipher_list(tls, name) == 1;
}

/* Words with a sign ("!MD5", "@STRENGTH") take away or sort. */
static bool is_plain(struct slice word)
{
    return word.len > 0 && slice_find(SLICE("!-+@"), word.ptr[0]) == 4;
}

/* OpenSSL leaves out what it does not know, in silence. */
static void look_at_suites(struct load_look *look, SSL_CTX *tls, const char *word,
                           struct slice suites)
{
    for (struct slice one, rest = suites; rest.len > 0;) {
        slice_cut(rest, ':', &one, &rest);
        if (is_plain(one) && !is_suite(tls, one))
            LOOK_WARNING(look, look_setting(look, "tls", word),
                         slice_starts(one, SLICE("TLS_"))
                             ? "\"%.*s\" is ignored here: suites of TLS 1.3 are always offered"
                             : "no suite is called \"%.*s\", so it is ignored",
                         SHOWN(one));
    }
}

enum { SUITES_MAX = 4096 };

static void look_at_all_suites(struct load_look *look)
{
    const struct settings *settings = &look->config->settings;
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    char list[SUITES_MAX];
    if (!tls)
        return;
    bool fits = slice_to_text(settings->tls_ciphers, list, sizeof list);
    if (!fits || settings->tls_ciphers.len + settings->tls_ciphers_if_plain.len + 2 > SUITES_MAX)
        LOOK_ERROR(look, look_setting(look, "tls", "ciphers"),
                   "the lists of suites are too long; expected at most %d characters together",
                   SUITES_MAX - 2);
    else if (SSL_CTX_set_cipher_list(tls, list) != 1)
        LOOK_ERROR(look, look_setting(look, "tls", "ciphers"),
                   "none of these suites is known; expected names such as "
                   "\"ECDHE-RSA-AES128-GCM-SHA256\" (openssl ciphers lists them)");
    else
        look_at_suites(look, tls, "ciphers", settings->tls_ciphers);
    look_at_suites(look, tls, "ciphers_if_plain", settings->tls_ciphers_if_plain);
    SSL_CTX_free(tls);
    ERR_clear_error();
}

/* ---- authorities ---- */

static const struct server *verified_server(const struct config *config)
{
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            if (config->backends[b].servers[s].tls == BACKEND_TLS_VERIFY)
                return &config->backends[b].servers[s];
    return NULL;
}

static void warn_of_idle_authorities(struct load_look *look, struct span at, struct slice path)
{
    char name[PATH_MAX];
    if (at.to > 0 && (!slice_to_path(path, name) || access(name, R_OK) != 0))
        LOOK_WARNING(look, at, "\"%.*s\": %s%s; nothing needs it: no server has tls verify",
                     PATH_SHOWN(path), strerror(errno), look_hint(errno));
}

void look_at_authorities(struct load_look *look)
{
    const struct config *config = look->config;
    struct slice path = config->settings.tls_ca_file, pem;
    struct span at = look_setting(look, "tls", "ca_file");
    const struct server *server = verified_server(config);
    if (!server && config->settings.redis_tls_name.len == 0) {
        warn_of_idle_authorities(look, at, path);
        return;
    }
    if (at.to == 0)
        at = server ? server->at : look_setting(look, "redis", "tls_name");
    if (look_into(look, at, "tls ca_file", path, &pem) && certificate_count(pem) == 0)
        LOOK_ERROR(look, at,
                   "there is no certificate in \"%.*s\", so no server could be verified; expected "
                   "PEM, such as -----BEGIN CERTIFICATE-----",
                   PATH_SHOWN(path));
}

void look_at_tls(struct load_look *look, int64_t now)
{
    for (size_t i = 0; i < look->config->certificate_count; i++)
        look_at_certificate(look, &look->config->certificates[i], now);
    if (look->config->certificate_count > 0)
        look_at_all_suites(look);
}
