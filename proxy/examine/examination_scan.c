/* SPDX-License-Identifier: ISC
 * Jobs for the scanners, and their answers taken in: what is in the message, whether it is
 * infected, and, in as many rounds as the DNS takes, who sent it. */
#include "proxy/examine/scan_line.h"

#include "base/clock.h"
#include "base/log.h"

#include "filters/mime/headers.h"
#include "proxy/examine/answered.h"
#include "proxy/examine/scan_deaths.h"
#include "proxy/examine/scan_places.h"

#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64 }; /* of jobs about the sender; each evaluator has lower bounds of its own */

static const struct config *config_of(const struct examination *e)
{
    return e->proxy->config;
}

enum scanner_kind examination_scan_kind(enum scan_slot slot)
{
    return slot == SCAN_ANTIVIRUS ? SCANNER_AV : slot == SCAN_QR ? SCANNER_QR : SCANNER_SCAN;
}

/* ---- answers ---- */

static bool about_sender_too(const struct examination *e, enum scan_slot slot)
{
    return slot == SCAN_SENDER || (slot == SCAN_CONTENT && e->sender_beside);
}

/* It has been looked into, or could not be. */
static void learn_content(struct examination *e, enum scan_slot slot)
{
    if (slot == SCAN_CONTENT)
        study_known(&e->study, PRODUCER_MESSAGE);
    if ((slot == SCAN_CONTENT && e->codes.pictures.count == 0) || slot == SCAN_QR)
        study_known(&e->study, PRODUCER_LINKS);
}

static void describe_sender(struct examination *e, struct scan_job *job)
{
    struct study *study = &e->study;
    *job = (struct scan_job){.limits = e->proxy->job.limits};
    study->from.now = clock_wall();
    study_describe(study, e->whole, job);
}

/* Where nobody can tell where its parts are, all behind its header is one. */
static void redact_all(struct examination *e)
{
    struct slice message = spool_bytes(e->spool);
    struct overlay_range *all = arena_alloc(e->arena, sizeof *all);
    if (!all)
        return;
    *all = (struct overlay_range){.from = headers_block(message, NULL).len, .to = message.len};
    e->redaction.overlays = all;
    e->redaction.count = 1;
    e->redaction.known = true;
}

static void fail_for_good(struct examination *e, enum scan_slot slot)
{
    enum scanner_kind kind = examination_scan_kind(slot);
    if (slot <= SCAN_ANTIVIRUS)
        pipeline_never(config_of(e)->policy, &e->facts, kind);
    else if (slot == SCAN_SENDER)
        e->facts.never |= UINT64_C(1) << PRODUCER_SPF | UINT64_C(1) << PRODUCER_AUTHENTICATION;
    else if (slot == SCAN_REDACTION)
        redact_all(e);
}

void examination_scan_failed(struct examination *e, enum scan_slot slot,
                             const struct scan_failure *failure)
{
    static const char *const names[] = {"scan", "av", "scan (sender)", "scan (redaction)", "qr"};
    bool told = e->proxy->down[examination_scan_kind(slot)][0]; /* that none serves */
    log_at(told ? LEVEL_DEBUG : LEVEL_WARNING, e->ref, "scan failed",
           field_str("scanner", names[slot]), field_str("reason", failure->reason));
    if (!e->unscanned)
        e->unscanned = arena_printf(e->arena, "%s: %s", names[slot], failure->reason).ptr;
    if (failure->failing == SCAN_FAILS_ALWAYS)
        fail_for_good(e, slot);
    else if (slot <= SCAN_ANTIVIRUS)
        pipeline_fail(config_of(e)->policy, &e->facts, examination_scan_kind(slot));
    if (slot == SCAN_QR)
        codes_wait_end(&e->codes, e->arena, NULL, &e->facts);
    learn_content(e, slot);
    if (slot == SCAN_SENDER && !e->scans[slot].ticket.number)
        describe_sender(e, &(struct scan_job){0}); /* what it should have been asked */
    if (about_sender_too(e, slot))
        study_scanner_failed(&e->study);
}

