/* SPDX-License-Identifier: ISC
 * What the dictionaries of an object say that it does and holds, however deep they lie in it:
 * actions (ISO 32000-2, 12.6), links, file specifications (7.11), forms. */
#include "filters/pdf/pdf_look.h"

#include "filters/pdf/pdf_keys.h"

enum { SAID_MAX = 16 };

/* Of a dictionary, by where it stands. */
enum role {
    ROLE_NONE,
    ROLE_AUTOMATIC, /* an action that runs by itself */
    ROLE_TRIGGERS,  /* such actions, each under what lets it run */
};

/* What one dictionary says under the keys that matter together. */
struct said {
    unsigned actions;
    bool script, url;
    uint32_t names[SAID_MAX], files[SAID_MAX], next[SAID_MAX];
    size_t name_count, file_count, next_count;
};

static void remember(struct look *l, uint32_t *nodes, size_t *count, uint32_t node)
{
    if (*count < SAID_MAX)
        nodes[(*count)++] = node;
    else
        pdf_note(l->pdf, "corrupt"); /* the same key again and again */
}

static void mark_automatic(struct look *l, uint32_t node, enum role role)
{
    struct pdf_node *n = pdf_node(l->tree, node);
    if (n->kind == PDF_DICT)
        n->role = (uint8_t)role;
    else if (n->kind == PDF_REF)
        look_push_number(l, &l->pdf->automatic, node);
    for (uint32_t i = node + 1; n->kind == PDF_ARRAY && i < n->next; i = pdf_node(l->tree, i)->next)
        if (pdf_node(l->tree, i)->kind != PDF_ARRAY)
            mark_automatic(l, i, role);
}

static void read_kind(struct look *l, struct said *said, uint32_t node)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = look_values_of(l, node, values);
    for (size_t i = 0; i < count; i++) {
        said->actions |= values[i].kind == PDF_NAME ? pdf_action_of(values[i].raw) : 0;
        said->url = said->url || slice_eq(values[i].raw, SLICE("URL"));
    }
}

static bool is_medium(const struct look *l, uint32_t node)
{
    static const struct slice kinds[] = {SLICE("RichMedia"), SLICE("3D"), SLICE("Movie"),
                                         SLICE("Sound")};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (pdf_is_name(l->tree, node, kinds[i]))
            return true;
    return false;
}

static void read_pair(struct look *l, struct said *said, enum pdf_key key, uint32_t node)
{
    struct pdf *pdf = l->pdf;
    switch (key) {
    case PDF_KEY_S:
    case PDF_KEY_FS:
        read_kind(l, said, node);
        break;
    case PDF_KEY_SUBTYPE:
        pdf->found.media = pdf->found.media || is_medium(l, node);
        pdf->found.pictures = pdf->found.pictures || pdf_is_name(l->tree, node, SLICE("Image"));
        break;
    case PDF_KEY_JS:
        said->script = true;
        break;
    case PDF_KEY_URI:
    case PDF_KEY_BASE:
        look_push_strings(l, &pdf->links, node);
        break;
    case PDF_KEY_XFA:
        pdf->found.forms = true;
        look_push_references(l, &pdf->forms, node);
        break;
    case PDF_KEY_OPEN_ACTION:
    case PDF_KEY_AA:
        mark_automatic(l, node, key == PDF_KEY_AA ? ROLE_TRIGGERS : ROLE_AUTOMATIC);
        break;
    case PDF_KEY_NEXT:
        remember(l, said->next, &said->next_count, node);
        break;
    case PDF_KEY_EF:
        remember(l, said->files, &said->file_count, node);
        break;
    case PDF_KEY_NAME:
    case PDF_KEY_DESC:
        remember(l, said->names, &said->name_count, node);
        break;
    case PDF_KEY_NONE:
        break;
    }
}

static enum pdf_key key_before(const struct look *l, uint32_t value)
{
    return pdf_key_of(pdf_raw(l->tree, pdf_node(l->tree, value - 1)));
}

