/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_talk.h"

#include "parent/first_run/first_run_line.h"
#include "parent/parent_certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { REPLY_LINES = 100 };

struct call {
    const struct answers *answers;
    struct wire_findings *out;
    struct line_talk talk;
};

static bool fail(struct call *call, enum wire_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct call *call, enum wire_state state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(call->out->why, sizeof call->out->why, format, args);
    va_end(args);
    call->out->state = state;
    return false;
}

static const char *trouble(void)
{
    if (errno == 0)
        return "it hangs up";
    return errno == ETIMEDOUT ? "no answer in time" : strerror(errno);
}

/* ---- replies ---- */

/* "250-SIZE 1000": 250. 0: no line of a reply. */
static unsigned code_of(struct slice line)
{
    uint64_t code;
    bool whole = line.len == 3 || (line.len > 3 && (line.ptr[3] == ' ' || line.ptr[3] == '-'));
    return whole && slice_to_u64(slice_sub(line, 0, 3), 599, &code) && code >= 200 ? (unsigned)code
                                                                                   : 0;
}

static void keep_text(char out[static WIRE_TEXT], struct slice text)
{
    snprintf(out, WIRE_TEXT, "%.*s", SLICE_ARGS(text));
}

/* Its last line is kept; `each` (NULL: nobody) is told of all. */
static bool read_reply(struct call *call, struct wire_reply *reply,
                       void (*each)(struct call *call, struct slice text))
{
    struct slice line;
    *reply = (struct wire_reply){0};
    for (int n = 0; n < REPLY_LINES; n++) {
        if (!line_read(&call->talk, &line))
            return fail(call, WIRE_UNGREETED, "%s", trouble());
        unsigned code = code_of(line);
        if (!code)
            return fail(call, WIRE_UNGREETED, "it does not speak SMTP, it says: %.*s",
                        SLICE_ARGS(line));
        if (each)
            each(call, slice_from(line, 4));
        keep_text(reply->text, line);
        reply->code = code;
        if (line.len == 3 || line.ptr[3] == ' ')
            return true;
    }
    return fail(call, WIRE_UNGREETED, "its answer does not end");
}

static bool says_yes(const struct wire_reply *reply)
{
    return reply->code / 100 == 2;
}

/* ---- TLS ---- */

static void add_name(struct buf *names, struct slice name)
{
    if (buf_len(names))
        buf_cstr(names, ", ");
    buf_append(names, name);
}

static void names_of(X509 *certificate, char out[static WIRE_TEXT])
{
    struct buf names = buf_over(out, WIRE_TEXT - 1);
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        int type;
        const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &type);
        if (type == GEN_DNS)
            add_name(&names, (struct slice){(const char *)ASN1_STRING_get0_data(text),
                                            (size_t)ASN1_STRING_length(text)});
    }
    GENERAL_NAMES_free(all);
    out[buf_len(&names)] = '\0';
    if (!*out)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, out,
                                  WIRE_TEXT);
}

static void look_at_certificate(struct call *call)
{
    struct wire_findings *out = call->out;
    X509 *certificate = SSL_get1_peer_certificate(call->talk.ssl);
    snprintf(out->tls_version, sizeof out->tls_version, "%s", SSL_get_version(call->talk.ssl));
    if (!certificate)
        return;
    names_of(certificate, out->certificate);
    out->certificate_ends = certificate_end_of(certificate);
    long verdict = SSL_get_verify_result(call->talk.ssl);
    if (verdict != X509_V_OK)
        snprintf(out->distrust, sizeof out->distrust, "%s", X509_verify_cert_error_string(verdict));
    X509_free(certificate);
}

static void expect_name(SSL *ssl, const struct answers *answers)
{
    char name[256];
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
    if (answers->tls != BACKEND_TLS_VERIFY)
        return;
    if (!slice_to_text(answers->tls_name, name, sizeof name) || !*name) {
        X509_VERIFY_PARAM_set1_ip(wanted, answers->ip.bytes, answers->ip.family == 4 ? 4 : 16);
        return;
    }
    X509_VERIFY_PARAM_set1_host(wanted, name, 0);
    SSL_set_tlsext_host_name(ssl, name);
}

static bool encrypt(struct call *call, SSL_CTX *tls)
{
    const char *why = "out of memory";
    struct wire_reply reply;
    bool asked = line_say(&call->talk, "STARTTLS") && read_reply(call, &reply, NULL);
    if (asked && !says_yes(&reply))
        why = reply.text;
    else if (asked) {
        SSL *ssl = SSL_new(tls);
        if (ssl)
            expect_name(ssl, call->answers);
        call->out->encrypted = ssl && line_encrypt(&call->talk, ssl, &why);
    } else {
        why = trouble();
    }
    if (call->out->encrypted)
        look_at_certificate(call);
    else
        snprintf(call->out->tls_trouble, sizeof call->out->tls_trouble, "%s", why);
    return call->out->encrypted;
}

/* ---- hello ---- */

static void hear_extension(struct call *call, struct slice text)
{
    struct slice word, rest;
    slice_cut(text, ' ', &word, &rest);
    if (slice_ieq(word, SLICE("STARTTLS")))
        call->out->offers_starttls = true;
    else if (slice_ieq(word, SLICE("SIZE")))
        slice_to_u64(slice_trim(rest), UINT64_MAX, &call->out->size);
}

