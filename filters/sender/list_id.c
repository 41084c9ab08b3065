/* SPDX-License-Identifier: ISC */
#include "filters/sender/list_id.h"

#include "filters/dns/org_domain.h"
#include "filters/mime/headers.h"

struct slice list_id(struct arena *arena, struct slice block)
{
    struct header field;
    struct slice text, identifier;
    if (headers_count(block, SLICE("List-Id")) != 1 ||
        !headers_find(block, SLICE("List-Id"), 0, &field))
        return SLICE("");
    text = header_unfold(arena, field.value);
    size_t from = slice_rfind(text, '<'), to = slice_rfind(text, '>');
    bool enclosed = from < to && to < text.len;
    identifier = enclosed ? slice_sub(text, from + 1, to) : text; /* as many write it */
    return domain_normalise(arena, slice_trim(identifier), &identifier) ? identifier : SLICE("");
}

static bool is_of(struct arena *arena, const struct dkim_signature *signature, struct slice own)
{
    struct slice domain;
    return domain_normalise(arena, signature->domain, &domain) && slice_eq(org_domain(domain), own);
}

enum list_signature list_signed(struct arena *arena, struct slice list,
                                const struct dkim_outcome *dkim)
{
    struct slice own = list.len ? org_domain(list) : list;
    enum list_signature found = LIST_UNSIGNED;
    for (size_t i = 0; own.len && i < dkim->count; i++) {
        const struct dkim_signature *signature = &dkim->signatures[i];
        bool passed = signature->result == DKIM_PASS;
        if ((!passed && signature->result != DKIM_TEMPERROR) || !is_of(arena, signature, own))
            continue;
        if (passed)
            return LIST_SIGNED;
        found = LIST_UNCERTAIN;
    }
    return found;
}
