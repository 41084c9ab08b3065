/* SPDX-License-Identifier: ISC
 * Having a connection to Redis: where it is, TLS. */
#include "base/clock.h"
#include "policy/encoding.h"
#include "proxy/state/redis_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_MAX = 64 * 1024, REASON_MAX = 96 };

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);
static const struct stream_owner stream_owner = {.on_input = on_input, .on_event = on_event};

/* ---- the configuration ---- */

static bool trust(SSL_CTX *tls, struct slice ca)
{
    BIO *pem = BIO_new_mem_buf(ca.len ? ca.ptr : "", (int)ca.len);
    if (!pem)
        return false;
    for (X509 *cert; (cert = PEM_read_bio_X509(pem, NULL, NULL, NULL)); X509_free(cert))
        X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), cert);
    ERR_clear_error(); /* the end of the file is an error to PEM_read */
    BIO_free(pem);
    return true;
}

static bool set_tls(struct redis *r, struct slice name, struct slice ca)
{
    if (name.len >= sizeof r->tls_name)
        return false;
    memcpy(r->tls_name, name.ptr, name.len);
    r->tls = SSL_CTX_new(TLS_client_method());
    if (!r->tls || !SSL_CTX_set_min_proto_version(r->tls, TLS1_2_VERSION) || !trust(r->tls, ca))
        return false;
    SSL_CTX_set_verify(r->tls, SSL_VERIFY_PEER, NULL);
    return true;
}

static bool set_login(struct redis_login *login, struct slice user, struct slice password)
{
    password = slice_trim(encoding_text(password));
    if (password.len > sizeof login->password)
        return false;
    login->user = user;
    if (password.len)
        memcpy(login->password, password.ptr, password.len);
    login->len = password.len;
    return true;
}

static bool set_place(struct redis *r, const struct config *config)
{
    const struct settings *settings = &config->settings;
    r->place = redis_place(settings);
    r->master = settings->redis_master;
    r->sentinels = config->redis_sentinels;
    r->sentinel_count = config->redis_sentinel_count;
    return r->place != REDIS_AT_ADDRESS || redis_address(settings->redis_server, &r->ip, &r->port);
}

bool redis_prepare(struct redis *r, const struct config *config, const struct redis_files *files)
{
    const struct settings *settings = &config->settings;
    bool over_network =
        redis_place(settings) == REDIS_AT_ADDRESS || redis_place(settings) == REDIS_AT_MASTER;
    r->database = settings->redis_database;
    r->timeout_ms = settings->redis_timeout;
    return set_place(r, config) && set_login(&r->login, settings->redis_user, files->password) &&
           set_login(&r->sentinel_login, settings->redis_sentinel_user, files->sentinel_password) &&
           (!over_network || settings->redis_tls_name.len == 0 ||
            set_tls(r, settings->redis_tls_name, files->ca));
}

/* ---- connecting ---- */

void redis_trouble(struct redis *r, const char *what)
{
    r->trouble = what;
    redis_wake_soon(r);
}

static socklen_t fill_peer(struct sockaddr_storage *peer, const struct ip *ip, uint16_t port)
{
    struct sockaddr_in *four = (struct sockaddr_in *)peer;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)peer;
    if (ip->family == 4) {
        *four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&four->sin_addr, ip->bytes, sizeof four->sin_addr);
        return sizeof *four;
    }
    *six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&six->sin6_addr, ip->bytes, sizeof six->sin6_addr);
    return sizeof *six;
}

void redis_connect(struct redis *r, const struct ip *ip, uint16_t port)
{
    struct sockaddr_storage peer;
    const char *reason;
    socklen_t len = fill_peer(&peer, ip, port);
    r->link = LINK_CONNECTING;
    r->stream = stream_connect(r->base, (const struct sockaddr *)&peer, len, NULL, 0, INPUT_MAX,
                               REDIS_OUTPUT_MAX, &stream_owner, r, &reason);
    if (!r->stream)
        redis_trouble(r, reason);
}

