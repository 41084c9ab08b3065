/* SPDX-License-Identifier: ISC */
#include "filters/sender/dmarc_align.h"

#include "filters/dns/org_domain.h"

static bool is_within(struct slice domain, struct slice above)
{
    return slice_iends(domain, above) &&
           (domain.len == above.len || domain.ptr[domain.len - above.len - 1] == '.');
}

/* Whether the last two labels of both are the same. */
static bool are_near(struct slice a, struct slice b)
{
    size_t dot = slice_rfind(a, '.');
    size_t second = slice_rfind(slice_sub(a, 0, dot < a.len ? dot : 0), '.');
    struct slice above = dot == a.len ? SLICE("") : second < dot ? slice_from(a, second + 1) : a;
    return above.len > 0 && is_within(b, above);
}

static struct slice without_outer_dots(struct slice s)
{
    while (s.len && s.ptr[0] == '.')
        s = slice_from(s, 1);
    while (s.len && s.ptr[s.len - 1] == '.')
        s.len--;
    return s;
}

/* Who is not within an organisational domain cannot have it, and is not asked about. */
static enum dmarc_alignment compare(struct dns_answers *dns, struct slice domain,
                                    const struct dmarc_walk *author)
{
    struct slice organisation = dmarc_walk_organisation(author), other;
    struct dmarc_walk walk;
    if (organisation.len == 0)
        return are_near(author->steps[0].domain, domain) ? DMARC_UNCERTAIN : DMARC_APART;
    if (!is_within(domain, organisation) || !dmarc_walk(dns, domain, &walk))
        return DMARC_APART;
    other = dmarc_walk_organisation(&walk);
    return other.len == 0                  ? DMARC_UNCERTAIN
           : slice_eq(other, organisation) ? DMARC_ALIGNED
                                           : DMARC_APART;
}

enum dmarc_alignment dmarc_align(struct arena *arena, struct dns_answers *dns,
                                 struct slice identifier, struct slice author,
                                 const struct dmarc_walk *walk)
{
    struct slice domain;
    if (!domain_normalise(arena, without_outer_dots(identifier), &domain))
        return DMARC_APART;
    if (slice_eq(domain, author))
        return DMARC_ALIGNED;
    return walk ? compare(dns, domain, walk) : DMARC_APART;
}

void dmarc_prefetch_identifier(struct arena *arena, struct dns_answers *dns,
                               const struct author *author, struct slice domain)
{
    if (!domain_normalise(arena, without_outer_dots(domain), &domain))
        return;
    for (size_t i = 0; i < author->count; i++)
        if (are_near(author->domains[i], domain) && !slice_eq(author->domains[i], domain))
            dmarc_walk_want(dns, domain, dns_prefetch);
}
