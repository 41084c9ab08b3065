/* SPDX-License-Identifier: ISC */
#include "filters/documents/office_xml.h"

#include "filters/documents/office_elements.h"

enum { FIELD_MAX = 4096 };

static void see_text(struct office_reader *r)
{
    struct slice text = r->in_field ? xml_text(&r->xml, &r->piece) : SLICE("");
    if (text.len > FIELD_MAX - buf_len(&r->field))
        text.len = FIELD_MAX - buf_len(&r->field);
    buf_append(&r->field, text);
}

static bool is_root(struct slice name)
{
    return slice_eq(name, SLICE("wordDocument")) || slice_eq(name, SLICE("Workbook")) ||
           slice_eq(name, SLICE("package"));
}

/* By the first element. False: it is another program's file. */
static bool see_root(struct office_reader *r, bool part)
{
    struct xml begin = r->xml;
    enum xml_kind kind;
    while ((kind = xml_next(&begin, &r->piece)) == XML_TEXT)
        ;
    if (kind != XML_ELEMENT)
        return part;
    r->flat = slice_eq(r->piece.name, SLICE("document")) &&
              office_find_folded(r->piece.raw, SLICE("opendocument")) < r->piece.raw.len;
    return part || r->flat || is_root(r->piece.name);
}

void office_xml_inspect(struct arena *scratch, struct slice content, bool part,
                        struct office_findings *out)
{
    struct office_reader r = {.out = out, .field = buf_init(FIELD_MAX)};
    enum xml_kind kind;
    if (!xml_open(scratch, content, &r.xml)) {
        out->broken = true;
        return;
    }
    if (!see_root(&r, part))
        return;
    office_reader_begin(&r);
    while ((kind = xml_next(&r.xml, &r.piece)) != XML_END)
        if (kind == XML_TEXT)
            see_text(&r);
        else if (kind == XML_ELEMENT)
            office_see_element(&r);
        else
            r.in_field = false;
    office_end_field(&r);
    out->broken |= r.xml.entities;
    buf_release(&r.field);
}
