/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_sign.h"

#include "base/clock.h"
#include "base/log.h"
#include "filters/sender/author.h"
#include "filters/sender/dkim_sign.h"
#include "filters/sender/hasher.h"
#include "proxy/smtp/smtp_finish.h"

#include <string.h>

enum {
    HEADER_MOST = 1024 * 1024,
    HASHED_AT_ONCE = 4 * 1024 * 1024, /* octets, before others have their turn: 10 milliseconds */
};

/* The message that is being signed. */
struct smtp_signatures {
    void (*then)(struct smtp_session *s);
    const struct signing_domain *domain;
    struct slice header; /* as it is sent, without the empty line */
    size_t piece, at;    /* how far t.edited was looked at: where the body begins, ... */
    struct field_list fields;
    struct slice names;   /* of those that are signed */
    struct hasher hasher; /* of the body, up to that place */
    struct canonical_lines lines;
    bool hashing;
    struct event *turn; /* when it goes on */
    struct dkim_draft drafts[SIGNING_KEYS_MAX];
};

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

bool smtp_signs(const struct smtp_session *s)
{
    return s->base.listener->direction == DIRECTION_OUTBOUND &&
           config_of(s)->signing_domain_count > 0;
}

/* ---- the ends ---- */

static void failed(struct smtp_session *s, const char *reason)
{
    log_at(LEVEL_ERROR, s->ref, "message not signed", field_str("reason", reason));
    session_count(&s->base, COUNTER_SIGNING_FAILED);
    smtp_finish_say(s, "defer", 451, "4.7.5", "the message cannot be signed now, try again later");
}

/* For good, as long as there is memory. */
static void cannot_be_signed(struct smtp_session *s, const char *why)
{
    if (arena_failed(s->mail)) {
        failed(s, "out of memory");
        return;
    }
    s->t.dkim_signed = arena_printf(s->mail, "no: %s", why);
    smtp_finish_say(s, "reject", 550, "5.6.0", "the message has more header than can be signed");
}

static void goes_unsigned(struct smtp_session *s, const char *why)
{
    s->t.dkim_signed = arena_printf(s->mail, "no: %s", why);
    s->t.drafts->then(s);
}

/* ---- what is signed ---- */

