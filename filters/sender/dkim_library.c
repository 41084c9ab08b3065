/* SPDX-License-Identifier: ISC
 * libopendkim, held on a short lead. What it does, and what is done about it:
 * - Its clock is the wall's. The clock drift it allows is set so that its own judgement of t= and
 *   x= never counts; dkim.c has judged them by the time it was given.
 * - One failing key ends dkim_eoh for all signatures unless processing is delayed; dkim_eom then
 *   runs each of them, and its own result is of no use: each signature is judged here.
 * - A signature that passes says nothing of the body until its body hash is looked at, and that
 *   reads as a match where nothing was compared.
 * - Short keys pass in some ways through it; the size is checked here.
 * - DKIM_CBSTAT_DEFAULT makes it ask DNS itself: it is never returned. */
#include "filters/sender/dkim_parts.h"

#include <opendkim/dkim.h>
#include <string.h>

/* One handle a process: it holds options, nothing of a message. */
static DKIM_LIB *library;

static const struct dkim_candidate *candidate_of(DKIM *handle, const DKIM_SIGINFO *sig);

static DKIM_CBSTAT give_key(DKIM *handle, DKIM_SIGINFO *sig, u_char *to, size_t room)
{
    const struct dkim_candidate *c = candidate_of(handle, sig);
    if (!c || !c->wanted)
        return DKIM_CBSTAT_NOTFOUND;
    if (c->key.len >= room)
        return DKIM_CBSTAT_ERROR;
    memcpy(to, c->key.ptr, c->key.len);
    to[c->key.len] = '\0';
    return DKIM_CBSTAT_CONTINUE;
}

static bool open_library(void)
{
    unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
    unsigned bits = DKIM_KEY_BITS_MIN;
    if (library)
        return true;
    library = dkim_init(NULL, NULL);
    return library &&
           dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof flags) ==
               DKIM_STAT_OK &&
           dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &bits, sizeof bits) ==
               DKIM_STAT_OK &&
           dkim_set_key_lookup(library, give_key) == DKIM_STAT_OK;
}

/* The library finds t in the future when wall < t - drift and x passed when wall >= x + drift, both
 * modulo 2^64: with the least t as drift neither comes true for what dkim.c lets pass, as long as
 * `now` is not later than the wall's clock: a replay may lie in the past. */
static void neutralise_clock(const struct dkim_job *job)
{
    uint64_t drift = INT64_MAX;
    for (size_t i = 0; i < job->count; i++) {
        const struct dkim_candidate *c = &job->candidates[i];
        if (c->wanted && tag_find(&c->tags, SLICE("t")) && c->signed_at < drift)
            drift = c->signed_at;
    }
    dkim_options(library, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof drift);
}

/* What the library was fed of the signatures, in its order. */
struct dkim_run {
    struct dkim_job *job;
    DKIM *handle;
    struct dkim_candidate *fed[DKIM_SIGNATURES_MAX];
    size_t fed_count;
    DKIM_SIGINFO **sigs;
};

static const struct dkim_candidate *candidate_of(DKIM *handle, const DKIM_SIGINFO *sig)
{
    const struct dkim_run *run = dkim_get_user_context(handle);
    for (size_t i = 0; run->sigs && i < run->fed_count; i++)
        if (run->sigs[i] == sig)
            return run->fed[i];
    return NULL;
}

static void judge(struct dkim_signature *s, enum dkim_result result, const char *reason)
{
    s->result = result;
    s->reason = reason;
}

static bool is_signed(const struct dkim_job *job, struct slice name)
{
    for (size_t i = 0; i < job->count; i++) {
        const struct dkim_candidate *c = &job->candidates[i];
        if (c->wanted && tag_items_have(tag_value(&c->tags, SLICE("h")), name))
            return true;
    }
    return slice_ieq(name, SLICE("From"));
}

static bool feed_field(struct dkim_run *run, const struct header *field)
{
    struct slice raw = slice_trim(field->raw);
    unsigned char *octets = (unsigned char *)(uintptr_t)raw.ptr;
    raw.len = (size_t)(field->value.ptr + field->value.len - raw.ptr);
    return slice_find(raw, '\0') == raw.len &&
           dkim_header(run->handle, octets, raw.len) == DKIM_STAT_OK;
}

static bool feed_signature(struct dkim_run *run, struct dkim_candidate *c,
                           const struct header *field)
{
    if (!c->wanted)
        return true;
    run->fed[run->fed_count++] = c;
    if (feed_field(run, field))
        return true;
    judge(c->signature, DKIM_PERMERROR, "the signature is malformed");
    c->wanted = false;
    return false;
}

/* A signature that the library does not take is left out, and all is begun again: the library's
 * list would be out of step. Another signed field that it does not take could hide what was signed:
 * then nothing is believed. */
enum fed { FED, FED_AGAIN, FED_BROKEN };

