/* SPDX-License-Identifier: ISC */
#include "filters/containers/tnef.h"

#include "filters/containers/mapi.h"
#include "filters/mime/params.h"

enum {
    HEADER_SIZE = 6,
    ATTRIBUTE_HEADER_SIZE = 9, /* level, id, length */
    CHECKSUM_SIZE = 2,
    DEPTH_MAX = 4,
    QUEUE_MAX = 32,
    GUID_SIZE = 16,
};

/* The upper half of an id tells its type, and some writers leave it out. */
enum attribute {
    ATT_OEM_CODEPAGE = 0x9007,
    ATT_ATTACH_REND_DATA = 0x9002,
    ATT_ATTACH_TITLE = 0x8010,
    ATT_ATTACH_DATA = 0x800f,
    ATT_ATTACHMENT = 0x9005,
    ATT_BODY = 0x800c,
    ATT_MESSAGE_PROPERTIES = 0x9003,
};

enum property {
    PR_BODY = 0x1000,
    PR_RTF_COMPRESSED = 0x1009,
    PR_HTML = 0x1013,
    PR_DISPLAY_NAME = 0x3001,
    PR_ATTACH_DATA = 0x3701,
    PR_ATTACH_FILENAME = 0x3704,
    PR_ATTACH_LONG_FILENAME = 0x3707,
    PR_ATTACH_PATHNAME = 0x3708,
    PR_ATTACH_TRANSPORT_NAME = 0x370c,
    PR_ATTACH_LONG_PATHNAME = 0x370d,
};

enum property_type {
    PT_SHORT = 2,
    PT_LONG = 3,
    PT_FLOAT = 4,
    PT_DOUBLE = 5,
    PT_CURRENCY = 6,
    PT_APPTIME = 7,
    PT_ERROR = 10,
    PT_BOOLEAN = 11,
    PT_OBJECT = 13,
    PT_I8 = 20,
    PT_STRING8 = 30,
    PT_UNICODE = 31,
    PT_SYSTIME = 64,
    PT_CLSID = 72,
    PT_BINARY = 258,
    PT_MULTI = 0x1000
};

struct embedded {
    struct slice data;
    unsigned depth;
};

struct tnef_reader {
    struct arena *arena;
    struct tnef *out;
    size_t max;
    struct slice charset;
    unsigned depth;
    struct tnef_attachment *current;
    bool of_message; /* the properties that are read are the message's own */
    struct embedded queue[QUEUE_MAX];
    size_t queued;
};

/* Takes n octets, little-endian, off the front. */
static bool take_number(struct slice *s, size_t n, uint32_t *value)
{
    if (s->len < n)
        return false;
    *value = 0;
    for (size_t i = n; i-- > 0;)
        *value = *value << 8 | (unsigned char)s->ptr[i];
    *s = slice_from(*s, n);
    return true;
}

static bool take(struct slice *s, size_t n, struct slice *taken)
{
    if (s->len < n)
        return false;
    *taken = slice_sub(*s, 0, n);
    *s = slice_from(*s, n);
    return true;
}

/* Property values are padded to four octets; the last may lack its padding. */
static bool take_padded(struct slice *s, size_t n, struct slice *taken)
{
    if (!take(s, n, taken))
        return false;
    *s = slice_from(*s, (4 - n % 4) % 4);
    return true;
}

bool tnef_is(struct slice data)
{
    return data.len >= HEADER_SIZE && slice_starts(data, SLICE("\x78\x9f\x3e\x22"));
}

static void add_name(struct tnef_reader *r, struct slice raw, struct slice charset)
{
    struct slice copy = mapi_text(r->arena, raw, charset);
    if (copy.ptr && copy.len)
        r->current->n_names =
            slice_add_distinct(r->current->names, r->current->n_names, TNEF_NAMES_MAX, copy);
}

static struct tnef_attachment *begin_attachment(struct tnef_reader *r)
{
    if (r->out->n == r->max) {
        r->out->cut = true;
        return NULL;
    }
    struct tnef_attachment *a = &r->out->attachments[r->out->n++];
    *a = (struct tnef_attachment){.data = {"", 0}, .depth = r->depth};
    return a;
}

/* Those of messages within are others'. */
static void add_words(struct tnef_reader *r, enum tnef_words_kind kind, struct slice octets)
{
    if (r->depth > 0 || octets.len == 0)
        return;
    if (r->out->n_words == TNEF_WORDS_MAX)
        r->out->cut = true;
    else
        r->out->words[r->out->n_words++] = (struct tnef_words){kind, octets};
}

/* ---- MAPI properties */

static size_t fixed_size(uint32_t type)
{
    switch (type) {
    case PT_SHORT:
    case PT_LONG:
    case PT_FLOAT:
    case PT_ERROR:
    case PT_BOOLEAN:
        return 4;
    case PT_DOUBLE:
    case PT_CURRENCY:
    case PT_APPTIME:
    case PT_I8:
    case PT_SYSTIME:
        return 8;
    case PT_CLSID:
        return GUID_SIZE;
    default:
        return 0;
    }
}

static void use_object(struct tnef_reader *r, struct slice value)
{
    struct slice inner = slice_from(value, GUID_SIZE);
    r->current->data = inner;
    if (!tnef_is(inner))
        return;
    if (r->depth >= DEPTH_MAX || r->queued == QUEUE_MAX)
        r->out->cut = true;
    else {
        r->current->entered = true;
        r->queue[r->queued++] = (struct embedded){inner, r->depth + 1};
    }
}

