/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/upstream_server.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/server_profile.h"
#include "proxy/upstream/upstream_tls.h"

#include <stdlib.h>
#include <string.h>

enum {
    DOWN_FIRST_MS = 500, /* a server that failed is left alone for this, twice as long each time */
    DOWN_MOST_MS = 30000,
    REFUSED_MS = 600000,
    NO_TLS_MS = 600000,
    LIMITS_MAX = 160, /* words */
    PLAIN_MOST = 64,  /* that are spoken to in plaintext for a while; the oldest are forgotten */
};

/* One that could do no TLS. */
struct plain {
    struct ip ip;
    int64_t until;
};

struct upstream_server {
    const struct server *conf;
    const struct backend *backend;
    bool known;    /* what it is has been logged */
    bool told_up;  /* to the others, once or more */
    bool not_told; /* of clients, as has been logged */
    SSL_CTX *tls;
    SSL_SESSION *session; /* owned: the last one, to be resumed */
    struct shared *shared;
    unsigned row;
    unsigned number;       /* in the shared table */
    unsigned limit, share; /* connections: over all proxies, ours */
    unsigned open;         /* ours */
    int64_t down_until, down_ms;
    struct plain *plain; /* PLAIN_MOST where it is `original`, else one; owned */
    unsigned next_plain;
    int64_t down_since; /* clock_wall; 0: it is up */
};

struct upstream_server *upstream_server_new(const struct backend *backend,
                                            const struct server *conf, SSL_CTX *tls,
                                            struct shared *shared, unsigned row, unsigned limit,
                                            unsigned share)
{
    struct upstream_server *server = calloc(1, sizeof *server);
    struct plain *plain = calloc(conf->original ? PLAIN_MOST : 1, sizeof *plain);
    if (!server || !plain) {
        free(server);
        free(plain);
        return NULL;
    }
    *server = (struct upstream_server){.conf = conf,
                                       .backend = backend,
                                       .tls = tls,
                                       .plain = plain,
                                       .shared = shared,
                                       .row = row,
                                       .number = shared_server(shared, &conf->ip, conf->port),
                                       .limit = limit,
                                       .share = share ? share : 1};
    return server;
}

void upstream_server_free(struct upstream_server **server)
{
    if (!*server)
        return;
    SSL_SESSION_free((*server)->session);
    free((*server)->plain);
    free(*server);
    *server = NULL;
}

const struct server *upstream_server_conf(const struct upstream_server *server)
{
    return server->conf;
}

unsigned upstream_server_number(const struct upstream_server *server)
{
    return server->number;
}

/* ---- up or down ---- */

static void leave_alone(struct upstream_server *server, int64_t ms, const char *trouble)
{
    int64_t until = clock_ms() + ms;
    if (server->conf->original)
        return;
    if (server->down_until < until)
        server->down_until = until;
    if (!server->down_since)
        server->down_since = clock_wall();
    shared_server_down(server->shared, server->row, server->number, server->down_since, trouble);
    log_at(LEVEL_DEBUG, "", "backend server failed", field_text("backend", server->backend->name),
           field_text("server", server->conf->address), field_str("reason", trouble),
           field_num("retry_ms", ms));
}

void upstream_server_failed(struct upstream_server *server, const char *trouble)
{
    bool again = server->down_ms > 0;
    if (server->conf->original)
        return;
    server->down_ms = again ? server->down_ms * 2 : DOWN_FIRST_MS;
    if (server->down_ms > DOWN_MOST_MS)
        server->down_ms = DOWN_MOST_MS;
    leave_alone(server, server->down_ms, trouble);
}

void upstream_server_refused(struct upstream_server *server, const char *trouble)
{
    server->down_ms = server->conf->original ? 0 : DOWN_MOST_MS;
    leave_alone(server, REFUSED_MS, trouble);
}

void upstream_server_answered(struct upstream_server *server)
{
    if (server->down_ms)
        log_at(LEVEL_DEBUG, "", "backend server answers",
               field_text("backend", server->backend->name),
               field_text("server", server->conf->address));
    if (server->down_ms || !server->told_up)
        shared_server_up(server->shared, server->row, server->number);
    server->told_up = true;
    server->down_ms = server->down_until = server->down_since = 0;
}

