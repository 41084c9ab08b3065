/* SPDX-License-Identifier: ISC
 * Forms in XML (XFA): whether an element of theirs is a script. */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_internal.h"

/* One octet a character, whatever they are written in: elements' names are ASCII. */
static size_t narrow(struct slice xml, size_t at, char *out, size_t max)
{
    size_t n = 0;
    for (; at < xml.len && n < max; at++)
        if (xml.ptr[at] != '\0')
            out[n++] = xml.ptr[at];
    return n;
}

/* Behind a '<': up to what ends a name, and of that what stands behind the prefix. */
static bool is_script(struct slice xml, size_t at)
{
    char text[128];
    struct slice name = {text, narrow(xml, at, text, sizeof text)};
    size_t end = 0;
    while (end < name.len && !pdf_is_space(text[end]) && text[end] != '>' && text[end] != '/')
        end++;
    name.len = end;
    size_t colon = slice_find(name, ':');
    return slice_eq(colon < name.len ? slice_from(name, colon + 1) : name, SLICE("script"));
}

bool pdf_has_script(struct slice xml)
{
    for (size_t at = 0; at < xml.len; at++) {
        size_t step = slice_find(slice_from(xml, at), '<');
        at += step;
        if (at < xml.len && is_script(xml, at + 1))
            return true;
        if (cpu_budget_spent(step + 1))
            break;
    }
    return false;
}