static void use_message_property(struct tnef_reader *r, uint32_t id, struct slice value)
{
    if (id == PR_BODY)
        add_words(r, TNEF_TEXT, value);
    else if (id == PR_HTML)
        add_words(r, TNEF_HTML, value);
    else if (id == PR_RTF_COMPRESSED)
        add_words(r, TNEF_RTF, value);
}

static void use_property(struct tnef_reader *r, uint32_t id, uint32_t type, struct slice value)
{
    if (r->of_message) {
        use_message_property(r, id, value);
        return;
    }
    if (id == PR_ATTACH_DATA && type == PT_OBJECT)
        use_object(r, value);
    else if (id == PR_ATTACH_DATA && type == PT_BINARY)
        r->current->data = value;
    if (id != PR_DISPLAY_NAME && id != PR_ATTACH_FILENAME && id != PR_ATTACH_LONG_FILENAME &&
        id != PR_ATTACH_PATHNAME && id != PR_ATTACH_TRANSPORT_NAME && id != PR_ATTACH_LONG_PATHNAME)
        return;
    if (type == PT_UNICODE)
        add_name(r, value, MAPI_UNICODE);
    else if (type == PT_STRING8)
        add_name(r, value, r->charset);
}

/* The name of a named property: GUID, kind, then a number or a counted string. */
static bool skip_property_name(struct slice *s)
{
    struct slice ignored;
    uint32_t kind, n;
    if (!take(s, GUID_SIZE, &ignored) || !take_number(s, 4, &kind) || !take_number(s, 4, &n))
        return false;
    return kind == 0 || take_padded(s, n, &ignored);
}

static bool read_values(struct tnef_reader *r, struct slice *s, uint32_t id, uint32_t type)
{
    uint32_t count = 1, length;
    struct slice value;
    bool multi = type & PT_MULTI;
    size_t fixed = fixed_size(type & ~(uint32_t)PT_MULTI);
    bool variable = fixed == 0;
    if ((variable || multi) && !take_number(s, 4, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        length = (uint32_t)fixed;
        if (variable && !take_number(s, 4, &length))
            return false;
        if (!take_padded(s, length, &value))
            return false;
        use_property(r, id, type & ~(uint32_t)PT_MULTI, value);
    }
    return true;
}

static bool read_properties(struct tnef_reader *r, struct slice s)
{
    uint32_t count, type, id;
    if (!take_number(&s, 4, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!take_number(&s, 2, &type) || !take_number(&s, 2, &id))
            return false;
        if (id >= 0x8000 && !skip_property_name(&s))
            return false;
        if (!read_values(r, &s, id, type))
            return false;
    }
    return true;
}

/* ---- attributes */

static struct slice codepage(struct slice data)
{
    uint32_t page = 0;
    take_number(&data, 4, &page);
    return mapi_charset(page);
}

static bool is_of_attachment(uint32_t id)
{
    return id == ATT_ATTACH_TITLE || id == ATT_ATTACH_DATA || id == ATT_ATTACHMENT;
}

static void use_attribute(struct tnef_reader *r, uint32_t id, struct slice data)
{
    r->of_message = id == ATT_MESSAGE_PROPERTIES;
    if (id == ATT_OEM_CODEPAGE)
        r->charset = codepage(data);
    if (id == ATT_BODY)
        add_words(r, TNEF_TEXT, data);
    if (r->of_message)
        r->out->broken = !read_properties(r, data) || r->out->broken;
    if (id == ATT_ATTACH_REND_DATA || (is_of_attachment(id) && !r->current))
        r->current = begin_attachment(r);
    if (!r->current)
        return;
    if (id == ATT_ATTACH_TITLE)
        add_name(r, data, r->charset);
    else if (id == ATT_ATTACH_DATA)
        r->current->data = data;
    else if (id == ATT_ATTACHMENT && !read_properties(r, data))
        r->out->broken = true;
}

static void read_attributes(struct tnef_reader *r, struct slice data)
{
    struct slice s = slice_from(data, HEADER_SIZE), value;
    r->current = NULL;
    while (s.len >= ATTRIBUTE_HEADER_SIZE) {
        uint32_t level, id, length;
        if (!take_number(&s, 1, &level) || !take_number(&s, 4, &id) || !take_number(&s, 4, &length))
            return;
        id &= 0xffff;
        if (!take(&s, length, &value)) {
            /* what there is of it may still be a file */
            use_attribute(r, id, s);
            r->out->broken = true;
            return;
        }
        use_attribute(r, id, value);
        s = slice_from(s, CHECKSUM_SIZE);
    }
}

bool tnef_list(struct arena *arena, struct slice data, size_t max, struct tnef *out)
{
    *out = (struct tnef){.attachments = arena_array(arena, max, sizeof *out->attachments)};
    struct tnef_reader r = {
        .arena = arena, .out = out, .max = max, .charset = SLICE("windows-1252")};
    if (!out->attachments || !tnef_is(data))
        return false;
    read_attributes(&r, data);
    for (size_t i = 0; i < r.queued; i++) {
        r.depth = r.queue[i].depth;
        read_attributes(&r, r.queue[i].data);
    }
    out->cut = out->cut || arena_failed(arena);
    return true;
}