static bool say_hello(struct call *call)
{
    struct wire_reply reply;
    if (!line_say(&call->talk, "EHLO %.*s", SLICE_ARGS(call->answers->hostname)))
        return fail(call, WIRE_UNGREETED, "%s", trouble());
    return read_reply(call, &reply, hear_extension) &&
           (says_yes(&reply) || fail(call, WIRE_UNGREETED, "it refuses EHLO: %s", reply.text));
}

static bool greet(struct call *call)
{
    struct wire_reply reply;
    if (!line_connect(&call->talk, &call->answers->ip, call->answers->port, WIRE_CONNECT,
                      WIRE_ANSWER))
        return fail(call, WIRE_UNREACHED, "%s",
                    errno == ETIMEDOUT ? "no connection in time" : strerror(errno));
    if (!read_reply(call, &reply, NULL))
        return false;
    memcpy(call->out->greeting, reply.text, sizeof reply.text);
    return (says_yes(&reply) || fail(call, WIRE_UNGREETED, "it turns us away: %s", reply.text)) &&
           say_hello(call);
}

/* Encrypted as it was asked for. After a handshake that failed nothing can be said in clear: *again. */
static bool secure(struct call *call, SSL_CTX *tls, bool *again)
{
    enum backend_tls mode = call->answers->tls;
    struct wire_findings *out = call->out;
    *again = false;
    if (mode == BACKEND_TLS_NONE || (mode == BACKEND_TLS_OPPORTUNISTIC && !out->offers_starttls))
        return true;
    if (!out->offers_starttls)
        return fail(call, WIRE_UNSAFE, "it does not offer STARTTLS");
    if (!encrypt(call, tls)) {
        *again = mode == BACKEND_TLS_OPPORTUNISTIC;
        return fail(call, WIRE_UNSAFE, "TLS fails: %s", out->tls_trouble);
    }
    if (mode == BACKEND_TLS_VERIFY && *out->distrust)
        return fail(call, WIRE_UNSAFE, "its certificate does not do: %s", out->distrust);
    return say_hello(call);
}

/* ---- who exists ---- */

static bool ask_about(struct call *call, const char *local, struct slice domain,
                      struct wire_reply *reply)
{
    if (!line_say(&call->talk, "RCPT TO:<%s@%.*s>", local, SLICE_ARGS(domain)))
        return fail(call, WIRE_REFUSED, "%s", trouble());
    return read_reply(call, reply, NULL);
}

static bool ask_about_recipients(struct call *call, const char *nobody)
{
    const struct answers *answers = call->answers;
    struct wire_findings *out = call->out;
    struct wire_reply reply;
    if (!line_say(&call->talk, "MAIL FROM:<>"))
        return fail(call, WIRE_REFUSED, "%s", trouble());
    if (!read_reply(call, &reply, NULL))
        return false;
    if (!says_yes(&reply))
        return fail(call, WIRE_REFUSED, "it takes no mail from here: %s", reply.text);
    for (size_t i = 0; i < answers->domain_count && i < WIRE_DOMAINS; i++) {
        if (!ask_about(call, nobody, answers->domains[i], &out->nobody[i]) ||
            !ask_about(call, "postmaster", answers->domains[i], &out->postmaster[i]))
            return false;
        out->asked++;
    }
    return true;
}

/* ---- all of it ---- */

SSL_CTX *wire_tls(struct slice ca_pem)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    BIO *pem = tls ? BIO_new_mem_buf(ca_pem.len ? ca_pem.ptr : "", (int)ca_pem.len) : NULL;
    if (!pem || !SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION)) {
        BIO_free(pem);
        SSL_CTX_free(tls);
        return NULL;
    }
    for (X509 *ca; (ca = PEM_read_bio_X509(pem, NULL, NULL, NULL)); X509_free(ca))
        X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), ca);
    ERR_clear_error();
    BIO_free(pem);
    return tls;
}

static void forget(struct wire_findings *out)
{
    char trouble_before[WIRE_TEXT];
    memcpy(trouble_before, out->tls_trouble, sizeof trouble_before);
    *out = (struct wire_findings){.state = WIRE_UNTRIED};
    memcpy(out->tls_trouble, trouble_before, sizeof trouble_before);
}

static bool talk(struct call *call, SSL_CTX *tls, const char *nobody)
{
    bool again;
    if (!greet(call))
        return false;
    if (!secure(call, tls, &again)) {
        if (!again)
            return false;
        line_close(&call->talk);
        forget(call->out);
        if (!greet(call))
            return false;
    }
    if (!ask_about_recipients(call, nobody))
        return false;
    call->out->state = WIRE_WELL;
    line_say(&call->talk, "QUIT");
    return true;
}

void wire_talk(const struct answers *answers, SSL_CTX *tls, struct wire_findings *out)
{
    struct call call = {.answers = answers, .out = out, .talk.sock = -1};
    char nobody[40];
    unsigned char random[8] = {0};
    char digits[2 * sizeof random + 1];
    if (getrandom(random, sizeof random, 0) < 0)
        memset(random, 0, sizeof random);
    hex_text((struct slice){(const char *)random, sizeof random}, digits);
    snprintf(nobody, sizeof nobody, "no-such-user-%s", digits);
    *out = (struct wire_findings){.state = WIRE_UNTRIED};
    talk(&call, tls, nobody);
    line_close(&call.talk);
}
