/* SPDX-License-Identifier: ISC */
#include "filters/sender/dmarc_walk.h"

#include "base/domain_name.h"

#include <string.h>

enum { LABELS_SHORTENED = DMARC_WALK_MAX - 1 };

/* ---- names ---- */

static size_t labels_of(struct slice domain)
{
    size_t labels = domain.len > 0;
    for (size_t i = 0; i < domain.len; i++)
        labels += domain.ptr[i] == '.';
    return labels;
}

static struct slice parent_of(struct slice domain)
{
    return slice_from(domain, slice_find(domain, '.') + 1);
}

size_t dmarc_walk_domains(struct slice domain, struct slice out[static DMARC_WALK_MAX])
{
    size_t labels = labels_of(domain), count = 0;
    struct slice above = domain;
    if (labels == 0)
        return 0;
    out[count++] = domain;
    do
        above = parent_of(above);
    while (--labels > LABELS_SHORTENED);
    for (; labels > 0; labels--, above = parent_of(above))
        out[count++] = above;
    return count;
}

struct record_name {
    char text[sizeof "_dmarc." + DOMAIN_NAME_MAX];
};

static struct slice record_name(struct slice domain, struct record_name *out)
{
    static const char prefix[] = "_dmarc.";
    size_t len = sizeof prefix - 1;
    if (domain.len > DOMAIN_NAME_MAX)
        return SLICE("");
    memcpy(out->text, prefix, len);
    memcpy(out->text + len, domain.ptr, domain.len);
    return (struct slice){out->text, len + domain.len};
}

void dmarc_walk_want(struct dns_answers *dns, struct slice domain,
                     void (*want)(struct dns_answers *, struct slice, enum dns_type))
{
    struct slice domains[DMARC_WALK_MAX];
    struct record_name name;
    size_t count = dmarc_walk_domains(domain, domains);
    for (size_t i = 0; i < count; i++)
        want(dns, record_name(domains[i], &name), DNS_TXT);
}

/* ---- the walk ---- */

static void read_answer(const struct dns_answer *answer, struct dmarc_step *step)
{
    struct dmarc_record record;
    step->status = answer->status;
    step->standing = dns_failed(answer) ? DMARC_UNREACHED : DMARC_ABSENT;
    for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++) {
        enum dmarc_parse parsed = dmarc_record_parse(answer->records[i].text, &record);
        if (parsed == DMARC_OTHER)
            continue;
        if (step->standing != DMARC_ABSENT) {
            step->standing = DMARC_SEVERAL;
            return;
        }
        step->standing = parsed == DMARC_USABLE ? DMARC_PRESENT : DMARC_NO_POLICY;
        step->record = record;
    }
}

static bool has_record(const struct dmarc_step *step)
{
    return step->standing == DMARC_PRESENT || step->standing == DMARC_NO_POLICY;
}

static enum dmarc_psd psd_of(const struct dmarc_step *step)
{
    return has_record(step) ? step->record.psd : DMARC_PSD_UNSAID;
}

bool dmarc_walk(struct dns_answers *dns, struct slice domain, struct dmarc_walk *out)
{
    struct slice domains[DMARC_WALK_MAX];
    size_t count = dmarc_walk_domains(domain, domains);
    out->count = 0;
    while (out->count < count) {
        struct record_name name;
        struct dns_answer answer;
        struct dmarc_step *step = &out->steps[out->count];
        step->domain = domains[out->count++];
        if (!dns_look_up(dns, record_name(step->domain, &name), DNS_TXT, &answer)) {
            dmarc_walk_want(dns, domain, dns_prefetch);
            return false;
        }
        read_answer(&answer, step);
        if (psd_of(step) != DMARC_PSD_UNSAID)
            break;
    }
    return true;
}

/* ---- what it tells ---- */

/* A top level domain's record has psd=y (5.2), which changes nothing for a domain right below it
 * that has a record: that answer need not come. */
static bool may_stay_away(const struct dmarc_walk *walk, size_t i)
{
    const struct dmarc_step *step = &walk->steps[i];
    return i > 0 && i + 1 == walk->count && slice_find(step->domain, '.') == step->domain.len &&
           has_record(step - 1) && slice_eq(parent_of(step[-1].domain), step->domain);
}

static bool is_complete(const struct dmarc_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        if (walk->steps[i].standing == DMARC_UNREACHED && !may_stay_away(walk, i))
            return false;
    return true;
}

static struct slice one_label_below(struct slice above, struct slice start)
{
    struct slice domain = start;
    while (parent_of(domain).len > above.len)
        domain = parent_of(domain);
    return domain;
}

struct slice dmarc_walk_organisation(const struct dmarc_walk *walk)
{
    if (walk->count == 0 || !is_complete(walk))
        return SLICE("");
    const struct dmarc_step *top = walk->steps + walk->count - 1;
    if (top > walk->steps && psd_of(top) == DMARC_PSD_YES)
        return one_label_below(top->domain, walk->steps[0].domain);
    while (top > walk->steps && !has_record(top))
        top--;
    return top->domain;
}

static const struct dmarc_step *step_at(const struct dmarc_walk *walk, struct slice domain)
{
    for (size_t i = 0; i < walk->count; i++)
        if (slice_eq(walk->steps[i].domain, domain) && has_record(&walk->steps[i]))
            return &walk->steps[i];
    return NULL;
}

static enum dmarc_standing without_record(const struct dmarc_walk *walk)
{
    enum dmarc_standing found = DMARC_ABSENT;
    for (size_t i = 0; i < walk->count; i++)
        if (walk->steps[i].standing == DMARC_SEVERAL)
            found = DMARC_SEVERAL;
    return found;
}

enum dmarc_standing dmarc_walk_policy(const struct dmarc_walk *walk, const struct dmarc_step **step)
{
    *step = NULL;
    if (walk->count == 0)
        return DMARC_ABSENT;
    if (has_record(&walk->steps[0])) {
        *step = &walk->steps[0];
        return (*step)->standing;
    }
    struct slice organisation = dmarc_walk_organisation(walk);
    if (organisation.len == 0)
        return DMARC_UNREACHED;
    const struct dmarc_step *last = &walk->steps[walk->count - 1];
    *step = step_at(walk, organisation);
    if (!*step && psd_of(last) == DMARC_PSD_YES)
        *step = last;
    return *step ? (*step)->standing : without_record(walk);
}
