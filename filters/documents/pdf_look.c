/* SPDX-License-Identifier: ISC
 * What the dictionaries of an object say that it does and holds, however deep they lie in it:
 * actions (ISO 32000-2, 12.6), links, file specifications (7.11), forms. */
#include "filters/documents/pdf_internal.h"
#include "filters/documents/pdf_keys.h"

enum { SAID_MAX = 16 };

/* Of a dictionary, by where it stands. */
enum role {
    ROLE_NONE,
    ROLE_AUTOMATIC, /* an action that runs by itself */
    ROLE_TRIGGERS,  /* such actions, each under what lets it run */
};

struct look {
    struct pdf *pdf;
    struct pdf_tree *tree;
    uint32_t object;
    bool follow;
};

/* What one dictionary says under the keys that matter together. */
struct said {
    unsigned actions;
    bool script, url;
    uint32_t names[SAID_MAX], files[SAID_MAX], next[SAID_MAX];
    size_t name_count, file_count, next_count;
};

static size_t values_of(struct look *l, uint32_t node, struct pdf_value *out)
{
    if (!l->follow && pdf_node(l->tree, node)->kind == PDF_REF) {
        pdf_object(l->pdf, l->object)->again = true;
        return 0;
    }
    return pdf_values(l->pdf, l->tree, node, l->object, out, PDF_VALUES_MAX);
}

static void remember(struct look *l, uint32_t *nodes, size_t *count, uint32_t node)
{
    if (*count < SAID_MAX)
        nodes[(*count)++] = node;
    else
        pdf_note(l->pdf, "corrupt"); /* the same key again and again */
}

static void push_value(struct look *l, struct pdf_list *list, const struct pdf_value *value)
{
    if (value->kind != PDF_STRING && value->kind != PDF_HEX)
        return;
    struct pdf_value *more = pdf_more(l->pdf, list, sizeof *more);
    if (more)
        *more = *value;
}

static void push_strings(struct look *l, struct pdf_list *list, uint32_t node)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = values_of(l, node, values);
    for (size_t i = 0; i < count; i++)
        push_value(l, list, &values[i]);
}

/* What stands under the names of files in a dictionary, that is the value. */
static void push_named(struct look *l, struct pdf_list *list, const struct pdf_value *dict)
{
    static const struct slice keys[] = {SLICE("UF"), SLICE("F"), SLICE("Unix"), SLICE("DOS"),
                                        SLICE("Mac")};
    struct pdf_value values[PDF_VALUES_MAX];
    struct pdf_tree *inner = &l->pdf->parameters;
    pdf_parse(inner, dict->raw, 0);
    l->pdf->work += dict->raw.len;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        uint32_t at = pdf_find(inner, 0, keys[k]);
        bool later = at && !l->follow && pdf_node(inner, at)->kind == PDF_REF;
        size_t count = !at || later ? 0
                                    : pdf_values(l->pdf, inner, at, dict->object, values,
                                                 PDF_VALUES_MAX);
        if (later)
            pdf_object(l->pdf, l->object)->again = true;
        for (size_t i = 0; i < count; i++)
            push_value(l, list, &values[i]);
    }
}

/* A file is told by a string, or by a dictionary with several for it. */
static void push_target(struct look *l, struct pdf_list *list, uint32_t node)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = values_of(l, node, values);
    for (size_t i = 0; i < count; i++) {
        push_value(l, list, &values[i]);
        if (values[i].kind == PDF_DICT)
            push_named(l, list, &values[i]);
    }
}

static void push_number(struct look *l, struct pdf_list *list, uint32_t node)
{
    uint64_t number;
    if (!pdf_whole(l->tree, node, &number))
        return;
    uint32_t *more = pdf_more(l->pdf, list, sizeof *more);
    if (more)
        *more = (uint32_t)number;
}

/* All references in the value, however deep. */
static void push_references(struct look *l, struct pdf_list *list, uint32_t node)
{
    for (uint32_t i = node; i < pdf_node(l->tree, node)->next; i++)
        if (pdf_node(l->tree, i)->kind == PDF_REF)
            push_number(l, list, i);
}

