/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_sample.h"

#include "base/sealed_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- asking ---- */

struct hearing {
    struct arena *arena;
    struct slice message;
};

static void take(void *ctx, struct slice octets)
{
    struct hearing *hearing = ctx;
    struct arena *arena = hearing->arena;
    hearing->message = hearing->message.len ? ARENA_JOIN(arena, hearing->message, octets)
                                            : arena_copy(arena, octets);
}

/* ptr NULL: there is none, and trouble says why. */
static struct slice ask_for(int sock, struct slice domain, struct arena *arena,
                            char trouble[static ASK_REASON_MAX])
{
    struct hearing hearing = {.arena = arena, .message = {NULL, 0}};
    struct buf question = buf_init(domain.len + 16);
    pack_slice(&question, domain);
    bool fine = ask_giving(sock, CONTROL_SAMPLE, buf_slice(&question), -1, take, &hearing,
                           &(uint64_t){0}, trouble);
    buf_release(&question);
    if (fine && !hearing.message.len)
        snprintf(trouble, ASK_REASON_MAX, "it gave no message");
    return fine ? hearing.message : (struct slice){NULL, 0};
}

static const char *verify(struct dkim_sample *sample, struct dkim_verifier *verifier,
                          struct arena *arena)
{
    int file = sealed_file_of("sample", sample->message);
    if (file < 0)
        return strerror(errno);
    const char *fault = dkim_verify_file(verifier, file, arena, &sample->verdicts);
    close(file);
    return fault;
}

/* What lies below a domain alone is signed: then one below it is asked for. */
static struct slice author_of_sample(const struct signing_domain *domain, struct arena *arena)
{
    return domain->subdomains ? ARENA_JOIN(arena, SLICE("dkim-check."), domain->name.text)
                              : domain->name.text;
}

static void get(struct dkim_samples *samples, int sock, struct slice author,
                struct dkim_verifier *verifier, struct arena *arena)
{
    struct dkim_sample *sample = &samples->each[samples->count];
    sample->message = ask_for(sock, author, arena, samples->trouble);
    if (!sample->message.ptr)
        return;
    const char *fault = verify(sample, verifier, arena);
    if (fault)
        snprintf(samples->trouble, sizeof samples->trouble, "%s", fault);
    else
        samples->count++;
}

static void get_all(struct dkim_samples *samples, int sock, struct slice domain,
                    struct dkim_verifier *verifier, struct arena *arena)
{
    const struct config *config = verifier->config;
    for (size_t i = 0; i < config->signing_domain_count; i++) {
        const struct signing_domain *one = &config->signing_domains[i];
        if (!domain.ptr || slice_eq(one->name.text, domain))
            get(samples, sock, author_of_sample(one, arena), verifier, arena);
    }
}

void dkim_samples_get(struct dkim_samples *samples, struct config *config, struct slice domain,
                      struct dkim_dns *dns, struct arena *arena)
{
    struct dkim_verifier verifier;
    *samples = (struct dkim_samples){
        .each = arena_array(arena, config->signing_domain_count + 1, sizeof *samples->each)};
    int sock = ask_connect_to(config->settings.keeper_control, samples->trouble);
    samples->asked = sock >= 0;
    if (sock < 0)
        return;
    if (dkim_verifier_open(&verifier, config, dns) && samples->each)
        get_all(samples, sock, domain, &verifier, arena);
    else
        snprintf(samples->trouble, sizeof samples->trouble, "gatepost-scan does not start");
    dkim_verifier_close(&verifier);
    close(sock);
}

/* ---- looking ---- */

const struct dkim_verdict *dkim_samples_find(const struct dkim_samples *samples,
                                             struct slice domain, struct slice selector,
                                             struct slice algorithm, struct slice *message)
{
    const struct dkim_verdict *found = NULL;
    for (size_t i = 0; i < samples->count; i++) {
        const struct dkim_verdicts *verdicts = &samples->each[i].verdicts;
        for (size_t k = 0; k < verdicts->count; k++) {
            const struct dkim_verdict *one = &verdicts->each[k];
            if (!slice_eq(one->domain, domain) || !slice_eq(one->selector, selector) ||
                !slice_eq(one->algorithm, algorithm) || (found && one->passes))
                continue;
            found = one;
            *message = samples->each[i].message;
        }
    }
    return found;
}