static struct scan_memory *memory_of(const struct examination *e, enum scan_slot slot)
{
    return e->proxy->scanned[examination_scan_kind(slot)];
}

/* Something could not be found out, that may be another time. */
static bool leaves_open(const struct scan_answer *answer)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (answer->facts.fact[i].state == VALUE_UNKNOWN)
            return true;
    return false;
}

static void read_codes(struct examination *e);

static void take(struct examination *e, enum scan_slot slot, const struct scan_answer *answer)
{
    if (slot == SCAN_REDACTION) {
        e->redaction.overlays = answer->overlays;
        e->redaction.count = answer->overlay_count;
        e->redaction.known = true;
        return;
    }
    if (slot == SCAN_QR)
        codes_wait_end(&e->codes, e->arena, answer, &e->facts);
    else
        pipeline_merge(config_of(e)->policy, &e->facts, examination_scan_kind(slot), answer);
    if (slot == SCAN_CONTENT) {
        e->parts = answer->parts;
        e->part_count = answer->part_count;
        e->banners = answer->banners;
        if (e->vector_wanted)
            e->vector = answer->vector;
        codes_wait_begin(&e->codes, answer, &e->facts);
        examination_campaign(e, &answer->sketch);
        answered_ask_author(e);
    }
    if (e->scans[slot].has_key && !leaves_open(answer))
        scan_memory_note(memory_of(e, slot), &e->scans[slot].key, clock_ms(), answer->octets);
    learn_content(e, slot);
    if (about_sender_too(e, slot))
        study_hear(&e->study, answer);
    if (slot == SCAN_CONTENT && e->codes.pictures.count)
        read_codes(e);
}

void examination_drop_scan(struct examination *e, enum scan_slot slot)
{
    struct scan_wait *wait = &e->scans[slot];
    scan_line_leave(wait);
    scan_ticket_drop(&wait->ticket);
}

void examination_give_scan_room(struct examination *e)
{
    if (examination_awaits_scan(e, SCAN_CONTENT) || examination_awaits_scan(e, SCAN_ANTIVIRUS))
        return;
    shared_scan_give(e->proxy->shared, e->proxy->row, e->holder, e->scan_taken);
    e->scan_taken = 0;
}

void examination_scan_over(struct examination *e, enum scan_slot slot)
{
    if (e->scans[slot].ticket.number)
        e->scan_ms[slot] = clock_ms() - e->scans[slot].began;
    if (about_sender_too(e, slot) && e->scans[slot].ticket.number)
        e->sender_ms += e->scan_ms[slot];
    examination_drop_scan(e, slot);
    examination_give_scan_room(e);
    examination_go_on(e);
    e->owner->changed(e->ctx);
}

/* A job that is not about the content asks for none. */
static size_t headers_asked(const struct examination *e, enum scan_slot slot)
{
    return slot >= SCAN_SENDER || e->banners_only ? 0 : e->proxy->job.header_count;
}

/* ---- what scanners die of ---- */

static bool find_digest(struct examination *e)
{
    unsigned len = 0;
    struct slice message = spool_bytes(e->spool);
    if (!e->has_digest && !e->knows_digest)
        e->knows_digest =
            EVP_Digest(message.ptr, message.len, e->digest, &len, EVP_sha256(), NULL) == 1;
    return e->has_digest || e->knows_digest;
}

bool examination_is_deadly(struct examination *e, enum scan_slot slot)
{
    static const struct scan_failure failure = {.reason = "several scanners died of it, or gave up",
                                                .failing = SCAN_FAILS_ALWAYS};
    enum scanner_kind kind = examination_scan_kind(slot);
    if (!e->whole || !scan_deaths_any(e->proxy, kind) || !find_digest(e) ||
        scan_deaths(e->proxy, kind, e->digest) < SCAN_DEATHS_MOST)
        return false;
    examination_scan_failed(e, slot, &failure);
    return true;
}

/* One that ended with its family, or was ended for taking long, tells nothing of the message: of the
 * last a scanner would have said whether it was the message's doing. */
