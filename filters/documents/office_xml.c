/* SPDX-License-Identifier: ISC */
#include "filters/documents/office_xml.h"

#include "base/buf.h"
#include "filters/documents/xml.h"

enum { FIELD_MAX = 4096 };

struct reader {
    struct xml xml;
    struct xml_piece piece; /* the element */
    struct office_findings *out;
    struct buf field; /* the instruction of a field, which runs of text may cut in pieces */
    bool in_field;
    bool flat; /* OpenDocument in one file, with its macros */
};

static size_t find_folded(struct slice text, struct slice part)
{
    size_t at = 0;
    while (at < text.len && !slice_istarts(slice_from(text, at), part))
        at++;
    return at;
}

static bool attribute(const struct reader *r, struct slice name, struct slice *value)
{
    return xml_attribute(&r->xml, &r->piece, name, value);
}

static bool has(const struct reader *r, struct slice name, struct slice part)
{
    struct slice value;
    return attribute(r, name, &value) && find_folded(value, part) < value.len;
}

static bool is(const struct reader *r, struct slice name, struct slice value)
{
    struct slice found;
    return attribute(r, name, &found) && slice_ieq(found, value);
}

/* ---- addresses */

static bool is_share(struct slice path)
{
    return slice_starts(path, SLICE("\\\\")) || slice_starts(path, SLICE("//"));
}

/* "file://server/share", "file:///\\server\share", "file:////server/share" */
static bool is_file_of_another_host(struct slice address)
{
    static const struct slice scheme = SLICE("file:");
    if (!slice_istarts(address, scheme))
        return false;
    struct slice path = slice_from(address, scheme.len);
    if (!slice_starts(path, SLICE("//")))
        return is_share(path);
    path = slice_from(path, 2);
    if (slice_istarts(path, SLICE("localhost/")))
        return false;
    bool rooted = slice_starts(path, SLICE("/"));
    return rooted ? is_share(slice_from(path, 1)) : path.len > 1 && path.ptr[1] != ':';
}

bool office_is_remote(struct slice address)
{
    static const struct slice schemes[] = {
        SLICE("http:"), SLICE("https:"), SLICE("ftp:"),    SLICE("mhtml:"),
        SLICE("mk:"),   SLICE("its:"),   SLICE("ms-its:"),
    };
    address = slice_trim(address);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_istarts(address, schemes[i]))
            return true;
    return is_share(address) || is_file_of_another_host(address);
}

static void tell(const struct reader *r, struct slice address)
{
    size_t at = find_folded(address, SLICE("http"));
    if (r->out->link && at < address.len)
        r->out->link(r->out->ctx, slice_from(address, at));
}

