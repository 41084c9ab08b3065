/* SPDX-License-Identifier: ISC */
#include "filters/examine_spam.h"

#include "base/sealed_map.h"
#include "filters/links/links.h"
#include "filters/spam/campaign_sketch.h"
#include "filters/spam/spam_features.h"
#include "filters/spam/spam_model.h"
#include "filters/spam/spam_reasons.h"
#include "filters/text/message_text.h"

#include <stdio.h>

static struct {
    bool open;
    struct spam_model model;
    char digest[2 * SPAM_MODEL_DIGEST + 1];
} known;

bool examine_spam_with(int model, const char **reason)
{
    struct slice file = sealed_map(model, SPAM_MODEL_SIZE);
    *reason = "the model is not sealed, or too large";
    known.open = file.ptr && spam_model_open(file, &known.model, reason);
    if (known.open)
        hex_text((struct slice){(const char *)known.model.digest, SPAM_MODEL_DIGEST}, known.digest);
    else if (file.ptr)
        sealed_unmap(file);
    return known.open;
}

static uint64_t learned(void)
{
    return known.model.ham < known.model.spam ? known.model.ham : known.model.spam;
}

static bool knows_enough(void)
{
    return learned() >= SPAM_LEARNED_LEAST;
}

/* "+ subject: winner". */
static struct value reason_text(struct arena *arena, const struct spam_reason *reason)
{
    char text[SPAM_REASON_TEXT_MAX + 40];
    int len = snprintf(text, sizeof text, "%c %s: %s", reason->log_odds > 0 ? '+' : '-',
                       reason->where, reason->text);
    return value_text(arena_copy(arena, (struct slice){text, (size_t)len}));
}

static bool tell_why(struct arena *arena, const struct spam_source *source, struct value *out)
{
    struct spam_reasons *reasons = arena_alloc(arena, sizeof *reasons);
    struct value *items = arena_array(arena, (size_t)2 * SPAM_REASONS_MAX, sizeof *items);
    size_t count = 0;
    if (!reasons || !items || !spam_reasons(arena, source, &known.model, reasons))
        return false;
    for (size_t i = 0; i < reasons->spam_count; i++)
        items[count++] = reason_text(arena, &reasons->spam[i]);
    for (size_t i = 0; i < reasons->ham_count; i++)
        items[count++] = reason_text(arena, &reasons->ham[i]);
    *out = (struct value){.state = VALUE_KNOWN, .list = {.items = items, .count = count}};
    return true;
}

/* What is so of all messages. */
static void tell_model(struct value *fact)
{
    fact[FACT_SPAM_PROBABILITY] = fact[FACT_SPAM_MODEL] = value_absent();
    fact[FACT_SPAM_LEARNED] = value_number(0);
    fact[FACT_SPAM_REASONS] = (struct value){.state = VALUE_KNOWN};
    if (!known.open)
        return;
    fact[FACT_SPAM_LEARNED] = value_number((double)learned());
    fact[FACT_SPAM_MODEL] = value_text(slice_of(known.digest));
}

static void leave_pending(const struct scan_job *job, struct value *fact)
{
    if (!job->spam)
        fact[FACT_SPAM_PROBABILITY] = fact[FACT_SPAM_LEARNED] = fact[FACT_SPAM_MODEL] =
            (struct value){0};
    if (!job->reasons)
        fact[FACT_SPAM_REASONS] = (struct value){0};
}

/* What is read of the body, at its own bounds: rules may ask for less of links, or for more. */
static bool read_links(struct arena *arena, const struct mime_message *message, struct value *out)
{
    struct value domains;
    struct links *links = links_new(arena, message, LINKS_TEXT_MAX);
    if (!links)
        return false;
    links_list_too(links, LINK_SOURCE_FILE);
    links_in_message(links, message);
    *out = links_listed(links);
    links_end(&links, &domains);
    return true;
}

static bool score(struct arena *arena, const struct spam_source *source, struct slice vector,
                  const struct scan_job *job, struct value *fact)
{
    struct spam_score found;
    if (!spam_score(&known.model, vector, &found))
        return false;
    fact[FACT_SPAM_PROBABILITY] = value_number(found.probability);
    return !job->reasons || tell_why(arena, source, &fact[FACT_SPAM_REASONS]);
}

static bool look(struct arena *arena, const struct mime_message *message, const struct value *text,
                 const struct scan_job *job, struct scan_answer *out)
{
    struct value *fact = out->facts.fact, links = {0};
    struct spam_source source = {message, text, &links};
    struct slice vector;
    if (!read_links(arena, message, &links) ||
        !spam_features(arena, &source, &known.model.key, &vector))
        return false;
    if (job->vector)
        out->vector = vector;
    bool asked = job->spam || job->reasons;
    return !asked || !knows_enough() || score(arena, &source, vector, job, fact);
}

bool examine_spam(struct arena *arena, const struct mime_message *message,
                  const struct scan_job *job, struct scan_answer *out)
{
    struct value text = out->facts.fact[FACT_MESSAGE_TEXT];
    bool looks = known.open && (job->vector || ((job->spam || job->reasons) && knows_enough())),
         sketches = known.open && job->sketch;
    tell_model(out->facts.fact);
    bool ok = !(looks || sketches) || text.state != VALUE_PENDING ||
              message_text(arena, message, &text, NULL);
    ok = ok && (!looks || look(arena, message, &text, job, out)) &&
         (!sketches || campaign_sketch(arena, message, &text, &known.model.key, &out->sketch));
    leave_pending(job, out->facts.fact);
    return ok;
}
