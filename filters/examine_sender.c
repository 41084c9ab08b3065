/* SPDX-License-Identifier: ISC
 * Every evaluator is run, also after another one has missed,
 * so that one round of questions serves them all. */
#include "filters/examine_sender.h"

#include "filters/mime/headers.h"
#include "filters/sender/dmarc_align.h"

/* After an evaluator. False: the arena is full. */
static bool settle(struct sender_findings *f, bool done)
{
    bool missed = dns_missed(f->dns);
    f->missed |= missed;
    dns_answers_next(f->dns);
    return done || missed;
}

static bool find_spf(struct sender_findings *f)
{
    const struct scan_sender *from = &f->job->from;
    if (from->client.family == 0) /* a message that lay in a mailbox */
        return true;
    const struct spf_input input = {.client = from->client,
                                    .helo = from->helo,
                                    .sender = from->sender,
                                    .receiver = from->receiver,
                                    .now = from->now};
    if (!settle(f, spf_evaluate(f->arena, f->dns, &input, &f->spf)))
        return false;
    f->helo = f->spf;
    return !f->job->spf || f->spf.identity == SPF_HELO ||
           settle(f, spf_evaluate_helo(f->arena, f->dns, &input, &f->helo));
}

static enum dmarc_outcome spf_outcome(enum spf_result result)
{
    return result == SPF_PASS        ? DMARC_PASSED
           : result == SPF_TEMPERROR ? DMARC_NOT_KNOWN
                                     : DMARC_NOT_PASSED;
}

static enum dmarc_outcome dkim_outcome(enum dkim_result result)
{
    return result == DKIM_PASS        ? DMARC_PASSED
           : result == DKIM_TEMPERROR ? DMARC_NOT_KNOWN
                                      : DMARC_NOT_PASSED;
}

static bool find_dmarc(struct sender_findings *f)
{
    struct dmarc_identifier dkim[DKIM_SIGNATURES_MAX];
    for (size_t i = 0; i < f->dkim.count; i++)
        dkim[i] = (struct dmarc_identifier){f->dkim.signatures[i].domain,
                                            dkim_outcome(f->dkim.signatures[i].result)};
    const struct dmarc_input input = {
        .author = &f->author,
        .spf = {f->spf.domain, spf_outcome(f->spf.result)},
        .dkim = dkim,
        .dkim_count = f->dkim.count,
    };
    return settle(f, dmarc_evaluate(f->arena, f->dns, &input, &f->dmarc));
}

/* While the keys are being asked for, so that one round serves both. */
static void want_organisations(struct sender_findings *f)
{
    if (!dns_missed(f->dns))
        return;
    dmarc_prefetch_identifier(f->arena, f->dns, &f->author, f->spf.domain);
    for (size_t i = 0; i < f->dkim.count; i++)
        dmarc_prefetch_identifier(f->arena, f->dns, &f->author, f->dkim.signatures[i].domain);
}

/* The names that DMARC asks for From's domain do not depend on what SPF and DKIM have found: those
 * are asked in the first round too, when nothing is found yet, and before all others: there may be
 * no room for all, and the signatures are of the sender's choice. */
static bool find_authentication(struct sender_findings *f)
{
    uint64_t now = f->job->from.now > 0 ? (uint64_t)f->job->from.now : 0;
    if (!author_of(f->arena, headers_block(f->message, NULL), &f->author))
        return false;
    dmarc_prefetch(f->dns, &f->author);
    bool done = dkim_examine(f->arena, f->dns, f->message, now, &f->dkim);
    want_organisations(f);
    return settle(f, done) && settle(f, arc_examine(f->arena, f->dns, f->message, now, &f->arc)) &&
           find_dmarc(f);
}

bool examine_sender(struct arena *arena, struct slice message, const struct scan_job *job,
                    struct scan_answer *out)
{
    if (!job->spf && !job->authentication)
        return true;
    struct sender_findings f = {.arena = arena,
                                .dns = job->dns ? job->dns : dns_answers_new(arena),
                                .job = job,
                                .message = message};
    if (!f.dns)
        return false;
    dns_answers_restart(f.dns);
    if (job->dns_complete)
        dns_answers_close(f.dns);
    if (!find_spf(&f) || (job->authentication && !find_authentication(&f)))
        return false;
    if (f.missed)
        out->wanted = dns_wanted(f.dns, &out->wanted_count);
    return (f.missed || sender_facts(&f, &out->facts)) && !arena_failed(arena);
}
