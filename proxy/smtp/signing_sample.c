/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/signing_sample.h"

#include "base/clock.h"
#include "proxy/smtp/message_signing.h"
#include "proxy/smtp/trace.h"

#include <openssl/rand.h>
#include <stdlib.h>

enum { ARENA_MAX = 4 * 1024 * 1024 };

struct signing_sample {
    uint32_t number;
    void (*told)(uint32_t number, const char *reason, struct slice message);
    struct arena *arena;
    struct slice message;
    struct edited edited;
    struct message_signing *signing;
};

static void finish(struct signing_sample *sample, const char *reason, struct slice message)
{
    sample->told(sample->number, reason, message);
    message_signing_end(sample->signing);
    edited_free(&sample->edited);
    arena_free(&sample->arena);
    free(sample);
}

/* ---- the message ---- */

static struct slice write_message(struct signing_sample *sample, const struct proxy *proxy,
                                  struct slice domain)
{
    uint64_t random;
    if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
        return (struct slice){NULL, 0};
    return arena_printf(
        sample->arena,
        "From: <postmaster@%.*s>\r\n"
        "To: <postmaster@%.*s>\r\n"
        "Subject: A sample of DKIM signatures\r\n"
        "Date: %s\r\n"
        "Message-ID: <%016llx.dkim-check@%.*s>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n"
        "\r\n"
        "gatepostctl dkim check had this made, to see whether its signatures verify.\r\n"
        "It was sent to nobody: if it reaches you, somebody has copied it. Ignore it.\r\n"
        "%016llx\r\n",
        SLICE_ARGS(domain), SLICE_ARGS(domain), trace_date(clock_wall()),
        (unsigned long long)random, SLICE_ARGS(proxy->config->hostname),
        (unsigned long long)random);
}

static bool make(struct signing_sample *sample, const struct proxy *proxy, struct slice domain)
{
    sample->message = write_message(sample, proxy, domain);
    struct edit_input input = {
        .message = sample->message, .authserv_id = proxy->config->hostname, .trace = SLICE("")};
    return sample->message.ptr && edits_assemble(sample->arena, &input, &sample->edited);
}

/* ---- its signatures ---- */

static void on_signed(void *ctx, const struct signed_message *result)
{
    struct signing_sample *sample = ctx;
    struct slice whole = result->how == SIGNED
                             ? ARENA_JOIN(sample->arena, result->fields, sample->message)
                             : sample->message;
    if (result->how == SIGNED_NOT_NOW)
        finish(sample, result->reason, SLICE(""));
    else if (!whole.ptr)
        finish(sample, "out of memory", SLICE(""));
    else
        finish(sample, NULL, whole);
}

static void sign(struct signing_sample *sample, struct proxy *proxy)
{
    struct signed_message at_once;
    sample->signing =
        message_signing_new(proxy, sample->arena, &sample->edited, clock_ms() + SAMPLE_MS);
    if (!sample->signing)
        finish(sample, "out of memory", SLICE(""));
    else if (!message_signing_begin(sample->signing, &at_once, on_signed, sample))
        on_signed(sample, &at_once);
}

void signing_sample(struct proxy *proxy, uint32_t number, struct slice domain,
                    void (*told)(uint32_t number, const char *reason, struct slice message))
{
    struct signing_sample *sample = calloc(1, sizeof *sample);
    struct arena *arena = sample ? arena_new(ARENA_MAX) : NULL;
    struct domain_name name;
    if (!arena) {
        free(sample);
        told(number, "out of memory", SLICE(""));
        return;
    }
    *sample = (struct signing_sample){.number = number, .told = told, .arena = arena};
    const char *flaw = domain_name_make(arena, domain, &name);
    if (flaw)
        finish(sample, flaw, SLICE(""));
    else if (!make(sample, proxy, name.text))
        finish(sample, "out of memory", SLICE(""));
    else
        sign(sample, proxy);
}