static void mark_automatic(struct look *l, uint32_t node, enum role role)
{
    struct pdf_node *n = pdf_node(l->tree, node);
    if (n->kind == PDF_DICT)
        n->role = (uint8_t)role;
    else if (n->kind == PDF_REF)
        push_number(l, &l->pdf->automatic, node);
    for (uint32_t i = node + 1; n->kind == PDF_ARRAY && i < n->next;
         i = pdf_node(l->tree, i)->next)
        if (pdf_node(l->tree, i)->kind != PDF_ARRAY)
            mark_automatic(l, i, role);
}

static void read_pair(struct look *l, struct said *said, enum pdf_key key, uint32_t node)
{
    struct pdf *pdf = l->pdf;
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count;
    switch (key) {
    case PDF_KEY_S:
    case PDF_KEY_FS:
        count = values_of(l, node, values);
        for (size_t i = 0; i < count; i++) {
            said->actions |= values[i].kind == PDF_NAME ? pdf_action_of(values[i].raw) : 0;
            said->url = said->url || slice_eq(values[i].raw, SLICE("URL"));
        }
        break;
    case PDF_KEY_SUBTYPE:
        if (pdf_is_name(l->tree, node, SLICE("RichMedia")) ||
            pdf_is_name(l->tree, node, SLICE("3D")) ||
            pdf_is_name(l->tree, node, SLICE("Movie")) ||
            pdf_is_name(l->tree, node, SLICE("Sound")))
            pdf->found.media = true;
        break;
    case PDF_KEY_JS:
        said->script = true;
        break;
    case PDF_KEY_URI:
    case PDF_KEY_BASE:
        push_strings(l, &pdf->links, node);
        break;
    case PDF_KEY_XFA:
        pdf->found.forms = true;
        push_references(l, &pdf->forms, node);
        break;
    case PDF_KEY_OPEN_ACTION:
        mark_automatic(l, node, ROLE_AUTOMATIC);
        break;
    case PDF_KEY_AA:
        mark_automatic(l, node, ROLE_TRIGGERS);
        break;
    case PDF_KEY_NEXT:
        remember(l, said->next, &said->next_count, node);
        break;
    case PDF_KEY_EF:
        remember(l, said->files, &said->file_count, node);
        break;
    case PDF_KEY_F:
    case PDF_KEY_UF:
    case PDF_KEY_DOS:
    case PDF_KEY_MAC:
    case PDF_KEY_UNIX:
    case PDF_KEY_DESC:
    case PDF_KEY_WIN:
        remember(l, said->names, &said->name_count, node);
        break;
    case PDF_KEY_NONE:
    case PDF_KEYS:
        break;
    }
}

static void push_spec_refs(struct look *l, const struct pdf_tree *tree, uint32_t node)
{
    uint64_t number;
    for (uint32_t i = node; i < pdf_node(tree, node)->next; i++) {
        if (pdf_node(tree, i)->kind != PDF_REF || !pdf_whole(tree, i, &number))
            continue;
        struct pdf_spec_ref *ref = pdf_more(l->pdf, &l->pdf->spec_refs, sizeof *ref);
        if (ref)
            *ref = (struct pdf_spec_ref){(uint32_t)number, (uint32_t)l->pdf->specs.count - 1};
    }
}

/* The streams of the file: one for each name, or for all. */
static void push_files(struct look *l, uint32_t node)
{
    struct pdf_value values[PDF_VALUES_MAX];
    size_t count = values_of(l, node, values);
    for (size_t i = 0; i < count; i++) {
        pdf_parse(&l->pdf->parameters, values[i].raw, 0);
        l->pdf->work += values[i].raw.len;
        if (pdf_count(&l->pdf->parameters))
            push_spec_refs(l, &l->pdf->parameters, 0);
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
            push_strings(l, &l->pdf->names, said->names[i]);
    spec->count = (uint32_t)l->pdf->names.count - spec->first;
    for (size_t i = 0; i < said->file_count; i++)
        push_files(l, said->files[i]);
}

static void push_targets(struct look *l, const struct said *said, struct pdf_list *list)
{
    for (size_t i = 0; i < said->name_count; i++)
        if (key_before(l, said->names[i]) != PDF_KEY_DESC)
            push_target(l, list, said->names[i]);
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
