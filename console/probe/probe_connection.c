/* SPDX-License-Identifier: ISC */
#include "console/probe/probe_connection.h"

#include "console/interrupt.h"
#include "console/probe/probe_protocol.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

enum {
    LINE_MAX_OCTETS = 4096,
    CAPABILITIES_MAX = 16384,
    INPUT_MAX = PROBE_MESSAGE_MAX + LINE_MAX_OCTETS,
    URL_MAX = 320
};

static const struct settings *settings_of(const struct connection *c)
{
    return &c->probe->config->settings;
}

/* ---- what the server says until it has been made ---- */

/* While a line of it is heard TLS can be looked at, if there is any. */
static void look_at_tls(struct connection *c)
{
    struct curl_tlssessioninfo *info = NULL;
    if (*c->tls || curl_easy_getinfo(c->curl, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
        !info->internals)
        return;
    SSL *ssl = info->internals;
    snprintf(c->tls, sizeof c->tls, "%s", SSL_get_version(ssl));
    c->verified = SSL_get_verify_result(ssl);
    c->certificate = SSL_get1_peer_certificate(ssl);
}

static size_t on_line(char *octets, size_t size, size_t count, void *ctx)
{
    struct connection *c = ctx;
    struct slice line =
        slice_sub(slice_trim((struct slice){octets, size * count}), 0, LINE_MAX_OCTETS);
    look_at_tls(c);
    if (!buf_len(&c->greeting))
        buf_append(&c->greeting, line);
    c->protocol->hear(c, line);
    return size * count;
}

void connection_heard(struct connection *c, struct slice status)
{
    buf_clear(&c->line);
    buf_append(&c->line, status);
}

/* ---- how it is connected ---- */

/* libcurl's own limit would be for connecting and greeting together. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
    (void)a, (void)b, (void)d, (void)e;
    const struct connection *c = ctx;
    curl_off_t connected = 0, spent = 0;
    curl_easy_getinfo(c->curl, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(c->curl, CURLINFO_TOTAL_TIME_T, &spent);
    return interrupt_came() || (connected == 0 && spent / 1000 > settings_of(c)->timeouts_connect);
}

long connection_longest_ms(const struct connection *c)
{
    return (long)(settings_of(c)->timeouts_connect + settings_of(c)->timeouts_backend);
}

static void set_limits(struct connection *c)
{
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, connection_longest_ms(c));
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, connection_longest_ms(c));
    curl_easy_setopt(c->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                     (long)((settings_of(c)->timeouts_backend + 999) / 1000));
}

/* The address of the configuration, whatever name stands in the URL for TLS. Without an address it is
 * the name's. */
static bool set_place(struct connection *c)
{
    char address[46], place[64];
    const struct server *server = c->probe->server;
    curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(c->curl, CURLOPT_HAPROXYPROTOCOL, (long)server_is_introduced(server));
    if (server->ip.family == 0)
        return true;
    ip_text(&server->ip, address);
    snprintf(place, sizeof place, server->ip.family == 4 ? "::%s:%u" : "::[%s]:%u", address,
             (unsigned)server->port);
    c->connect_to = curl_slist_append(NULL, place);
    curl_easy_setopt(c->curl, CURLOPT_CONNECT_TO, c->connect_to);
    if (c->probe->backend->has_source) {
        ip_text(&c->probe->backend->source, address);
        snprintf(place, sizeof place, "host!%s", address);
        curl_easy_setopt(c->curl, CURLOPT_INTERFACE, place);
    }
    return c->connect_to != NULL;
}

static void set_url(struct connection *c)
{
    char url[URL_MAX], address[46];
    const struct server *server = c->probe->server;
    struct slice host = server->tls_name;
    struct ip ip = server->ip;
    if (host.len == 0 || ip_parse(host, &ip)) {
        ip_text(&ip, address);
        host = slice_of(address);
    }
    snprintf(url, sizeof url,
             slice_find(host, ':') == host.len ? "%.*s://%.*s:%u/" : "%.*s://[%.*s]:%u/",
             SLICE_ARGS(c->scheme), SLICE_ARGS(host), (unsigned)server->port);
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
}

static long tls_wanted(const struct probe *probe)
{
    if (probe->server->implicit_tls)
        return CURLUSESSL_ALL;
    switch (probe->server->tls) {
    case BACKEND_TLS_NONE:
        return CURLUSESSL_NONE;
    case BACKEND_TLS_OPPORTUNISTIC:
        return probe->without_tls ? CURLUSESSL_NONE : CURLUSESSL_TRY;
    default:
        return CURLUSESSL_ALL;
    }
}

/* libcurl would load it only where it verifies; so OpenSSL says of every certificate whether it is
 * trusted. */
static CURLcode load_trusted(CURL *curl, void *tls, void *ctx)
{
    const struct connection *c = ctx;
    char path[PATH_MAX];
    (void)curl;
    if (slice_to_path(settings_of(c)->tls_ca_file, path))
        SSL_CTX_load_verify_file(tls, path);
    return CURLE_OK;
}

static void set_tls(struct connection *c, enum trust trust)
{
    bool verifies = trust == TRUST_AS_CONFIGURED && c->probe->server->tls == BACKEND_TLS_VERIFY;
    curl_easy_setopt(c->curl, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(c->curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_FUNCTION, load_trusted);
    curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_DATA, c);
    curl_easy_setopt(c->curl, CURLOPT_USE_SSL, tls_wanted(c->probe));
    curl_easy_setopt(c->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c->curl, CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_NO_PARTIALCHAIN);
    curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, verifies ? 1L : 0L);
    curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, verifies ? 2L : 0L);
}

