/* SPDX-License-Identifier: ISC */
#include "filters/documents/macros.h"

#include "filters/archive/unpack.h"
#include "filters/documents/macros_ole.h"
#include "filters/documents/office_address.h"
#include "filters/documents/office_xml.h"
#include "filters/documents/rtf_findings.h"
#include "filters/documents/rtf_tokens.h"
#include "filters/documents/text_query.h"
#include "filters/documents/xml.h"
#include "filters/mime/bytes.h"

/* "ActiveMime" in base64; an mso stream always begins with it. */
#define MSO_BASE64 SLICE("QWN0aXZlTWlt")
#define MSO SLICE("ActiveMime")
#define OLE SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

enum {
    MSO_DATA = 50, /* where its zlib stream stands */
    MSO_HEADER_MAX = 256,
    MSO_STREAMS_MAX = 16,
    MSO_UNPACKED_MAX = 16 << 20,
};

static bool holds(struct slice text, struct slice what)
{
    return slice_search(text, what) < text.len;
}

/* An OLE2 file, deflated, behind a header of about fifty bytes. One that cannot be read counts as
 * macros: it has no other reason to be there. */
static void inspect_mso(struct arena *scratch, struct slice mso, struct office_findings *out)
{
    struct buf unpacked = buf_init(MSO_UNPACKED_MAX);
    bool whole;
    struct slice zlib = slice_from(mso, MSO_DATA);
    if (bytes_u8(zlib, 0) != 0x78) {
        struct slice header = slice_sub(mso, MSO.len, MSO_HEADER_MAX);
        zlib = slice_from(mso, MSO.len + slice_find(header, 0x78));
    }
    if (unpack_zlib(zlib, &unpacked, &whole) && slice_starts(buf_slice(&unpacked), OLE))
        macros_inspect_ole(scratch, buf_slice(&unpacked), out);
    else
        out->macros = true;
    buf_release(&unpacked);
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Up to the first byte that is neither base64 nor space; *used is how far that was. */
static struct slice decode_base64(struct arena *scratch, struct slice text, size_t *used)
{
    char *out = arena_alloc(scratch, text.len / 4 * 3 + 4);
    size_t n = 0, i = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    for (; out && i < text.len; i++) {
        int digit = base64_digit(text.ptr[i]);
        if (digit < 0 && !ascii_blank(text.ptr[i]) && text.ptr[i] != '\r' && text.ptr[i] != '\n')
            break;
        if (digit < 0)
            continue;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (char)(bits >> have);
        }
    }
    *used = i;
    return (struct slice){out, n};
}

/* Word saves macros in XML and in MHTML as mso streams in base64. */
static void inspect_base64_mso(struct arena *scratch, struct slice text,
                               struct office_findings *out)
{
    for (unsigned i = 0; i < MSO_STREAMS_MAX; i++) {
        size_t used;
        text = slice_from(text, slice_search(text, MSO_BASE64));
        if (text.len == 0)
            return;
        struct slice mso = decode_base64(scratch, text, &used);
        if (mso.ptr)
            inspect_mso(scratch, mso, out);
        else
            out->broken = true;
        text = slice_from(text, used + 1);
    }
    out->broken = true;
}

static void inspect_rtf(struct arena *scratch, struct slice text, struct office_findings *out)
{
    struct rtf_findings found;
    rtf_find(scratch, text, &found);
    out->embedded |= found.embedded;
    out->active |= found.dde || found.equation;
    for (size_t i = 0; i < found.n_targets; i++) {
        out->remote |= office_is_remote(found.targets[i]);
        if (out->link)
            out->link(out->ctx, found.targets[i]);
    }
}

static bool looks_like_biff(struct slice c)
{
    uint16_t type = bytes_le16(c, 0), len = bytes_le16(c, 2);
    return (type == 0x0009 || type == 0x0209 || type == 0x0409 || type == 0x0809) && len >= 4 &&
           len <= 16;
}

/* A file may be several of these at once: programs differ in which they take it for. */
void macros_inspect(struct arena *scratch, struct slice content, struct office_findings *out)
{
    if (slice_starts(content, OLE))
        macros_inspect_ole(scratch, content, out);
    if (slice_starts(content, MSO))
        inspect_mso(scratch, content, out);
    if (rtf_is(content))
        inspect_rtf(scratch, content, out);
    if (looks_like_biff(content))
        macros_inspect_biff(content, out);
    if (xml_is(content))
        office_xml_inspect(scratch, content, false, out);
    if (text_query_is(content))
        text_query_inspect(content, out);
    if (!slice_starts(content, SLICE("PK")) && holds(content, MSO_BASE64))
        inspect_base64_mso(scratch, content, out);
}

/* An index of libraries alone, which every document may have, is no macro. */
static bool is_macro_name(struct slice name)
{
    bool basic = slice_istarts(name, SLICE("Basic/")) && slice_iends(name, SLICE(".xml")) &&
                 !slice_iends(name, SLICE("/script-lb.xml")) &&
                 !slice_iends(name, SLICE("/script-lc.xml"));
    bool script = slice_istarts(name, SLICE("Scripts/")) && !slice_iends(name, SLICE("/"));
    return basic || script || slice_iends(name, SLICE("vbaProject.bin")) ||
           slice_iends(name, SLICE("vbaData.xml")) || slice_istarts(name, SLICE("xl/macrosheets/"));
}

void macros_inspect_name(struct slice name, struct office_findings *out)
{
    if (is_macro_name(name))
        out->macros = true;
    if (holds(name, SLICE("embeddings/")) || holds(name, SLICE("activeX/")) ||
        holds(name, SLICE("externalLinks/")) || slice_istarts(name, SLICE("Object ")) ||
        slice_istarts(name, SLICE("ObjectReplacements/")))
        out->embedded = true;
}

bool macros_is_zip_document(struct slice type)
{
    static const struct slice prefixes[] = {
        SLICE("application/vnd.openxmlformats-officedocument."),
        SLICE("application/vnd.oasis.opendocument."),
        SLICE("application/vnd.sun.xml."),
        SLICE("application/vnd.ms-visio."),
        SLICE("application/vnd.ms-xpsdocument"),
        SLICE("application/epub+zip"),
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (slice_starts(type, prefixes[i]))
            return true;
    return false;
}
