/* SPDX-License-Identifier: ISC */
#include "filters/documents/objects.h"

#include "filters/cpu_budget.h"
#include "filters/documents/objects_internal.h"
#include "filters/documents/ole1.h"
#include "filters/documents/rtf_tokens.h"

#define OLE SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

enum {
    OBJECTS_MAX = 10000,  /* visitors have budgets of their own */
    OBJECT_OCTETS = 1024, /* that one counts for, were it empty */
};

void objects_note(struct object_search *s, const char *problem)
{
    if (!s->problem)
        s->problem = problem;
}

void objects_give(struct object_search *s, struct slice name, struct slice content)
{
    if (s->stopped || content.len == 0)
        return;
    if (s->count++ == OBJECTS_MAX || cpu_budget_spent(content.len + OBJECT_OCTETS)) {
        objects_note(s, "limit: objects");
        s->stopped = true;
        return;
    }
    s->stopped = !s->visitor->object(s->visitor->ctx, name, content);
}

bool objects_give_package(struct object_search *s, struct slice content)
{
    struct ole_package package;
    if (!ole_package_read(content, &package))
        return false;
    objects_give(s, package.path.len ? package.path : package.label, package.data);
    return true;
}

const char *objects_each(struct arena *scratch, struct slice content,
                         const struct object_visitor *visitor)
{
    struct object_search s = {.scratch = scratch, .visitor = visitor};
    if (slice_starts(content, OLE))
        objects_search_ole(&s, content);
    else if (rtf_is(content))
        objects_search_rtf(&s, content);
    return s.problem;
}
