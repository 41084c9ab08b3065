/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_verify.h"

#include "base/clock.h"
#include "console/command.h"
#include "console/interrupt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS_MAX = 200 /* in which a scanner may ask for more of the DNS */ };

/* ---- the scanner ---- */

bool dkim_verifier_open(struct dkim_verifier *verifier, struct config *config, struct dkim_dns *dns)
{
    verifier->config = config;
    verifier->dns = dns;
    config->settings.qr_enabled = false; /* nothing but signatures is looked at */
    if (!offline_open(&verifier->offline, config, NULL, 1, false, -1))
        return command_error("gatepost-scan", "out of memory"), false;
    return verifier->offline.families[SCANNER_SCAN].queue >= 0; /* why not was said */
}

void dkim_verifier_close(struct dkim_verifier *verifier)
{
    offline_close(&verifier->offline);
}

/* ---- one message ---- */

/* 1: the answer is there; else *reason. */
static int collect(struct dkim_verifier *verifier, int sock, struct arena *arena,
                   struct scan_answer *answer, const char **reason)
{
    struct scan_pieces pieces = {0};
    struct scan_failure failure = {.reason = "gatepost-scan does not answer in time"};
    int64_t deadline = clock_ms() + verifier->config->settings.timeouts_scan;
    int got = 0;
    for (int64_t left = 1; got == 0 && left > 0; left = deadline - clock_ms()) {
        struct pollfd fd = {.fd = sock, .events = POLLIN};
        if (interrupt_poll(&fd, 1, (int)(deadline - clock_ms())) < 0)
            break;
        got = scan_collect(sock, arena, 0, &pieces, answer, &failure);
    }
    *reason = interrupt_came() ? "interrupted" : failure.reason;
    return got;
}

/* False with *reason. */
static bool judge(struct dkim_verifier *verifier, int message, struct arena *arena,
                  struct scan_answer *answer, const char **reason)
{
    const struct scan_job job = {.authentication = true,
                                 .from = {.helo = SLICE(""),
                                          .sender = SLICE(""),
                                          .receiver = SLICE(""),
                                          .now = clock_wall()},
                                 .dns = verifier->dns->answers,
                                 .limits = verifier->offline.job.limits};
    int sock = scan_submit(verifier->offline.families[SCANNER_SCAN].queue, message, &job);
    if (sock < 0)
        return *reason = strerror(errno), false;
    int got = collect(verifier, sock, arena, answer, reason);
    close(sock);
    return got > 0;
}

static struct slice text_of(const struct value *signature, enum field_index index)
{
    const struct value *field = &signature->fields[index];
    return field->state == VALUE_KNOWN ? field->text : SLICE("");
}

static struct dkim_verdict verdict_of(const struct value *signature)
{
    const struct record_type *record = fact_info(FACT_DKIM)->type.element->record;
    const struct value *result = &signature->fields[signature_result];
    size_t word = result->state == VALUE_KNOWN ? (size_t)result->integer : 0;
    struct dkim_verdict verdict = {.domain = text_of(signature, signature_domain),
                                   .selector = text_of(signature, signature_selector),
                                   .algorithm = text_of(signature, signature_algorithm),
                                   .result =
                                       record->fields[signature_result].type.words->words[word],
                                   .reason = text_of(signature, signature_reason)};
    verdict.passes = strcmp(verdict.result, "pass") == 0;
    return verdict;
}

static const char *take(const struct scan_answer *answer, struct arena *arena,
                        struct dkim_verdicts *out)
{
    const struct value *dkim = &answer->facts.fact[FACT_DKIM];
    size_t count = dkim->state == VALUE_KNOWN ? dkim->list.count : 0;
    if (dkim->state == VALUE_UNKNOWN || dkim->state == VALUE_PENDING)
        return "gatepost-scan cannot tell";
    out->each = arena_array(arena, count + 1, sizeof *out->each);
    for (size_t i = 0; out->each && i < count; i++)
        out->each[out->count++] = verdict_of(&dkim->list.items[i]);
    return out->each ? NULL : "out of memory";
}

const char *dkim_verify_file(struct dkim_verifier *verifier, int message, struct arena *arena,
                             struct dkim_verdicts *out)
{
    const char *reason = "gatepost-scan asks without end";
    *out = (struct dkim_verdicts){0};
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct scan_answer answer;
        if (!judge(verifier, message, arena, &answer, &reason))
            return reason;
        if (answer.wanted_count == 0)
            return take(&answer, arena, out);
        for (size_t i = 0; i < answer.wanted_count; i++)
            dkim_dns_ask(verifier->dns, &answer.wanted[i]);
        dns_answers_restart(verifier->dns->answers);
    }
    return reason;
}
