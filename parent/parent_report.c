/* SPDX-License-Identifier: ISC */
#include "parent/parent_report.h"

#include "base/log.h"

enum { SHOWN_MAX = 512 };

struct finding {
    struct slice place, text; /* place: empty: none in a file */
};

/* Behind its kind, which stands at the front, or behind a place. */
static bool find_kind(struct slice line, struct slice kind, struct finding *out)
{
    size_t at = slice_search(line, kind);
    bool placed = at >= 2 && at < line.len && line.ptr[at - 1] == ' ' && line.ptr[at - 2] == ':';
    if (at == line.len || (at > 0 && !placed) || line.ptr[0] == ' ')
        return false;
    *out =
        (struct finding){slice_sub(line, 0, placed ? at - 2 : 0), slice_from(line, at + kind.len)};
    return true;
}

/* The next one of that kind; *report is what follows it. */
static bool next_finding(struct slice *report, struct slice kind, struct finding *out)
{
    struct slice line;
    while (report->len > 0) {
        slice_cut(*report, '\n', &line, report);
        if (line.len > 0 && find_kind(line, kind, out))
            return true;
    }
    return false;
}

/* The log writes its own quotes around a text, and would escape those within. */
static struct slice requoted(struct slice text, char room[static SHOWN_MAX])
{
    size_t len = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;
    for (size_t i = 0; i < len; i++)
        room[i] = text.ptr[i] == '"' ? '\'' : text.ptr[i];
    return (struct slice){room, len};
}

void report_log_warnings(struct slice report)
{
    struct finding finding;
    char room[SHOWN_MAX];
    while (next_finding(&report, SLICE("warning: "), &finding))
        log_at(LEVEL_WARNING, "", "configuration", field_text("at", finding.place),
               field_text("warning", requoted(finding.text, room)));
}

void report_log_refusal(struct slice report, const char *path)
{
    static const struct slice kind = {"error: ", 7};
    struct finding first = {.text = SLICE("out of memory")}, other;
    char room[SHOWN_MAX];
    int64_t more = 0;
    next_finding(&report, kind, &first);
    while (next_finding(&report, kind, &other))
        more++;
    log_at(LEVEL_ERROR, "", "reload refused, nothing is changed", field_text("at", first.place),
           field_text("reason", requoted(first.text, room)), field_num("more", more),
           field_str("all", "gatepost -n -c"), field_str("configuration", path));
}