static void fetch(const struct reader *r, struct slice address)
{
    r->out->remote = r->out->remote || office_is_remote(address);
    tell(r, address);
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

static void see_relation(struct reader *r)
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

static void see_type(struct reader *r, struct slice name)
{
    if (has(r, name, SLICE("vbaProject")) || has(r, name, SLICE("macrosheet")))
        r->out->macros = true;
}

/* DDE starts a program and talks to it. */
static void see_field(struct office_findings *out, struct slice instruction)
{
    struct slice word, rest;
    slice_cut(slice_trim(instruction), ' ', &word, &rest);
    if (slice_ieq(word, SLICE("DDE")) || slice_ieq(word, SLICE("DDEAUTO")))
        out->active = true;
}

static void end_field(struct reader *r)
{
    see_field(r->out, buf_slice(&r->field));
    buf_clear(&r->field);
}

static void see_click(struct reader *r)
{
    if (has(r, SLICE("action"), SLICE("ppaction://program")) ||
        has(r, SLICE("action"), SLICE("ppaction://macro")))
        r->out->active = true;
}

static void see_object(struct reader *r)
{
    r->out->embedded = true;
    if (is(r, SLICE("ProgID"), SLICE("Equation.3")) || is(r, SLICE("ProgID"), SLICE("Equation.2")))
        r->out->active = true;
}

static bool see_ooxml(struct reader *r)
{
    struct slice name = r->piece.name, value;
    if (slice_eq(name, SLICE("Relationship")))
        see_relation(r);
    else if (slice_eq(name, SLICE("Override")) || slice_eq(name, SLICE("Default")))
        see_type(r, SLICE("ContentType"));
    else if (slice_eq(name, SLICE("part")))
        see_type(r, SLICE("contentType"));
    else if (slice_eq(name, SLICE("fldSimple")) && attribute(r, SLICE("instr"), &value))
        see_field(r->out, value);
    else if (slice_eq(name, SLICE("fldChar")) || slice_eq(name, SLICE("p")))
        end_field(r);
    else if (slice_eq(name, SLICE("ddeLink")))
        r->out->active = true;
    else if (slice_eq(name, SLICE("hlinkClick")) || slice_eq(name, SLICE("hlinkHover")))
        see_click(r);
    else if (slice_eq(name, SLICE("OLEObject")))
        see_object(r);
    else
        return false;
    return true;
}

/* ---- Office 2003 */

static bool see_2003(struct reader *r)
{
    struct slice name = r->piece.name, value;
    if (slice_eq(name, SLICE("wordDocument"))) {
        r->out->macros |= is(r, SLICE("macrosPresent"), SLICE("yes"));
        r->out->embedded |= is(r, SLICE("embeddedObjPresent"), SLICE("yes"));
    } else if (slice_eq(name, SLICE("binData")) || slice_eq(name, SLICE("docOleData"))) {
        r->out->embedded = true;
        r->out->macros |= has(r, SLICE("name"), SLICE("editdata.mso"));
    } else if (slice_eq(name, SLICE("attachedTemplate")) && attribute(r, SLICE("val"), &value)) {
        fetch(r, value);
    } else {
        return false;
    }
    return true;
}

/* ---- OpenDocument (ODF 1.3) */

static void see_reference(struct reader *r)
{
    static const struct slice fetched[] = {
        SLICE("object"),       SLICE("object-ole"),        SLICE("section-source"),
        SLICE("plugin"),       SLICE("floating-frame"),    SLICE("applet"),
        SLICE("table-source"), SLICE("cell-range-source"),
    };
    struct slice address;
    if (!attribute(r, SLICE("href"), &address))
        return;
    for (size_t i = 0; i < sizeof fetched / sizeof *fetched; i++)
        if (slice_eq(r->piece.name, fetched[i])) {
            fetch(r, address);
            return;
        }
    tell(r, address);
}

static void see_open_document(struct reader *r)
{
    struct slice name = r->piece.name;
    if (r->flat && (slice_eq(name, SLICE("module")) || slice_eq(name, SLICE("source-code"))))
        r->out->macros = true;
    else if (slice_eq(name, SLICE("event-listener")) || slice_eq(name, SLICE("dde-source")) ||
             slice_eq(name, SLICE("dde-connection-decl")) || slice_eq(name, SLICE("dde-link")))
        r->out->active = true;
    else if (slice_eq(name, SLICE("encryption-data")))
        r->out->encrypted = true;
    else if (slice_eq(name, SLICE("object-ole")))
        r->out->embedded = true;
    see_reference(r);
}

/* ---- all of it */

static void see_text(struct reader *r)
{
    struct slice text = r->in_field ? xml_text(&r->xml, &r->piece) : SLICE("");
    if (text.len > FIELD_MAX - buf_len(&r->field))
        text.len = FIELD_MAX - buf_len(&r->field);
    buf_append(&r->field, text);
}

static void see_element(struct reader *r)
{
    r->in_field = slice_eq(r->piece.name, SLICE("instrText"));
    if (!see_ooxml(r) && !see_2003(r))
        see_open_document(r);
}

static bool is_root(struct slice name)
{
    return slice_eq(name, SLICE("wordDocument")) || slice_eq(name, SLICE("Workbook")) ||
           slice_eq(name, SLICE("package"));
}

/* By the first element. False: it is another program's file. */
static bool see_root(struct reader *r, bool part)
{
    struct xml begin = r->xml;
    enum xml_kind kind;
    while ((kind = xml_next(&begin, &r->piece)) == XML_TEXT)
        ;
    if (kind != XML_ELEMENT)
        return part;
    r->flat = slice_eq(r->piece.name, SLICE("document")) &&
              find_folded(r->piece.raw, SLICE("opendocument")) < r->piece.raw.len;
    return part || r->flat || is_root(r->piece.name);
}

void office_xml_inspect(struct arena *scratch, struct slice content, bool part,
                        struct office_findings *out)
{
    struct reader r = {.out = out, .field = buf_init(FIELD_MAX)};
    enum xml_kind kind;
    if (!xml_open(scratch, content, &r.xml)) {
        out->broken = true;
        return;
    }
    if (!see_root(&r, part))
        return;
    while ((kind = xml_next(&r.xml, &r.piece)) != XML_END)
        if (kind == XML_TEXT)
            see_text(&r);
        else if (kind == XML_ELEMENT)
            see_element(&r);
        else
            r.in_field = false;
    end_field(&r);
    out->broken |= r.xml.entities;
    buf_release(&r.field);
}
