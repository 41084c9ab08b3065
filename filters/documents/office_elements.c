/* SPDX-License-Identifier: ISC */
#include "filters/documents/office_elements.h"

#include "filters/documents/office_address.h"

/* ---- attributes */

size_t office_find_folded(struct slice text, struct slice part)
{
    size_t at = 0;
    while (at < text.len && !slice_istarts(slice_from(text, at), part))
        at++;
    return at;
}

static bool attribute(const struct office_reader *r, struct slice name, struct slice *value)
{
    return xml_attribute(&r->xml, &r->piece, name, value);
}

static bool has(const struct office_reader *r, struct slice name, struct slice part)
{
    struct slice value;
    return attribute(r, name, &value) && office_find_folded(value, part) < value.len;
}

static bool is(const struct office_reader *r, struct slice name, struct slice value)
{
    struct slice found;
    return attribute(r, name, &found) && slice_ieq(found, value);
}

static void tell(const struct office_reader *r, struct slice address)
{
    size_t at = office_find_folded(address, SLICE("http"));
    if (r->out->link && at < address.len)
        r->out->link(r->out->ctx, slice_from(address, at));
}

static void fetch(const struct office_reader *r, struct slice address)
{
    r->out->remote = r->out->remote || office_is_remote(address);
    tell(r, address);
}

/* Few elements have an attribute href. They come in the order of the text, so each octet of it is
 * looked at once. */
static bool reference(struct office_reader *r, struct slice *address)
{
    struct slice raw = r->piece.raw, text = r->xml.text;
    if (r->href < raw.ptr) {
        struct slice rest = slice_from(text, (size_t)(raw.ptr - text.ptr));
        r->href = rest.ptr + slice_search(rest, SLICE("href"));
    }
    return r->href < raw.ptr + raw.len && attribute(r, SLICE("href"), address);
}

/* ---- OOXML */