static bool is_its_doing(const struct scan_wait *wait, const struct scan_failure *failure)
{
    const struct proxy *proxy = wait->of->proxy;
    enum scanner_kind kind = examination_scan_kind(wait->slot);
    return failure->failing == SCAN_FAILS_BY_IT && wait->of->whole &&
           wait->reign == scan_deaths_reign(proxy, kind) &&
           (!failure->died || clock_ms() - wait->began < proxy->config->settings.timeouts_scan);
}

static void take_failure(struct scan_wait *wait, const struct scan_failure *failure)
{
    struct examination *e = wait->of;
    if (is_its_doing(wait, failure) && find_digest(e))
        scan_deaths_note(e->proxy, examination_scan_kind(wait->slot), e->digest);
    if (failure->cpu)
        scan_place_took(&wait->place, failure->cpu, wait->began, clock_ms());
    examination_scan_failed(e, wait->slot, failure);
}

static void on_answer(void *ctx, const struct scan_packet *packet)
{
    struct scan_wait *wait = ctx;
    struct examination *e = wait->of;
    struct proxy *proxy = e->proxy;
    struct scan_answer answer;
    struct scan_failure failure = {.reason = "no answer in time"};
    int r = packet ? scan_read(packet, e->arena, headers_asked(e, wait->slot), &wait->pieces,
                               &answer, &failure)
                   : -1;
    if (r == 0)
        return;
    wait->over = packet != NULL;
    if (r > 0) {
        scan_place_took(&wait->place, answer.cpu, wait->began, clock_ms());
        take(e, wait->slot, &answer);
    } else {
        take_failure(wait, &failure);
    }
    examination_scan_over(e, wait->slot);
    scan_line_move(proxy);
}

/* ---- jobs ---- */

/* A small message goes along in the packet, which is cheaper than a file. False: there is none to be
 * had of a message that is there. */
static bool find_content(struct examination *e, struct scan_content *out)
{
    *out = (struct scan_content){.file = -1};
    if (!e->whole)
        return true;
    if (spool_size(e->spool) <= SCAN_SMALL_MESSAGE)
        out->octets = spool_size(e->spool) ? spool_bytes(e->spool) : SLICE("");
    else
        out->file = spool_fd(e->spool);
    return out->octets.ptr || out->file >= 0;
}

static enum submission put_on_queue(struct examination *e, enum scan_slot slot,
                                    const struct scan_job *job, int64_t ms)
{
    struct scan_wait *wait = &e->scans[slot];
    enum scanner_kind kind = examination_scan_kind(slot);
    int queue = e->proxy->queue[kind];
    struct scan_content content;
    if (queue < 0 || !find_content(e, &content))
        return SUBMIT_FAILED;
    wait->pieces = (struct scan_pieces){0};
    wait->ticket = (struct scan_ticket){.heard = on_answer, .ctx = wait};
    if (scan_answers_ask(e->proxy->answers, kind, queue, &content, job, ms, &wait->ticket) != 0)
        return errno == EAGAIN ? SUBMIT_FULL : SUBMIT_FAILED;
    return SUBMITTED;
}

/* What every message of its kind is asked: of one that lay in a mailbox nothing is changed. */
static struct scan_job usual_job(const struct examination *e)
{
    struct scan_job job = e->proxy->job;
    if (e->banners_only)
        job = (struct scan_job){.limits = job.limits, .banners = true};
    job.banners = job.banners && !e->has_digest;
    job.sketch = job.sketch && e->state;
    job.vector = e->vector_wanted && !e->banners_only && scan_job_asks_content(&job);
    return job;
}

/* What is in the message; and who sent it, when the DNS has been heard already. */
static void describe_content(struct examination *e, struct scan_job *job)
{
    struct study *study = &e->study;
    *job = usual_job(e);
    study->from.now = clock_wall();
    e->sender_beside = examination_asks_scanner(e);
    if (e->sender_beside)
        study_describe(study, true, job);
    else
        study_describe_none(study, job);
}

