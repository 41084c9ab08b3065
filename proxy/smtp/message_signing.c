/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/message_signing.h"

#include "base/clock.h"
#include "filters/sender/author.h"
#include "filters/sender/dkim_sign.h"
#include "filters/sender/hasher.h"
#include "proxy/process/signing.h"

#include <string.h>

enum {
    HEADER_MOST = 1024 * 1024,
    HASHED_AT_ONCE = 4 * 1024 * 1024, /* octets, before others have their turn: 10 milliseconds */
};

struct message_signing {
    struct proxy *proxy;
    struct arena *arena;
    const struct edited *edited;
    int64_t deadline;
    void (*done)(void *ctx, const struct signed_message *result);
    void *ctx;
    struct signed_message result;
    const struct signing_domain *domain;
    struct slice header; /* as it is sent, without the empty line */
    size_t piece, at;    /* how far the message was looked at: where the body begins, ... */
    struct field_list fields;
    struct slice names;   /* of those that are signed */
    struct hasher hasher; /* of the body, up to that place */
    struct canonical_lines lines;
    bool hashing;
    struct event *turn;     /* when it goes on */
    struct signing signing; /* gatepost-sign is asked */
    struct dkim_draft drafts[SIGNING_KEYS_MAX];
};

static const struct config *config_of(const struct message_signing *m)
{
    return m->proxy->config;
}

/* ---- the ends: false, as nothing is under way ---- */

static bool failed(struct message_signing *m, const char *reason)
{
    m->result = (struct signed_message){.how = SIGNED_NOT_NOW, .reason = reason};
    return false;
}

static bool ends_without(struct message_signing *m, enum signed_how how, const char *why)
{
    m->result = (struct signed_message){.how = how, .who = arena_printf(m->arena, "no: %s", why)};
    return arena_failed(m->arena) ? failed(m, "out of memory") : false;
}

/* ---- what is signed ---- */

/* Where the header ends and the body begins. False: it is larger than can be signed. */
static bool find_body(struct message_signing *m, size_t *header)
{
    const struct edited *edited = m->edited;
    size_t total = 0, line = 0;
    for (m->piece = 0; m->piece < edited->count; m->piece++) {
        struct slice octets = {edited->pieces[m->piece].iov_base, edited->pieces[m->piece].iov_len};
        for (m->at = 0; m->at < octets.len;) {
            char c = octets.ptr[m->at++];
            total++;
            if (c == '\n' && line == 0)
                return true;
            if (c == '\n') {
                line = 0;
                *header = total;
            } else if (c != '\r') {
                line++;
            }
            if (total > HEADER_MOST)
                return false;
        }
    }
    *header = total;
    return true;
}

/* A copy, as the pieces may be cut anywhere. False: the arena is full. */
static bool copy_header(struct message_signing *m, size_t len)
{
    const struct edited *edited = m->edited;
    char *copy = arena_alloc(m->arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; copy && i < edited->count && n < len; i++) {
        size_t take = edited->pieces[i].iov_len < len - n ? edited->pieces[i].iov_len : len - n;
        memcpy(copy + n, edited->pieces[i].iov_base, take);
        n += take;
    }
    m->header = (struct slice){copy, n};
    return copy != NULL;
}

/* Some of what is left of the body. False: that was all. */
static bool hash_some(struct message_signing *m)
{
    const struct edited *edited = m->edited;
    size_t room = HASHED_AT_ONCE;
    while (m->piece < edited->count && room > 0) {
        struct slice octets = {edited->pieces[m->piece].iov_base, edited->pieces[m->piece].iov_len};
        struct slice next = slice_sub(octets, m->at, m->at + room);
        canonical_lines_add(&m->lines, &m->hasher.sink, next);
        room -= next.len;
        m->at += next.len;
        if (m->at == octets.len) {
            m->piece++;
            m->at = 0;
        }
    }
    return m->piece < edited->count;
}

/* ---- for whom ---- */

/* Of several addresses in From any may be ours. NULL with *why. */
static const struct signing_domain *domain_of(const struct message_signing *m, const char **why)
{
    struct author author;
    struct domain_name name;
    *why = "out of memory";
    if (!author_of(m->arena, m->header, &author))
        return NULL;
    *why = author.fields > 1               ? "there are several From fields"
           : author.kind == AUTHOR_INVALID ? "From cannot be read"
           : author.kind == AUTHOR_NONE    ? "there is no domain in From"
                                           : "no key for the domain in From";
    for (size_t i = 0; author.fields == 1 && author.kind != AUTHOR_INVALID && i < author.count;
         i++) {
        const struct signing_domain *domain = domain_name_make(m->arena, author.domains[i], &name)
                                                  ? NULL
                                                  : config_signing(config_of(m), name);
        if (domain)
            return domain;
    }
    return NULL;
}

static struct dkim_signer signer_of(const struct message_signing *m, size_t i)
{
    size_t key = m->domain->first + i;
    return (struct dkim_signer){.domain = m->domain->name.text,
                                .selector = config_of(m)->signing_keys[key].selector,
                                .algorithm = m->proxy->algorithms[key]};
}

/* ---- gatepost-sign ---- */

