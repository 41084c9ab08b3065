/* SPDX-License-Identifier: ISC */
#include "filters/documents/rtf_findings.h"

#include "base/buf.h"
#include "filters/documents/ole1.h"
#include "filters/documents/rtf.h"

enum { TARGETS_MAX = 1000, HTML_MAX = 4 << 20 };

#define EQUATION SLICE("Equation.")

struct finding {
    struct arena *arena;
    struct rtf_findings *out;
    struct buf html;
};

static void add_target(struct finding *f, struct slice target)
{
    struct rtf_findings *out = f->out;
    target = slice_trim(target);
    if (target.len == 0)
        return;
    struct slice *targets = NULL;
    if (out->n_targets < TARGETS_MAX)
        targets =
            arena_grow(f->arena, out->targets, out->n_targets, &out->targets_room, sizeof *targets);
    if (!targets) {
        out->cut = true;
        return;
    }
    out->targets = targets;
    targets[out->n_targets] = arena_copy(f->arena, target);
    out->n_targets += targets[out->n_targets].ptr != NULL;
}

/* One argument of a field: in quotes, or up to a blank. */
static struct slice take_argument(struct slice *rest)
{
    struct slice argument;
    *rest = slice_trim(*rest);
    bool quoted = slice_starts(*rest, SLICE("\""));
    slice_cut(slice_from(*rest, quoted), quoted ? '"' : ' ', &argument, rest);
    return argument;
}

static bool is_one_of(struct slice word, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(word, list[i]))
            return true;
    return false;
}

/* Switches begin with a backslash, as names of shares do with two. */
static bool is_switch(struct slice argument)
{
    return slice_starts(argument, SLICE("\\")) && !slice_starts(argument, SLICE("\\\\"));
}

static void read_field(struct finding *f, struct slice field)
{
    static const struct slice fetching[] = {
        SLICE("INCLUDE"), SLICE("INCLUDETEXT"), SLICE("INCLUDEPICTURE"),
        SLICE("IMPORT"),  SLICE("LINK"),        SLICE("DATABASE"),
        SLICE("RD"),
    };
    static const struct slice talking[] = {SLICE("DDE"), SLICE("DDEAUTO")};
    struct slice rest = field, name = take_argument(&rest);
    if (is_one_of(name, talking, sizeof talking / sizeof *talking))
        f->out->dde = true;
    if (!is_one_of(name, fetching, sizeof fetching / sizeof *fetching))
        return;
    if (slice_ieq(name, SLICE("LINK")))
        take_argument(&rest); /* a class */
    struct slice argument = take_argument(&rest);
    while (rest.len && is_switch(argument))
        argument = take_argument(&rest);
    add_target(f, argument);
}

static void note_text(void *ctx, enum rtf_place place, struct slice text)
{
    struct finding *f = ctx;
    if (place == RTF_TEMPLATE)
        add_target(f, text);
    else if (place == RTF_FIELD)
        read_field(f, text);
    else if (place == RTF_HTML)
        buf_append(&f->html, text);
    else if (place == RTF_CLASS && slice_istarts(slice_trim(text), EQUATION))
        f->out->equation = true;
}

static void note_word(void *ctx, struct slice word)
{
    static const struct {
        struct slice word;
        bool linked, updates;
    } meanings[] = {
        {SLICE("objdata"), false, false},  {SLICE("objemb"), false, false},
        {SLICE("objocx"), false, false},   {SLICE("objhtml"), false, false},
        {SLICE("objlink"), true, false},   {SLICE("objautlink"), true, false},
        {SLICE("objupdate"), false, true},
    };
    struct finding *f = ctx;
    if (!slice_starts(word, SLICE("obj")))
        return;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (slice_eq(word, meanings[i].word)) {
            f->out->embedded = true;
            f->out->linked = f->out->linked || meanings[i].linked;
            f->out->updates = f->out->updates || meanings[i].updates;
        }
}

static bool note_object(void *ctx, struct slice octets)
{
    struct finding *f = ctx;
    struct ole1 object;
    ole1_read(octets, &object);
    if (slice_istarts(object.class, EQUATION))
        f->out->equation = true;
    if (object.format == OLE1_LINKED) {
        f->out->linked = true;
        add_target(f, object.topic);
    }
    return true;
}

void rtf_find(struct arena *arena, struct slice content, struct rtf_findings *out)
{
    struct finding f = {arena, out, buf_init(HTML_MAX)};
    struct rtf_visitor visitor = {&f, note_object, note_text, note_word};
    *out = (struct rtf_findings){0};
    out->cut = rtf_read(arena, content, &visitor) != NULL;
    out->html = arena_copy(arena, buf_slice(&f.html));
    out->cut = out->cut || f.html.failed || !out->html.ptr;
    buf_release(&f.html);
}