static void describe(struct examination *e, enum scan_slot slot, struct scan_job *job)
{
    *job = e->proxy->job;
    if (slot == SCAN_SENDER)
        describe_sender(e, job);
    else if (slot == SCAN_CONTENT)
        describe_content(e, job);
    else if (slot == SCAN_QR)
        *job = (struct scan_job){
            .limits = job->limits, .pictures = e->codes.pictures, .urls = job->urls};
    else if (slot == SCAN_REDACTION)
        *job = (struct scan_job){.limits = job->limits, .redaction = &e->redaction.wanted};
}

static bool find_key(const struct examination *e, enum scan_slot slot, const struct scan_job *job,
                     struct scan_key *out)
{
    return e->has_digest && e->whole && slot != SCAN_REDACTION && memory_of(e, slot) &&
           scan_memory_key(memory_of(e, slot), e->digest, job, out);
}

enum submission examination_scan_submit(struct examination *e, enum scan_slot slot, int64_t ms,
                                        const char **why)
{
    struct scan_wait *wait = &e->scans[slot];
    struct scan_job job;
    describe(e, slot, &job);
    *why = "too many rounds of DNS";
    if (slot == SCAN_SENDER && e->sender_rounds >= ROUNDS_MAX)
        return SUBMIT_FAILED;
    *why = "there is no scanner";
    wait->has_key = find_key(e, slot, &job, &wait->key);
    wait->reign = scan_deaths_reign(e->proxy, examination_scan_kind(slot));
    enum submission result = put_on_queue(e, slot, &job, ms);
    e->sender_rounds += result == SUBMITTED && about_sender_too(e, slot);
    return result;
}

/* Whether the same was asked about the same message before: then the answer is taken in. */
static bool recall(struct examination *e, enum scan_slot slot)
{
    struct scan_answer answer;
    struct scan_key key;
    struct scan_job job;
    if (!e->has_digest || (slot == SCAN_SENDER && e->sender_rounds >= ROUNDS_MAX))
        return false;
    describe(e, slot, &job);
    if (!find_key(e, slot, &job, &key))
        return false;
    struct slice known = scan_memory_recall(memory_of(e, slot), &key, clock_ms());
    struct slice octets = known.len ? arena_copy(e->arena, known) : known;
    if (!octets.len || !scan_answer_decode(octets, e->arena, headers_asked(e, slot), &answer))
        return false;
    e->scans[slot].has_key = false;
    e->sender_rounds += about_sender_too(e, slot);
    take(e, slot, &answer);
    return true;
}

bool examination_scan_sender(struct examination *e)
{
    bool known = recall(e, SCAN_SENDER);
    if (!known)
        scan_line_join(e, SCAN_SENDER);
    return known;
}

static void read_codes(struct examination *e)
{
    if (!recall(e, SCAN_QR))
        scan_line_join(e, SCAN_QR);
}

void examination_redact(struct examination *e, bool whole, const unsigned *parts, size_t count)
{
    e->redaction.wanted = (struct redaction_wanted){whole, parts, count};
    scan_line_join(e, SCAN_REDACTION);
}

void examination_scan(struct examination *e)
{
    const struct proxy *proxy = e->proxy;
    struct scan_job job = usual_job(e);
    if (!config_of(e)->settings.antivirus_enabled || e->header_only)
        pipeline_without(&e->facts, PRODUCER_ANTIVIRUS);
    if (!config_of(e)->settings.qr_enabled)
        pipeline_without(&e->facts, PRODUCER_CODES);
    if (scan_job_asks_content(&job) && !recall(e, SCAN_CONTENT))
        scan_line_join(e, SCAN_CONTENT);
    if (proxy->scans[SCANNER_AV] && !e->header_only && !e->banners_only &&
        !recall(e, SCAN_ANTIVIRUS))
        scan_line_join(e, SCAN_ANTIVIRUS);
}

bool examination_awaits_any_scan(const struct examination *e)
{
    for (int slot = 0; slot < SCAN_SLOTS; slot++)
        if (examination_awaits_scan(e, (enum scan_slot)slot))
            return true;
    return false;
}
