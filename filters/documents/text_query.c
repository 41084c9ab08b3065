/* SPDX-License-Identifier: ISC */
#include "filters/documents/text_query.h"

#include "filters/cpu_budget.h"

#define SYLK SLICE("ID;")
#define WEB SLICE("WEB")

static bool is_web_query(struct slice content)
{
    return slice_istarts(content, WEB) && content.len > WEB.len &&
           (content.ptr[WEB.len] == '\r' || content.ptr[WEB.len] == '\n');
}

bool text_query_is(struct slice content)
{
    return slice_starts(content, SYLK) || is_web_query(content);
}

/* "O;E" makes it a macro sheet: field E of record O. */
static bool makes_macro_sheet(struct slice line)
{
    struct slice field, rest;
    slice_cut(line, ';', &field, &rest);
    if (!slice_eq(field, SLICE("O")))
        return false;
    while (rest.len) {
        slice_cut(rest, ';', &field, &rest);
        if (slice_starts(field, SLICE("E")))
            return true;
    }
    return false;
}

static void inspect_sylk(struct slice text, struct office_findings *out)
{
    struct slice line;
    while (text.len && !out->macros && !cpu_budget_spent(64)) {
        slice_cut(text, '\n', &line, &text);
        out->macros = makes_macro_sheet(slice_trim(line));
    }
}

/* The third line is an address, which is asked when the file is opened. */
static void inspect_web_query(struct slice text, struct office_findings *out)
{
    struct slice line;
    for (int i = 0; i < 3; i++)
        slice_cut(text, '\n', &line, &text);
    out->remote = true;
    if (out->link)
        out->link(out->ctx, slice_trim(line));
}

void text_query_inspect(struct slice content, struct office_findings *out)
{
    if (slice_starts(content, SYLK))
        inspect_sylk(content, out);
    else
        inspect_web_query(content, out);
}
