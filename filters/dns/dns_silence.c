/* SPDX-License-Identifier: ISC */
#include "filters/dns/dns_silence.h"

#include "filters/dns/dns_wire.h"
#include "filters/dns/org_domain.h"

#include <ctype.h>

/* Of a public suffix, and of what is no plain name, it is that itself. Collisions cost a question more. */
static uint64_t hash_of_domain(const char *name)
{
    char lower[DNS_QUESTION_SIZE];
    size_t len = 0;
    for (; len < sizeof lower && name[len]; len++)
        lower[len] = (char)tolower((unsigned char)name[len]);
    struct slice whole = {lower, len}, registered = org_domain(whole);
    struct slice domain = registered.len ? registered : whole;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < domain.len; i++)
        hash = (hash ^ (unsigned char)domain.ptr[i]) * 1099511628211u;
    return hash;
}

static void add(uint64_t *known, unsigned *count, unsigned most, uint64_t one)
{
    for (unsigned i = 0; i < *count; i++)
        if (known[i] == one)
            return;
    if (*count < most)
        known[(*count)++] = one;
}

void dns_silence_note(struct dns_silence *silence, const char *name, uint64_t inquiry, int64_t now)
{
    if (silence->questions++ == 0)
        silence->since = now;
    add(silence->domains, &silence->domain_count, SILENT_DOMAINS, hash_of_domain(name));
    add(silence->inquiries, &silence->inquiry_count, SILENT_INQUIRIES, inquiry);
}

bool dns_silence_is_its_own(const struct dns_silence *silence, int64_t now)
{
    return silence->questions >= SILENT_QUESTIONS && now - silence->since >= SILENT_FOR &&
           silence->domain_count == SILENT_DOMAINS && silence->inquiry_count == SILENT_INQUIRIES;
}