/* Where the header ends and the body begins. False: it is larger than can be signed. */
static bool find_body(const struct edited *edited, struct smtp_signatures *sig, size_t *header)
{
    size_t total = 0, line = 0;
    for (sig->piece = 0; sig->piece < edited->count; sig->piece++) {
        struct slice octets = {edited->pieces[sig->piece].iov_base,
                               edited->pieces[sig->piece].iov_len};
        for (sig->at = 0; sig->at < octets.len;) {
            char c = octets.ptr[sig->at++];
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
static bool copy_header(struct smtp_session *s, struct smtp_signatures *sig, size_t len)
{
    const struct edited *edited = &s->t.edited;
    char *copy = arena_alloc(s->mail, len + 1);
    size_t n = 0;
    for (size_t i = 0; copy && i < edited->count && n < len; i++) {
        size_t take = edited->pieces[i].iov_len < len - n ? edited->pieces[i].iov_len : len - n;
        memcpy(copy + n, edited->pieces[i].iov_base, take);
        n += take;
    }
    sig->header = (struct slice){copy, n};
    return copy != NULL;
}

/* Some of what is left of the body. False: that was all. */
static bool hash_some(const struct edited *edited, struct smtp_signatures *sig)
{
    size_t room = HASHED_AT_ONCE;
    while (sig->piece < edited->count && room > 0) {
        struct slice octets = {edited->pieces[sig->piece].iov_base,
                               edited->pieces[sig->piece].iov_len};
        struct slice next = slice_sub(octets, sig->at, sig->at + room);
        canonical_lines_add(&sig->lines, &sig->hasher.sink, next);
        room -= next.len;
        sig->at += next.len;
        if (sig->at == octets.len) {
            sig->piece++;
            sig->at = 0;
        }
    }
    return sig->piece < edited->count;
}

/* ---- for whom ---- */

/* Of several addresses in From any may be ours. NULL with *why. */
static const struct signing_domain *domain_of(struct smtp_session *s, struct slice header,
                                              const char **why)
{
    struct author author;
    struct domain_name name;
    *why = "out of memory";
    if (!author_of(s->mail, header, &author))
        return NULL;
    *why = author.fields > 1               ? "there are several From fields"
           : author.kind == AUTHOR_INVALID ? "From cannot be read"
           : author.kind == AUTHOR_NONE    ? "there is no domain in From"
                                           : "no key for the domain in From";
    for (size_t i = 0; author.fields == 1 && author.kind != AUTHOR_INVALID && i < author.count;
         i++) {
        const struct signing_domain *domain = domain_name_make(s->mail, author.domains[i], &name)
                                                  ? NULL
                                                  : config_signing(config_of(s), name);
        if (domain)
            return domain;
    }
    return NULL;
}

static struct dkim_signer signer_of(const struct smtp_session *s, size_t i)
{
    const struct signing_domain *domain = s->t.drafts->domain;
    return (struct dkim_signer){.domain = domain->name.text,
                                .selector = config_of(s)->signing_keys[domain->first + i].selector,
                                .algorithm = s->base.proxy->algorithms[domain->first + i]};
}

/* ---- gatepost-sign ---- */

static bool put_fields(struct smtp_session *s, const struct signing_answer *answer)
{
    struct transaction *t = &s->t;
    t->signatures = t->dkim_signed = SLICE("");
    for (size_t i = 0; i < answer->count; i++) {
        struct dkim_signer by = signer_of(s, i);
        struct slice octets = {(const char *)answer->signatures[i], answer->len[i]};
        struct slice field = dkim_sign_field(s->mail, &t->drafts->drafts[i], octets);
        t->signatures = ARENA_JOIN(s->mail, t->signatures, field);
        t->dkim_signed =
            ARENA_JOIN(s->mail, t->dkim_signed, i ? SLICE(" ") : SLICE(""), by.domain, SLICE("/"),
                       by.selector, SLICE("/"), slice_of(dkim_algorithm_word(by.algorithm)));
        if (!field.ptr)
            return false;
    }
    return !arena_failed(s->mail);
}

static void answered(void *ctx, const struct signing_answer *answer)
{
    struct smtp_session *s = ctx;
    if (answer->reason) {
        failed(s, answer->reason);
        return;
    }
    if (!put_fields(s, answer)) {
        failed(s, "out of memory");
        return;
    }
    session_count(&s->base, COUNTER_SIGNED);
    s->t.drafts->then(s);
}

/* False: out of memory. */
static bool draft(struct smtp_session *s, const unsigned char body[static DIGEST_OCTETS],
                  struct signing_question *question)
{
    struct smtp_signatures *sig = s->t.drafts;
    for (size_t i = 0; i < sig->domain->count; i++) {
        struct dkim_signer by = signer_of(s, i);
        struct signing_wish *wish = &question->wishes[question->count++];
        if (!dkim_sign_draft(s->mail, &by, &sig->fields, sig->names, body, clock_wall(),
                             &sig->drafts[i]))
            return false;
        *wish = (struct signing_wish){by.domain, by.selector, (uint8_t)by.algorithm, {0}};
        memcpy(wish->digest, sig->drafts[i].digest, sizeof wish->digest);
    }
    return true;
}

static int64_t patience(const struct smtp_session *s)
{
    const struct settings *settings = &config_of(s)->settings;
    int64_t left = s->t.ended + settings->timeouts_verdict - clock_ms();
    return left < 1 ? 1 : left < settings->timeouts_signing ? left : settings->timeouts_signing;
}

static void ask(struct smtp_session *s, const unsigned char body[static DIGEST_OCTETS])
{
    struct signing_question question = {0};
    const char *reason = "out of memory";
    s->t.signing = (struct signing){.done = answered, .ctx = s};
    if (draft(s, body, &question) &&
        signing_begin(&s->t.signing, s->base.proxy, &question, patience(s), &reason))
        session_wait(&s->base);
    else
        failed(s, reason);
}

/* ---- the body, in turns with what else there is to do ---- */

static bool stop_hashing(struct smtp_signatures *sig, unsigned char digest[static DIGEST_OCTETS])
{
    if (sig->turn)
        event_free(sig->turn);
    sig->turn = NULL;
    sig->hashing = false;
    return hasher_close(&sig->hasher, digest);
}

static bool come_again(struct smtp_session *s, event_callback_fn on_turn)
{
    static const struct timeval at_once = {0, 0};
    struct smtp_signatures *sig = s->t.drafts;
    if (!sig->turn)
        sig->turn = evtimer_new(s->base.proxy->base, on_turn, s);
    return sig->turn && event_add(sig->turn, &at_once) == 0;
}

static void hash(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct smtp_session *s = arg;
    struct smtp_signatures *sig = s->t.drafts;
    unsigned char body[DIGEST_OCTETS];
    bool more = hash_some(&s->t.edited, sig);
    if (more && come_again(s, hash)) {
        session_wait(&s->base);
        return;
    }
    canonical_lines_end(&sig->lines, &sig->hasher.sink);
    if (stop_hashing(sig, body) && !more)
        ask(s, body);
    else
        failed(s, "out of memory");
}

static void begin_hashing(struct smtp_session *s)
{
    struct smtp_signatures *sig = s->t.drafts;
    unsigned char nothing[DIGEST_OCTETS];
    sig->hashing = true;
    if (hasher_open(&sig->hasher)) {
        hash(-1, 0, s);
        return;
    }
    stop_hashing(sig, nothing);
    failed(s, "out of memory");
}

void smtp_sign_end(struct smtp_session *s)
{
    unsigned char nothing[DIGEST_OCTETS];
    signing_end(&s->t.signing);
    if (s->t.drafts && s->t.drafts->hashing)
        stop_hashing(s->t.drafts, nothing);
}

void smtp_sign(struct smtp_session *s, void (*then)(struct smtp_session *s))
{
    struct smtp_signatures *sig = s->t.drafts = arena_alloc(s->mail, sizeof *sig);
    const char *why = "out of memory";
    size_t header = 0;
    if (!sig) {
        failed(s, why);
        return;
    }
    sig->then = then;
    if (!find_body(&s->t.edited, sig, &header))
        cannot_be_signed(s, "its header is too large");
    else if (!copy_header(s, sig, header))
        failed(s, why);
    else if (!(sig->domain = domain_of(s, sig->header, &why)))
        goes_unsigned(s, why);
    else if (!field_index(s->mail, sig->header, &sig->fields) ||
             !dkim_sign_names(s->mail, &sig->fields, &sig->names))
        cannot_be_signed(s, "it has too many header fields");
    else
        begin_hashing(s);
}