void redis_link_begin(struct redis *r)
{
    r->link_until = clock_ms() + r->timeout_ms;
    redis_wake_at(r, r->link_until);
    if (r->place == REDIS_AT_ADDRESS) {
        redis_connect(r, &r->ip, r->port);
    } else if (r->place == REDIS_AT_MASTER) {
        redis_find(r);
    } else {
        r->link = LINK_ASKED;
        r->owner.wanted(r->owner.ctx);
    }
}

void redis_hang_up(struct redis *r)
{
    stream_free(&r->stream);
    redis_answers_free(&r->answers);
    r->trouble = NULL;
    r->known_count = 0;
}

void redis_link_drop(struct redis *r)
{
    redis_hang_up(r);
    r->finding = false;
    buf_release(&r->held);
    if (r->link != LINK_ASKED) /* the parent's answer is still to come */
        r->link = LINK_NONE;
}

void redis_connected(struct redis *r, int fd)
{
    if (r->link != LINK_ASKED) {
        if (fd >= 0)
            close(fd);
        return;
    }
    r->link = LINK_CONNECTING;
    r->link_until = clock_ms() + r->timeout_ms;
    redis_wake_at(r, r->link_until);
    if (fd >= 0)
        r->stream = stream_new(r->base, fd, INPUT_MAX, REDIS_OUTPUT_MAX, &stream_owner, r);
    if (r->stream)
        redis_greet(r);
    else
        redis_trouble(r, fd >= 0 ? "out of memory" : "the parent has none");
}

static void secure(struct redis *r)
{
    SSL *ssl = SSL_new(r->tls);
    struct ip ip;
    if (!ssl) {
        redis_link_failed(r, "TLS", "out of memory");
        return;
    }
    SSL_set_connect_state(ssl);
    if (ip_parse(slice_of(r->tls_name), &ip)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), r->tls_name);
    } else {
        SSL_set_tlsext_host_name(ssl, r->tls_name);
        SSL_set1_host(ssl, r->tls_name);
    }
    r->link = LINK_SECURING;
    stream_secure(r->stream, ssl);
}

/* ---- what comes ---- */

static void on_event(void *ctx, enum stream_event event)
{
    struct redis *r = ctx;
    char why[REASON_MAX];
    switch (event) {
    case STREAM_CONNECTED:
        if (r->tls)
            secure(r);
        else
            redis_greet(r);
        break;
    case STREAM_SECURED:
        redis_greet(r);
        break;
    case STREAM_CLOSED:
    case STREAM_FAILED:
        snprintf(why, sizeof why, "%s",
                 event == STREAM_CLOSED ? "it closed the connection" : stream_error(r->stream));
        if (r->link == LINK_READY)
            redis_link_closed(r, why);
        else
            redis_find_next(r, r->finding ? "sentinel" : "connecting", why);
        break;
    case STREAM_DRAINED:
    case STREAM_TIMEOUT:
        break;
    }
}

/* False: the connection is gone. */
static bool take_reply(struct redis *r)
{
    redisReply *reply;
    const char *reason;
    int got = redis_answers_next(r->answers, &reply, &reason);
    if (got < 0 && r->link != LINK_READY)
        redis_find_next(r, "protocol", reason);
    else if (got < 0)
        redis_link_failed(r, "protocol", reason);
    if (got <= 0)
        return false;
    bool going_on = true;
    if (r->link == LINK_GREETING)
        going_on = redis_greeting_answered(r, reply);
    else if (r->first == r->next)
        redis_link_failed(r, "protocol", "a reply without a command"), going_on = false;
    else
        going_on = redis_answered(r, reply);
    freeReplyObject(reply);
    return going_on;
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct redis *r = ctx;
    if (!r->answers || !redis_answers_feed(r->answers, bytes))
        redis_link_failed(r, "memory", "out of memory");
    else
        while (take_reply(r))
            ;
    return bytes.len;
}