/* Parts that are fetched when the document is opened; what a user follows himself is none. */
static bool is_fetched(struct slice relation)
{
    static const struct slice list[] = {
        SLICE("attachedTemplate"), SLICE("oleObject"),        SLICE("frame"),
        SLICE("subDocument"),      SLICE("externalLinkPath"), SLICE("package"),
        SLICE("control"),          SLICE("aFChunk"),          SLICE("mailMergeSource"),
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (slice_ieq(relation, list[i]))
            return true;
    return false;
}

static bool is_object(struct slice relation)
{
    return slice_ieq(relation, SLICE("oleObject")) || slice_ieq(relation, SLICE("package")) ||
           slice_ieq(relation, SLICE("control")) || slice_ieq(relation, SLICE("aFChunk"));
}

static void see_relation(struct office_reader *r)
{
    struct slice type = SLICE(""), target = SLICE("");
    attribute(r, SLICE("Type"), &type);
    attribute(r, SLICE("Target"), &target);
    type = slice_from(type, slice_rfind(type, '/') + 1);
    r->out->macros |=
        slice_ieq(type, SLICE("vbaProject")) || slice_ieq(type, SLICE("xlMacrosheet"));
    r->out->embedded |= is_object(type);
    if (is(r, SLICE("TargetMode"), SLICE("External")) && is_fetched(type))
        fetch(r, target);
    else if (is(r, SLICE("TargetMode"), SLICE("External")))
        tell(r, target);
}

static void see_type_in(struct office_reader *r, struct slice name)
{
    if (has(r, name, SLICE("vbaProject")) || has(r, name, SLICE("macrosheet")))
        r->out->macros = true;
}

static void see_type(struct office_reader *r)
{
    see_type_in(r, SLICE("ContentType"));
}

static void see_part(struct office_reader *r)
{
    see_type_in(r, SLICE("contentType"));
}

/* DDE starts a program and talks to it. */
static void see_field(struct office_findings *out, struct slice instruction)
{
    struct slice word, rest;
    slice_cut(slice_trim(instruction), ' ', &word, &rest);
    if (slice_ieq(word, SLICE("DDE")) || slice_ieq(word, SLICE("DDEAUTO")))
        out->active = true;
}

static void see_simple_field(struct office_reader *r)
{
    struct slice value;
    if (attribute(r, SLICE("instr"), &value))
        see_field(r->out, value);
}

static void begin_instruction(struct office_reader *r)
{
    r->in_field = true;
}

void office_end_field(struct office_reader *r)
{
    see_field(r->out, buf_slice(&r->field));
    buf_clear(&r->field);
}

static void see_click(struct office_reader *r)
{
    if (has(r, SLICE("action"), SLICE("ppaction://program")) ||
        has(r, SLICE("action"), SLICE("ppaction://macro")))
        r->out->active = true;
}

static void see_object(struct office_reader *r)
{
    r->out->embedded = true;
    if (is(r, SLICE("ProgID"), SLICE("Equation.3")) || is(r, SLICE("ProgID"), SLICE("Equation.2")))
        r->out->active = true;
}

/* ---- Office 2003 */

static void see_document(struct office_reader *r)
{
    r->out->macros |= is(r, SLICE("macrosPresent"), SLICE("yes"));
    r->out->embedded |= is(r, SLICE("embeddedObjPresent"), SLICE("yes"));
}

static void see_data(struct office_reader *r)
{
    r->out->embedded = true;
    r->out->macros |= has(r, SLICE("name"), SLICE("editdata.mso"));
}

static void see_template(struct office_reader *r)
{
    struct slice value;
    if (attribute(r, SLICE("val"), &value))
        fetch(r, value);
}

/* ---- OpenDocument (ODF 1.3) */

static void see_address(struct office_reader *r)
{
    struct slice address;
    if (reference(r, &address))
        tell(r, address);
}

static void see_fetched(struct office_reader *r)
{
    struct slice address;
    if (reference(r, &address))
        fetch(r, address);
}

static void see_ole(struct office_reader *r)
{
    r->out->embedded = true;
    see_fetched(r);
}

static void see_module(struct office_reader *r)
{
    r->out->macros |= r->flat;
    see_address(r);
}

static void see_encryption(struct office_reader *r)
{
    r->out->encrypted = true;
}

/* ---- all of it */

static void see_active(struct office_reader *r)
{
    r->out->active = true;
    see_address(r);
}

/* Any other element may name an address. */
static const struct {
    struct slice name;
    void (*see)(struct office_reader *r);
} elements[] = {
    /* OOXML */
    {SLICE("Relationship"), see_relation},
    {SLICE("Override"), see_type},
    {SLICE("Default"), see_type},
    {SLICE("part"), see_part},
    {SLICE("fldSimple"), see_simple_field},
    {SLICE("instrText"), begin_instruction},
    {SLICE("fldChar"), office_end_field},
    {SLICE("p"), office_end_field},
    {SLICE("ddeLink"), see_active},
    {SLICE("hlinkClick"), see_click},
    {SLICE("hlinkHover"), see_click},
    {SLICE("OLEObject"), see_object},
    /* Office 2003 */
    {SLICE("wordDocument"), see_document},
    {SLICE("binData"), see_data},
    {SLICE("docOleData"), see_data},
    {SLICE("attachedTemplate"), see_template},
    /* OpenDocument */
    {SLICE("module"), see_module},
    {SLICE("source-code"), see_module},
    {SLICE("event-listener"), see_active},
    {SLICE("dde-source"), see_active},
    {SLICE("dde-connection-decl"), see_active},
    {SLICE("dde-link"), see_active},
    {SLICE("encryption-data"), see_encryption},
    {SLICE("object-ole"), see_ole},
    {SLICE("object"), see_fetched},
    {SLICE("section-source"), see_fetched},
    {SLICE("plugin"), see_fetched},
    {SLICE("floating-frame"), see_fetched},
    {SLICE("applet"), see_fetched},
    {SLICE("table-source"), see_fetched},
    {SLICE("cell-range-source"), see_fetched},
};

enum { ELEMENTS = sizeof elements / sizeof *elements };
_Static_assert(sizeof elements / sizeof *elements < OFFICE_ELEMENTS_MAX,
               "the next of each has a place");

/* A document has tens of thousands of elements that are not looked for, and shows that by their
 * first letter and their length. */
static unsigned slot_of(struct slice name)
{
    unsigned letter = name.len ? (unsigned char)name.ptr[0] : 0;
    return (letter + 7 * (unsigned)name.len) % OFFICE_SLOTS;
}

void office_reader_begin(struct office_reader *r)
{
    r->href = r->xml.text.ptr;
    for (uint8_t i = ELEMENTS; i > 0; i--) {
        unsigned slot = slot_of(elements[i - 1].name);
        r->next[i] = r->first[slot];
        r->first[slot] = i;
    }
}

void office_see_element(struct office_reader *r)
{
    unsigned i = r->first[slot_of(r->piece.name)];
    r->in_field = false;
    while (i > 0 && !slice_eq(elements[i - 1].name, r->piece.name))
        i = r->next[i];
    if (i > 0)
        elements[i - 1].see(r);
    else
        see_address(r);
}