static void set_ears(struct connection *c)
{
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
}

bool connection_open(struct connection *c, const struct probe *probe, enum trust trust)
{
    *c = (struct connection){.probe = probe,
                             .protocol = probe_protocol(probe->server->protocol),
                             .scheme = probe_scheme(probe),
                             .curl = curl_easy_init(),
                             .greeting = buf_init(LINE_MAX_OCTETS),
                             .capabilities = buf_init(CAPABILITIES_MAX),
                             .line = buf_init(LINE_MAX_OCTETS),
                             .input = buf_init(INPUT_MAX),
                             .body = buf_init(PROBE_MESSAGE_MAX)};
    c->result = CURLE_OUT_OF_MEMORY;
    if (!c->curl || !set_place(c))
        return false;
    set_limits(c);
    set_url(c);
    set_tls(c, trust);
    set_ears(c);
    return true;
}

void connection_close(struct connection *c)
{
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->connect_to);
    X509_free(c->certificate);
    buf_release(&c->greeting);
    buf_release(&c->capabilities);
    buf_release(&c->line);
    buf_release(&c->input);
    buf_release(&c->body);
}

void connection_login(struct connection *c, const char *mechanism, bool initial)
{
    char options[32];
    snprintf(options, sizeof options, "AUTH=%s", mechanism);
    curl_easy_setopt(c->curl, CURLOPT_LOGIN_OPTIONS, options);
    curl_easy_setopt(c->curl, CURLOPT_USERNAME, c->probe->user);
    curl_easy_setopt(c->curl, CURLOPT_PASSWORD, c->probe->password);
    curl_easy_setopt(c->curl, CURLOPT_SASL_IR, initial ? 1L : 0L);
}

bool connection_make(struct connection *c)
{
    *c->error = '\0';
    curl_easy_setopt(c->curl, CURLOPT_CONNECT_ONLY, 1L);
    c->result = curl_easy_perform(c->curl);
    return c->result == CURLE_OK;
}

/* ---- what went wrong ---- */

static struct slice tls_trouble(const struct connection *c)
{
    struct arena *arena = c->probe->arena;
    struct slice error = slice_of(c->error);
    const char *hint = "";
    if (slice_search(error, SLICE("wrong version number")) < error.len)
        hint = c->protocol->plain_hint;
    else if (slice_search(error, SLICE("unsupported protocol")) < error.len ||
             slice_search(error, SLICE("alert protocol version")) < error.len)
        hint = "; it has nothing newer than TLS 1.1, and the gateway wants TLS 1.2";
    return arena_printf(arena, "TLS failed: %s%s", c->error, hint);
}

static struct slice said_trouble(const struct connection *c)
{
    struct slice line = buf_slice(&c->line);
    if (line.len == 0)
        return arena_printf(c->probe->arena, "it says nothing that a server of %s would",
                            c->protocol->name);
    return ARENA_JOIN(c->probe->arena, SLICE("it says: "), line);
}

static struct slice late_trouble(const struct connection *c)
{
    struct arena *arena = c->probe->arena;
    curl_off_t connected = 0;
    curl_easy_getinfo(c->curl, CURLINFO_CONNECT_TIME_T, &connected);
    if (!connected)
        return arena_printf(arena, "no connection within %lld s (timeouts connect)",
                            (long long)settings_of(c)->timeouts_connect / 1000);
    return arena_printf(
        arena, "no answer within %lld s (timeouts backend)%s",
        (long long)settings_of(c)->timeouts_backend / 1000,
        buf_len(&c->greeting) || c->probe->server->implicit_tls ? "" : c->protocol->tls_hint);
}

static struct slice connect_trouble(const struct connection *c)
{
    long number = 0;
    curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &number);
    return number ? arena_printf(c->probe->arena, "%s", strerror((int)number))
                  : arena_printf(c->probe->arena, "%s", c->error);
}

struct slice connection_trouble(const struct connection *c)
{
    switch (c->result) {
    case CURLE_COULDNT_CONNECT:
        return connect_trouble(c);
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_OPERATION_TIMEDOUT:
        return late_trouble(c);
    case CURLE_SSL_CONNECT_ERROR:
        return tls_trouble(c);
    case CURLE_USE_SSL_FAILED:
        return arena_printf(c->probe->arena, "server has no %s, but the configuration demands TLS",
                            c->protocol->starttls);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_LOGIN_DENIED:
        return said_trouble(c);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
        return SLICE("closed by the server");
    default:
        return arena_printf(c->probe->arena, "%s",
                            *c->error ? c->error : curl_easy_strerror(c->result));
    }
}