/* A description is no name, unless it is the only one. */
static void add_spec(struct look *l, const struct said *said)
{
    struct pdf_spec *spec = pdf_more(l->pdf, &l->pdf->specs, sizeof *spec);
    if (!spec)
        return;
    *spec = (struct pdf_spec){.object = l->object, .first = (uint32_t)l->pdf->names.count};
    for (size_t i = 0; i < said->name_count; i++)
        if (key_before(l, said->names[i]) != PDF_KEY_DESC || said->name_count == 1)
            look_push_strings(l, &l->pdf->names, said->names[i]);
    spec->count = (uint32_t)l->pdf->names.count - spec->first;
    for (size_t i = 0; i < said->file_count; i++)
        look_push_files(l, said->files[i]);
}

static void push_targets(struct look *l, const struct said *said, struct pdf_list *list)
{
    for (size_t i = 0; i < said->name_count; i++)
        if (key_before(l, said->names[i]) != PDF_KEY_DESC)
            look_push_target(l, list, said->names[i]);
}

static void conclude(struct look *l, const struct said *said, enum role role)
{
    struct pdf_findings *found = &l->pdf->found;
    bool runs = said->actions & PDF_RUNS_SCRIPT, launches = said->actions & PDF_LAUNCHES;
    bool goes = said->url || (said->actions & PDF_REACHES_OUT && !launches && said->name_count);
    found->javascript = found->javascript || runs || (said->script && said->actions & PDF_PLAYS);
    found->launch = found->launch || launches;
    found->remote = found->remote || goes;
    found->media = found->media || said->actions & PDF_PLAYS;
    if (role == ROLE_AUTOMATIC && said->actions & PDF_SENDS)
        found->active = true;
    for (size_t i = 0; role == ROLE_AUTOMATIC && i < said->next_count; i++)
        mark_automatic(l, said->next[i], ROLE_AUTOMATIC);
    if (launches)
        push_targets(l, said, &l->pdf->launched);
    else if (goes)
        push_targets(l, said, &l->pdf->links);
    if (said->file_count)
        add_spec(l, said);
}

/* What somebody has to click for does not run by itself. */
static bool is_click(const struct look *l, uint32_t name)
{
    return pdf_is_name(l->tree, name, SLICE("U")) || pdf_is_name(l->tree, name, SLICE("D"));
}

static void look_at(struct look *l, uint32_t dict)
{
    struct said said = {0};
    enum role role = (enum role)pdf_node(l->tree, dict)->role;
    uint32_t at = 0, name, value;
    while (pdf_next_pair(l->tree, dict, &at, &name, &value)) {
        enum pdf_key key = pdf_key_of(pdf_raw(l->tree, pdf_node(l->tree, name)));
        if (key != PDF_KEY_NONE)
            read_pair(l, &said, key, value);
        if (role == ROLE_TRIGGERS && !is_click(l, name))
            mark_automatic(l, value, ROLE_AUTOMATIC);
    }
    conclude(l, &said, role);
}

static void look_at_all(struct look *l)
{
    for (uint32_t i = 0; i < pdf_count(l->tree); i++)
        if (pdf_node(l->tree, i)->kind == PDF_DICT)
            look_at(l, i);
}

bool pdf_look(struct pdf *pdf, uint32_t object, bool follow)
{
    struct look l = {.pdf = pdf, .tree = &pdf->tree, .object = object, .follow = follow};
    if (!pdf_load(pdf, object, l.tree))
        return false;
    look_at_all(&l);
    return true;
}

/* What is referred to as what runs may be an action or several, each under what lets it run. */
void pdf_look_at_automatic(struct pdf *pdf, uint32_t object)
{
    struct look l = {.pdf = pdf, .tree = &pdf->tree, .object = object, .follow = true};
    if (pdf_object(pdf, object)->ran || !pdf_load(pdf, object, l.tree))
        return;
    pdf_object(pdf, object)->ran = true;
    bool action = pdf_find(l.tree, 0, SLICE("S"));
    pdf_node(l.tree, 0)->role = action ? ROLE_AUTOMATIC : ROLE_TRIGGERS;
    look_at_all(&l);
}