bool upstream_server_is_down(const struct upstream_server *server)
{
    return clock_ms() < server->down_until;
}

bool upstream_server_may_be_tried(const struct upstream_server *server)
{
    return server->down_ms && !upstream_server_is_down(server) && !server->open;
}

bool upstream_server_needs_care(const struct upstream_server *server)
{
    return server->open > 0 || server->down_ms > 0;
}

/* ---- what it is ---- */

static void tell_profile(const struct upstream_server *server, enum server_profile profile,
                         bool told)
{
    char room[LIMITS_MAX];
    struct buf limits = buf_over(room, sizeof room);
    const char *advice = profile_advice(profile, told);
    profile_limits(profile, server->conf->protocol, &limits);
    log_at(LEVEL_INFO, "", "backend server is", field_str("profile", profile_word(profile)),
           field_text("backend", server->backend->name),
           field_text("server", server->conf->address),
           field_text("connections", buf_slice(&limits)), field_str("note", advice ? advice : ""));
}

enum server_profile upstream_server_profile(struct upstream_server *server, struct slice greeting,
                                            bool told)
{
    const struct backend *backend = server->backend;
    enum server_profile profile =
        backend->has_profile ? backend->profile : profile_by_greeting(greeting);
    if (!server->known)
        tell_profile(server, profile, told);
    server->known = true;
    return profile;
}

void upstream_server_not_told(struct upstream_server *server, const char *why)
{
    if (!server->not_told)
        log_at(LEVEL_WARNING, "", "backend server is not told whose connections are",
               field_text("backend", server->backend->name),
               field_text("server", server->conf->address), field_str("reason", why));
    server->not_told = true;
}

void upstream_server_told(struct upstream_server *server)
{
    server->not_told = false;
}

/* ---- connections ---- */

bool upstream_server_has_room(const struct upstream_server *server)
{
    return server->open < server->share;
}

bool upstream_server_take(struct upstream_server *server)
{
    if (!upstream_server_has_room(server) ||
        !shared_backend_take(server->shared, server->row, server->number, server->limit))
        return false;
    server->open++;
    return true;
}

void upstream_server_give(struct upstream_server *server)
{
    server->open--;
    shared_backend_give(server->shared, server->row, server->number);
}

unsigned upstream_server_in_use(const struct upstream_server *server)
{
    return server->open;
}

unsigned upstream_server_share(const struct upstream_server *server)
{
    return server->share;
}

/* ---- TLS ---- */

static unsigned plain_most(const struct upstream_server *server)
{
    return server->conf->original ? PLAIN_MOST : 1;
}

SSL *upstream_server_tls(struct upstream_server *server, const struct upstream_way *way)
{
    if (server->conf->original) { /* the last one was somebody else */
        SSL_SESSION_free(server->session);
        server->session = NULL;
    }
    return upstream_tls_connect(server->tls, server->conf, &way->ip, &server->session);
}

void upstream_server_tls_failed(struct upstream_server *server, const struct upstream_way *way,
                                const char *trouble)
{
    char address[46];
    if (server->conf->tls != BACKEND_TLS_OPPORTUNISTIC || server->conf->implicit_tls) {
        upstream_server_failed(server, trouble);
        return;
    }
    server->plain[server->next_plain] = (struct plain){way->ip, clock_ms() + NO_TLS_MS};
    server->next_plain = (server->next_plain + 1) % plain_most(server);
    ip_text(&way->ip, address);
    log_at(LEVEL_WARNING, "", "TLS with backend failed, going on without",
           field_text("server", server->conf->original ? slice_of(address) : server->conf->address),
           field_str("reason", trouble));
}

bool upstream_server_without_tls(const struct upstream_server *server,
                                 const struct upstream_way *way)
{
    int64_t now = clock_ms();
    bool plain = false;
    for (unsigned i = 0; i < plain_most(server); i++)
        plain |= now < server->plain[i].until &&
                 memcmp(&server->plain[i].ip, &way->ip, sizeof way->ip) == 0;
    return plain;
}
