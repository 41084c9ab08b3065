/* SPDX-License-Identifier: ISC */
#include "filters/dns/org_domain.h"

#include "base/domain_name.h"

#include <libpsl.h>
#include <string.h>

bool domain_normalise(struct arena *arena, struct slice domain, struct slice *out)
{
    struct domain_name name;
    bool made = domain_name_make(arena, domain, &name) == NULL;
    *out = name.text;
    return made;
}

struct slice org_domain(struct slice domain)
{
    char text[DOMAIN_NAME_MAX + 1];
    const struct slice none = {"", 0};
    if (!domain_name_is_plain(domain))
        return none;
    memcpy(text, domain.ptr, domain.len);
    text[domain.len] = '\0';
    const char *registered = psl_registrable_domain(psl_builtin(), text);
    return registered ? slice_from(domain, (size_t)(registered - text)) : none;
}

bool domain_suffix_is_known(struct slice domain)
{
    char text[DOMAIN_NAME_MAX + 1];
    struct slice last = slice_from(domain, slice_rfind(domain, '.') + 1);
    if (!domain_name_is_plain(domain) || last.len == 0)
        return false;
    memcpy(text, last.ptr, last.len);
    text[last.len] = '\0';
    return psl_is_public_suffix2(psl_builtin(), text, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}
