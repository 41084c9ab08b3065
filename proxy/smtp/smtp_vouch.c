/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_vouch.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <string.h>

enum { DOMAIN_MAX = 255 };

struct voucher {
    int64_t until;
    uint32_t refusals; /* since the last yes */
};

struct vouching {
    struct shared *shared;
    unsigned server;
};

/* Of senders there is one voucher, with an empty domain. */
static uint64_t hash_of(const struct vouching *v, struct slice domain)
{
    static const char what[] = "vouch";
    char bytes[sizeof what + sizeof v->server + DOMAIN_MAX];
    size_t n = 0;
    memcpy(bytes, what, sizeof what);
    memcpy(bytes + sizeof what, &v->server, sizeof v->server);
    for (; n < domain.len && n < DOMAIN_MAX; n++)
        bytes[sizeof what + sizeof v->server + n] = ascii_lower(domain.ptr[n]);
    return siphash(shared_key(v->shared),
                   (struct slice){bytes, sizeof what + sizeof v->server + n});
}

static void put(const struct vouching *v, uint64_t hash, struct voucher voucher)
{
    notes_put(shared_notes(v->shared), shared_key(v->shared), hash, &voucher, sizeof voucher,
              voucher.until);
}

static void note_yes(const struct vouching *v, struct slice domain)
{
    put(v, hash_of(v, domain), (struct voucher){.until = clock_ms() + VOUCH_MS});
}

/* Whether somebody vouches, for one refusal more. */
static bool others_are_taken(const struct vouching *v, struct slice domain)
{
    struct voucher voucher;
    uint64_t hash = hash_of(v, domain);
    if (!notes_get(shared_notes(v->shared), shared_key(v->shared), hash, &voucher, sizeof voucher,
                   clock_ms()) ||
        voucher.refusals >= VOUCH_REFUSALS)
        return false;
    voucher.refusals++;
    put(v, hash, voucher);
    return true;
}

static struct slice domain_of(struct slice address)
{
    size_t at = address.len;
    while (at > 0 && address.ptr[at - 1] != '@')
        at--;
    return slice_from(address, at);
}

static void settle(const struct vouching *v, struct backend_reply *reply, struct slice domain,
                   enum reply_class his)
{
    if (reply->kind == REPLY_UNCLEAR)
        reply->kind = others_are_taken(v, domain) ? his : REPLY_OURS;
}

void smtp_vouch(struct shared *shared, unsigned server, struct smtp_job *job)
{
    const struct vouching v = {shared, server};
    if (job->mail_reply.code && job->mail_reply.kind == REPLY_YES && job->sender.len)
        note_yes(&v, SLICE(""));
    for (size_t i = 0; i < job->recipient_count; i++)
        if (job->recipients[i].reply.code && job->recipients[i].reply.kind == REPLY_YES)
            note_yes(&v, domain_of(job->recipients[i].address));
    settle(&v, &job->mail_reply, SLICE(""), REPLY_SENDER);
    for (size_t i = 0; i < job->recipient_count; i++)
        settle(&v, &job->recipients[i].reply, domain_of(job->recipients[i].address),
               REPLY_RECIPIENT);
}
