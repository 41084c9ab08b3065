/* SPDX-License-Identifier: ISC */
#include "filters/documents/objects.h"

#include "filters/archive/unpack.h"
#include "filters/cpu_budget.h"
#include "filters/documents/ole.h"
#include "filters/mime/bytes.h"

#define OLE SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

enum {
    OBJECTS_MAX = 64,
    OBJECT_OCTETS = 1024, /* that one counts for, were it empty */
    UNPACKED_MAX = 16 << 20,
    PPT_OBJECT = 0x1011,
    PPT_DEFLATED = 0x10,
    OLE1_EMBEDDED = 2,
};

struct search {
    struct arena *scratch;
    const struct object_visitor *visitor;
    unsigned count;
    bool stopped;
    bool incomplete;
};

static void give(struct search *s, struct slice name, struct slice content)
{
    if (cpu_budget_spent(content.len + OBJECT_OCTETS))
        s->incomplete = s->stopped = true;
    if (s->stopped || content.len == 0)
        return;
    if (s->count++ == OBJECTS_MAX) {
        s->incomplete = s->stopped = true;
        return;
    }
    s->stopped = !s->visitor->object(s->visitor->ctx, name, content);
}

static struct slice take_text(struct slice *s)
{
    size_t len = slice_find(*s, '\0');
    struct slice text = slice_sub(*s, 0, len);
    *s = slice_from(*s, len + 1);
    return text;
}

static struct slice take_sized(struct slice *s)
{
    size_t len = bytes_le32(*s, 0);
    struct slice out = slice_sub(slice_from(*s, 4), 0, len);
    *s = slice_from(slice_from(*s, 4), len);
    return out;
}

/* A package: 2, label, original path, two numbers, temporary path, data. The path's end is what a
 * double click opens; the label is what is shown. */
static bool give_package(struct search *s, struct slice package)
{
    if (bytes_le16(package, 0) != 2)
        return false;
    struct slice rest = slice_from(package, 2);
    struct slice label = take_text(&rest);
    struct slice path = take_text(&rest);
    rest = slice_from(rest, 4);
    take_sized(&rest);
    struct slice data = take_sized(&rest);
    if (data.len == 0)
        return false;
    give(s, path.len ? path : label, data);
    return true;
}

static void give_stream(struct search *s, const struct ole *ole, const struct ole_entry *e)
{
    struct slice data = ole_read(s->scratch, ole, e, ole->content.len);
    if (e->size > 0 && !data.ptr)
        s->incomplete = true;
    if (slice_iends(e->name, SLICE("Ole10Native"))) {
        struct slice sized = slice_from(data, 4);
        if (!give_package(s, sized))
            give(s, e->name, sized);
    } else
        give(s, e->name, data);
}

/* Objects of presentations: OLE2 files, deflated behind their size when the record's
 * instance is 1. */
static void give_slides(struct search *s, struct slice records)
{
    for (size_t at = 0; bytes_has(records, at, 8) && !s->stopped;) {
        uint16_t head = bytes_le16(records, at), type = bytes_le16(records, at + 2);
        size_t len = bytes_le32(records, at + 4);
        struct slice body = slice_sub(records, at + 8, at + 8 + len);
        if (type == PPT_OBJECT && (head & 0xfff0) == PPT_DEFLATED) {
            struct buf unpacked = buf_init(UNPACKED_MAX);
            bool whole;
            if (unpack_zlib(slice_from(body, 4), &unpacked, &whole))
                give(s, SLICE("object"), buf_slice(&unpacked));
            s->incomplete = s->incomplete || unpacked.failed;
            buf_release(&unpacked);
        } else if (type == PPT_OBJECT)
            give(s, SLICE("object"), body);
        at += 8 + ((head & 0xf) == 0xf ? 0 : len);
    }
}

static void search_ole(struct search *s, struct slice content)
{
    static const struct slice files[] = {SLICE("\1Ole10Native"), SLICE("Ole10Native"),
                                         SLICE("Package"), SLICE("CONTENTS")};
    struct ole ole;
    if (!ole_open(s->scratch, content, &ole))
        return;
    for (size_t i = 0; i < ole.count && !s->stopped; i++)
        for (size_t f = 0; f < sizeof files / sizeof *files; f++)
            if (ole.entries[i].kind == OLE_STREAM && slice_ieq(ole.entries[i].name, files[f]))
                give_stream(s, &ole, &ole.entries[i]);
    const struct ole_entry *slides = ole_find(&ole, SLICE("PowerPoint Document"));
    if (slides)
        give_slides(s, ole_read(s->scratch, &ole, slides, content.len));
}

/* Skips a control word, so that its letters are not taken for digits. */
static size_t skip_control(struct slice text, size_t at)
{
    at++;
    while (at < text.len &&
           (ascii_alpha(text.ptr[at]) || ascii_digit(text.ptr[at]) || text.ptr[at] == '-'))
        at++;
    return at;
}

/* The hex digits from `text` on until its group ends;
 * what else stands between them is skipped, as Word does. */
static struct slice decode_hex(struct arena *scratch, struct slice text, size_t *used)
{
    char *out = arena_alloc(scratch, text.len / 2 + 1);
    size_t n = 0, i = 0;
    int high = -1, depth = 0;
    while (out && i < text.len) {
        char c = text.ptr[i];
        if (c == '\\') {
            i = skip_control(text, i);
            continue;
        }
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        if (depth < 0)
            break;
        int digit = hex_digit(c);
        if (digit >= 0 && high >= 0) {
            out[n++] = (char)(high << 4 | digit);
            high = -1;
        } else if (digit >= 0)
            high = digit;
        i++;
    }
    *used = i;
    return (struct slice){out, n};
}

/* [MS-OLEDS] 2.2.5: version, kind, class, topic, item, data. Forged lengths are common: then the
 * data is found by what it begins with. */
static void give_ole1(struct search *s, struct slice object)
{
    struct slice rest = slice_from(object, 8);
    struct slice class = take_sized(&rest);
    take_sized(&rest);
    take_sized(&rest);
    struct slice data = take_sized(&rest);
    if (bytes_le32(object, 4) == OLE1_EMBEDDED && slice_istarts(class, SLICE("Package")) &&
        give_package(s, data))
        return;
    size_t at = slice_search(object, OLE);
    give(s, SLICE("object"), at < object.len ? slice_from(object, at) : object);
}

static void search_rtf(struct search *s, struct slice text)
{
    while (!s->stopped) {
        text = slice_from(text, slice_search(text, SLICE("\\objdata")));
        if (text.len == 0)
            return;
        size_t used;
        text = slice_from(text, SLICE("\\objdata").len);
        struct slice object = decode_hex(s->scratch, text, &used);
        if (!object.ptr) {
            s->incomplete = true;
            return;
        }
        give_ole1(s, object);
        text = slice_from(text, used);
    }
}

bool objects_each(struct arena *scratch, struct slice content, const struct object_visitor *visitor)
{
    struct search s = {.scratch = scratch, .visitor = visitor};
    if (slice_starts(content, OLE))
        search_ole(&s, content);
    else if (slice_starts(content, SLICE("{\\rt")))
        search_rtf(&s, content);
    return !s.incomplete;
}