static bool put_fields(struct message_signing *m, const struct signing_answer *answer)
{
    struct slice fields = SLICE(""), who = SLICE("");
    for (size_t i = 0; i < answer->count; i++) {
        struct dkim_signer by = signer_of(m, i);
        struct slice octets = {(const char *)answer->signatures[i], answer->len[i]};
        struct slice field = dkim_sign_field(m->arena, &m->drafts[i], octets);
        fields = ARENA_JOIN(m->arena, fields, field);
        who = ARENA_JOIN(m->arena, who, i ? SLICE(" ") : SLICE(""), by.domain, SLICE("/"),
                         by.selector, SLICE("/"), slice_of(dkim_algorithm_word(by.algorithm)));
        if (!field.ptr)
            return false;
    }
    m->result = (struct signed_message){.how = SIGNED, .fields = fields, .who = who};
    return !arena_failed(m->arena);
}

static void answered(void *ctx, const struct signing_answer *answer)
{
    struct message_signing *m = ctx;
    if (answer->reason)
        failed(m, answer->reason);
    else if (!put_fields(m, answer))
        failed(m, "out of memory");
    m->done(m->ctx, &m->result);
}

/* False: out of memory. */
static bool draft(struct message_signing *m, const unsigned char body[static DIGEST_OCTETS],
                  struct signing_question *question)
{
    for (size_t i = 0; i < m->domain->count; i++) {
        struct dkim_signer by = signer_of(m, i);
        struct signing_wish *wish = &question->wishes[question->count++];
        if (!dkim_sign_draft(m->arena, &by, &m->fields, m->names, body, clock_wall(),
                             &m->drafts[i]))
            return false;
        *wish = (struct signing_wish){by.domain, by.selector, (uint8_t)by.algorithm, {0}};
        memcpy(wish->digest, m->drafts[i].digest, sizeof wish->digest);
    }
    return true;
}

static int64_t patience(const struct message_signing *m)
{
    int64_t left = m->deadline - clock_ms(), most = config_of(m)->settings.timeouts_signing;
    return left < 1 ? 1 : left < most ? left : most;
}

static bool ask(struct message_signing *m, const unsigned char body[static DIGEST_OCTETS])
{
    struct signing_question question = {0};
    const char *reason = "out of memory";
    m->signing = (struct signing){.done = answered, .ctx = m};
    return (draft(m, body, &question) &&
            signing_begin(&m->signing, m->proxy, &question, patience(m), &reason)) ||
           failed(m, reason);
}

/* ---- the body, in turns with what else there is to do ---- */

static bool stop_hashing(struct message_signing *m, unsigned char digest[static DIGEST_OCTETS])
{
    if (m->turn)
        event_free(m->turn);
    m->turn = NULL;
    m->hashing = false;
    return hasher_close(&m->hasher, digest);
}

static bool come_again(struct message_signing *m, event_callback_fn on_turn)
{
    static const struct timeval at_once = {0, 0};
    if (!m->turn)
        m->turn = evtimer_new(m->proxy->base, on_turn, m);
    return m->turn && event_add(m->turn, &at_once) == 0;
}

static void on_turn(evutil_socket_t fd, short what, void *arg);

/* True: it goes on later. */
static bool hash(struct message_signing *m)
{
    unsigned char body[DIGEST_OCTETS];
    bool more = hash_some(m);
    if (more && come_again(m, on_turn))
        return true;
    canonical_lines_end(&m->lines, &m->hasher.sink);
    return stop_hashing(m, body) && !more ? ask(m, body) : failed(m, "out of memory");
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct message_signing *m = arg;
    if (!hash(m))
        m->done(m->ctx, &m->result);
}

static bool begin_hashing(struct message_signing *m)
{
    unsigned char nothing[DIGEST_OCTETS];
    m->hashing = true;
    if (hasher_open(&m->hasher))
        return hash(m);
    stop_hashing(m, nothing);
    return failed(m, "out of memory");
}

/* ---- */

struct message_signing *message_signing_new(struct proxy *proxy, struct arena *arena,
                                            const struct edited *edited, int64_t deadline)
{
    struct message_signing *m = arena_alloc(arena, sizeof *m);
    if (m)
        *m = (struct message_signing){
            .proxy = proxy, .arena = arena, .edited = edited, .deadline = deadline};
    return m;
}

static bool begin(struct message_signing *m)
{
    const char *why = "out of memory";
    size_t header = 0;
    if (!find_body(m, &header))
        return ends_without(m, SIGNED_NEVER, "its header is too large");
    if (!copy_header(m, header))
        return failed(m, why);
    if (!(m->domain = domain_of(m, &why)))
        return ends_without(m, SIGNED_BY_NOBODY, why);
    if (!field_index(m->arena, m->header, &m->fields) ||
        !dkim_sign_names(m->arena, &m->fields, &m->names))
        return ends_without(m, SIGNED_NEVER, "it has too many header fields");
    return begin_hashing(m);
}

bool message_signing_begin(struct message_signing *m, struct signed_message *at_once,
                           void (*done)(void *ctx, const struct signed_message *result), void *ctx)
{
    m->done = done;
    m->ctx = ctx;
    bool under_way = begin(m);
    *at_once = m->result;
    return under_way;
}

void message_signing_end(struct message_signing *m)
{
    unsigned char nothing[DIGEST_OCTETS];
    if (!m)
        return;
    signing_end(&m->signing);
    if (m->hashing)
        stop_hashing(m, nothing);
}
