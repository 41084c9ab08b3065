/* SPDX-License-Identifier: ISC */
#include "console/learn/mail_imap.h"

#include "console/message_copy.h"
#include "console/probe/imap_talk.h"
#include "console/probe/probe_protocol.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_AT_ONCE = 1000, MESSAGES_MAX = 1000000, LIES_MOST = 10 };

struct mail_imap {
    struct mail_source source;
    uint64_t max, done;
    struct server server;
    struct backend backend;
    struct probe probe;
    const char *mailbox;
    struct connection connection;
    bool connected;
    uint64_t *sizes; /* of each message, by RFC822.SIZE; owned */
    size_t count, next;
    unsigned lies; /* messages that were larger than it had said, and than may come */
    struct message_copy copy;
};

/* ---- where ---- */

static bool is_here(const char *host)
{
    struct ip ip;
    struct slice name = slice_of(host);
    if (!ip_parse(name, &ip))
        return slice_ieq(name, SLICE("localhost"));
    static const uint8_t v6[16] = {[15] = 1};
    return ip.family == 4 ? ip.bytes[0] == 127 : memcmp(ip.bytes, v6, sizeof v6) == 0;
}

/* The password leaves this machine only to whom a certificate names. */
static struct server server_of(const struct imap_url *url)
{
    bool open = !url->tls_at_once && is_here(url->host);
    return (struct server){.protocol = PROTOCOL_IMAP,
                           .port = url->port,
                           .implicit_tls = url->tls_at_once,
                           .tls = open ? BACKEND_TLS_OPPORTUNISTIC : BACKEND_TLS_VERIFY,
                           .tls_name = slice_of(url->host)};
}

/* ---- what is there ---- */

static void take_size(void *ctx, struct slice line)
{
    struct mail_imap *it = ctx;
    uint64_t number, octets;
    if (imap_size_of_line(line, &number, &octets) && number > 0 && number <= it->count)
        it->sizes[number - 1] = octets;
}

static bool list_sizes(struct mail_imap *it)
{
    char text[64];
    for (size_t first = 1; first <= it->count; first += LISTED_AT_ONCE) {
        size_t last = first + LISTED_AT_ONCE - 1;
        snprintf(text, sizeof text, "FETCH %zu:%zu RFC822.SIZE", first,
                 last < it->count ? last : it->count);
        if (!imap_demand(&it->connection, text, take_size, it))
            return false;
    }
    return true;
}

static bool look(struct mail_imap *it)
{
    uint64_t count;
    if (!imap_examine(&it->connection, it->mailbox, &count))
        return false;
    it->count = count < MESSAGES_MAX ? (size_t)count : MESSAGES_MAX;
    free(it->sizes);
    it->sizes = calloc(it->count + 1, sizeof *it->sizes);
    return it->sizes && list_sizes(it);
}

static void leave(struct mail_imap *it)
{
    if (!it->connected)
        return;
    if (it->connection.result == CURLE_OK)
        talk_farewell(&it->connection);
    connection_close(&it->connection);
    it->connected = false;
}

static bool enter(struct mail_imap *it)
{
    struct connection *c = &it->connection;
    it->connected = true;
    bool open = connection_open(c, &it->probe, TRUST_AS_CONFIGURED);
    c->body.max = it->max;
    if (!open)
        return false;
    connection_login(c, "*", false);
    return connection_make(c) && look(it);
}

static const char *trouble(struct mail_imap *it)
{
    struct slice words = connection_trouble(&it->connection);
    const char *reason = arena_cstr(it->probe.arena, words);
    return reason ? reason : "out of memory";
}

/* ---- a message ---- */

static enum mail_got copy_body(struct mail_imap *it, struct mail *out)
{
    bool ok = message_copy_begin(&it->copy, it->max) &&
              message_copy_more(&it->copy, buf_slice(&it->connection.body));
    out->fd = ok ? message_copy_end(&it->copy) : -1;
    if (out->fd >= 0)
        return MAIL_MESSAGE;
    out->reason = strerror(errno);
    enum mail_got got = ok && errno == EFBIG ? MAIL_TOO_LARGE : MAIL_TROUBLE;
    message_copy_drop(&it->copy);
    return got;
}

static enum mail_got fetch(struct mail_imap *it, struct mail *out)
{
    uint64_t size = it->sizes[it->next++];
    it->done += size;
    if (size > it->max)
        return MAIL_TOO_LARGE;
    buf_clear(&it->connection.body);
    if (imap_fetch_whole(&it->connection, (unsigned)it->next))
        return copy_body(it, out);
    if (it->connection.result == CURLE_FILESIZE_EXCEEDED && it->lies++ < LIES_MOST) {
        leave(
            it); /* nobody knows how much of it would still come: the next one comes on another connection */
        return MAIL_TOO_LARGE;
    }
    if (it->connection.result == CURLE_WEIRD_SERVER_REPLY)
        return MAIL_UNREAD; /* it said no, and may say more */
    out->reason = trouble(it);
    return MAIL_TROUBLE;
}

/* ---- the source ---- */

/* It may have been long since it was opened: the server is asked anew once its turn comes. */
static enum mail_got next(struct mail_source *source, struct mail *out)
{
    struct mail_imap *it = (struct mail_imap *)source;
    if (!it->connected && !enter(it)) {
        out->reason = trouble(it);
        return MAIL_TROUBLE;
    }
    return it->next < it->count ? fetch(it, out) : MAIL_END;
}

static uint64_t done(const struct mail_source *source)
{
    const struct mail_imap *it = (const struct mail_imap *)source;
    return it->done < source->total ? it->done : source->total;
}

static void close_mailbox(struct mail_source *source)
{
    struct mail_imap *it = (struct mail_imap *)source;
    leave(it);
    free(it->sizes);
    free(it);
}

static const struct mail_kind kind = {next, done, close_mailbox};

struct mail_source *mail_imap_open(const struct config *config, const struct imap_url *url,
                                   const char *password, uint64_t max, struct arena *arena,
                                   const char **reason)
{
    struct mail_imap *it = calloc(1, sizeof *it);
    *reason = "out of memory";
    if (!it)
        return NULL;
    it->source.kind = &kind;
    it->max = max;
    it->mailbox = url->mailbox;
    it->copy.fd = -1;
    it->server = server_of(url);
    it->backend = (struct backend){.servers = &it->server, .server_count = 1};
    it->probe = (struct probe){.config = config,
                               .backend = &it->backend,
                               .server = &it->server,
                               .arena = arena,
                               .user = url->user,
                               .password = password};
    bool ok = enter(it);
    if (!ok)
        *reason = trouble(it);
    for (size_t i = 0; ok && i < it->count; i++)
        it->source.total += it->sizes[i];
    leave(it);
    if (ok)
        return &it->source;
    close_mailbox(&it->source);
    return NULL;
}