static enum fed feed_header(struct dkim_run *run)
{
    size_t signatures = 0;
    for (size_t i = 0; i < run->job->fields.count; i++) {
        const struct header *field = &run->job->fields.fields[i].field;
        if (!field->has_colon)
            continue;
        if (slice_ieq(field->name, SLICE("DKIM-Signature"))) {
            if (signatures < run->job->count &&
                !feed_signature(run, &run->job->candidates[signatures++], field))
                return FED_AGAIN;
        } else if (is_signed(run->job, field->name) && !feed_field(run, field)) {
            return FED_BROKEN;
        }
    }
    return FED;
}

/* Both canonical forms end the last line; the library forgets to where l= comes first. */
static void feed_body(struct dkim_run *run)
{
    static unsigned char line_end[] = "\r\n";
    struct slice body = run->job->body;
    if (body.len == 0)
        return;
    (void)dkim_body(run->handle, (unsigned char *)(uintptr_t)body.ptr, body.len);
    if (body.ptr[body.len - 1] != '\n')
        (void)dkim_body(run->handle, line_end, 2);
}

static void refuse_all(struct dkim_run *run, const char *reason)
{
    for (size_t i = 0; i < run->job->count; i++)
        if (run->job->candidates[i].wanted)
            judge(run->job->candidates[i].signature, DKIM_PERMERROR, reason);
}

static struct slice text_of(const unsigned char *text)
{
    return slice_of((const char *)text);
}

/* The library and dkim.c must have read the same signature. */
static bool agree(const struct dkim_candidate *c, DKIM_SIGINFO *sig)
{
    return slice_ieq(text_of(dkim_sig_getdomain(sig)), c->signature->domain) &&
           slice_ieq(text_of(dkim_sig_getselector(sig)), c->signature->selector);
}

static void judge_signature(const struct dkim_candidate *c, DKIM_SIGINFO *sig)
{
    struct dkim_signature *s = c->signature;
    int error = dkim_sig_geterror(sig);
    unsigned flags = dkim_sig_getflags(sig);
    if (!agree(c, sig))
        judge(s, DKIM_PERMERROR, "d= or s= can be read in two ways");
    else if (error == DKIM_SIGERROR_KEYTOOSMALL)
        judge(s, DKIM_POLICY, "key shorter than 1024 bits");
    else if (error == DKIM_SIGERROR_BADSIG)
        judge(s, DKIM_FAIL,
              dkim_sig_getbh(sig) == DKIM_SIGBH_MISMATCH ? "body hash does not verify"
                                                         : "signature does not verify");
    else if (error != DKIM_SIGERROR_OK && error != DKIM_SIGERROR_UNKNOWN)
        judge(s, DKIM_PERMERROR, dkim_sig_geterrorstr(error));
    else if (dkim_sig_getbh(sig) != DKIM_SIGBH_MATCH)
        judge(s, DKIM_FAIL, "body hash does not verify");
    else if (!(flags & DKIM_SIGFLAG_PROCESSED))
        judge(s, DKIM_PERMERROR, "could not be processed");
    else if (!(flags & DKIM_SIGFLAG_PASSED) || error != DKIM_SIGERROR_OK)
        judge(s, DKIM_FAIL, "signature does not verify");
    else if (s->bits < DKIM_KEY_BITS_MIN && !slice_ieq(s->algorithm, SLICE("ed25519-sha256")))
        judge(s, DKIM_POLICY, "key shorter than 1024 bits");
    else
        judge(s, DKIM_PASS, "");
}

/* dkim_eoh and dkim_eom report on all signatures together: their result is not looked at, and what
 * they leave undone shows in each signature. */
static void verify(struct dkim_run *run)
{
    int count = 0;
    (void)dkim_eoh(run->handle);
    if (dkim_getsiglist(run->handle, &run->sigs, &count) != DKIM_STAT_OK ||
        (size_t)count != run->fed_count) {
        run->sigs = NULL;
        refuse_all(run, "the header cannot be processed");
        return;
    }
    feed_body(run);
    (void)dkim_eom(run->handle, NULL);
    for (size_t i = 0; i < run->fed_count; i++)
        judge_signature(run->fed[i], run->sigs[i]);
}

static bool is_any_wanted(const struct dkim_job *job)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->candidates[i].wanted)
            return true;
    return false;
}

static enum fed run_once(struct dkim_job *job)
{
    struct dkim_run run = {.job = job};
    DKIM_STAT status;
    neutralise_clock(job);
    run.handle = dkim_verify(library, (const unsigned char *)"", NULL, &status);
    if (!run.handle) {
        refuse_all(&run, "out of memory");
        return FED_BROKEN;
    }
    dkim_set_user_context(run.handle, &run);
    enum fed fed = feed_header(&run);
    if (fed == FED)
        verify(&run);
    else if (fed == FED_BROKEN)
        refuse_all(&run, "a signed header field is malformed");
    dkim_free(run.handle);
    return fed;
}

void dkim_library_verify(struct dkim_job *job)
{
    if (!open_library()) {
        struct dkim_run none = {.job = job};
        refuse_all(&none, "out of memory");
        return;
    }
    while (is_any_wanted(job) && run_once(job) == FED_AGAIN)
        ;
}
