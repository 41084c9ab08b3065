/* SPDX-License-Identifier: ISC */
#include "filters/containers/msg.h"

#include "filters/containers/mapi.h"
#include "filters/mime/bytes.h"
#include "filters/mime/params.h"

#define ATTACHMENT SLICE("__attach_version1.0_#")
#define PROPERTY SLICE("__substg1.0_")
#define PROPERTIES SLICE("__properties_version1.0")
#define NAMED SLICE("__nameid_version1.0")

enum {
    NAME_OCTETS = 4096,
    NAMES_READ = 12, /* streams with names of one attachment: all there can be */
    PROPERTIES_OCTETS = 16 << 10,
    PROPERTY_SIZE = 16,
    HEADER_OF_ATTACHMENT = 8, /* octets before the properties (2.4.1) */
    HEADER_OF_MESSAGE = 32,
};

enum property {
    BODY_RTF = 0x10090102,
    DISPLAY_NAME = 0x3001,
    DATA_BINARY = 0x37010102,
    DATA_OBJECT = 0x3701000d,
    FILENAME = 0x3704,
    METHOD = 0x37050003,
    LONG_FILENAME = 0x3707,
    CODEPAGE_INTERNET = 0x3fde0003,
    CODEPAGE = 0x3ffd0003,
};

enum { STRING8 = 0x1e, UNICODE = 0x1f };
/* PidTagAttachMethod ([MS-OXCMSG] 2.2.2.9): by reference in several ways, and by a link. */
enum { METHOD_NONE = 0, METHOD_REFERENCE = 2, METHOD_REFERENCE_ONLY = 4, METHOD_WEB = 7 };

static bool is_attachment(const struct ole_entry *e)
{
    return e->kind == OLE_STORAGE && slice_istarts(e->name, ATTACHMENT);
}

/* The property that a stream or storage holds; 0 when it is none. */
static uint32_t tag_of(const struct ole_entry *e)
{
    uint32_t tag = 0;
    if (!slice_istarts(e->name, PROPERTY) || e->name.len < PROPERTY.len + 8)
        return 0;
    for (size_t i = 0; i < 8; i++) {
        int digit = hex_digit(e->name.ptr[PROPERTY.len + i]);
        if (digit < 0)
            return 0;
        tag = tag << 4 | (unsigned)digit;
    }
    return tag;
}

/* Is it in the root? What a damaged tree leaves in no place is taken for that. */
static bool is_top(const struct ole_tree *tree, uint32_t i)
{
    return tree->parent[i] == OLE_NOWHERE || tree->parent[i] == tree->root;
}

bool msg_is(struct arena *arena, const struct ole *ole)
{
    struct ole_tree tree;
    if ((!ole_find(ole, PROPERTIES) && !ole_find(ole, NAMED)) || !ole_tree(arena, ole, &tree))
        return false;
    for (uint32_t i = 0; i < ole->count; i++)
        if (is_top(&tree, i) &&
            (slice_ieq(ole->entries[i].name, PROPERTIES) || slice_ieq(ole->entries[i].name, NAMED)))
            return true;
    return false;
}

bool msg_has_attachments(const struct ole *ole)
{
    for (size_t i = 0; i < ole->count; i++)
        if (is_attachment(&ole->entries[i]))
            return true;
    return false;
}

/* A property of fixed size, from the stream that holds all those of a storage (2.4). */
static uint32_t fixed_property(struct arena *arena, const struct msg *msg, uint32_t storage,
                               size_t header, uint32_t wanted)
{
    for (uint32_t i = storage == OLE_NOWHERE ? OLE_NOWHERE : msg->tree.first[storage];
         i != OLE_NOWHERE; i = msg->tree.next[i]) {
        if (!slice_ieq(msg->ole.entries[i].name, PROPERTIES))
            continue;
        struct slice all = ole_read(arena, &msg->ole, &msg->ole.entries[i], PROPERTIES_OCTETS);
        for (size_t at = header; bytes_has(all, at, PROPERTY_SIZE); at += PROPERTY_SIZE)
            if (bytes_le32(all, at) == wanted)
                return bytes_le32(all, at + 8);
        return UINT32_MAX;
    }
    return UINT32_MAX;
}

bool msg_open(struct arena *arena, struct slice content, struct msg *out)
{
    *out = (struct msg){.charset = {"", 0}};
    if (!ole_open(arena, content, &out->ole) || !ole_tree(arena, &out->ole, &out->tree))
        return false;
    uint32_t root = out->tree.root;
    uint32_t page = fixed_property(arena, out, root, HEADER_OF_MESSAGE, CODEPAGE);
    if (page == UINT32_MAX)
        page = fixed_property(arena, out, root, HEADER_OF_MESSAGE, CODEPAGE_INTERNET);
    out->charset = mapi_charset(page);
    return !arena_failed(arena);
}

static bool is_name(uint32_t tag)
{
    uint32_t id = tag >> 16, type = tag & 0xffff;
    return (id == DISPLAY_NAME || id == FILENAME || id == LONG_FILENAME) &&
           (type == STRING8 || type == UNICODE);
}

static void read_names(struct arena *arena, const struct msg *msg, uint32_t storage,
                       struct msg_attachment *a)
{
    unsigned read = 0;
    for (uint32_t i = msg->tree.first[storage]; i != OLE_NOWHERE && read < NAMES_READ;
         i = msg->tree.next[i]) {
        uint32_t tag = tag_of(&msg->ole.entries[i]);
        if (!is_name(tag))
            continue;
        read++;
        struct slice raw = ole_read(arena, &msg->ole, &msg->ole.entries[i], NAME_OCTETS);
        bool wide = (tag & 0xffff) == UNICODE;
        struct slice name = mapi_text(arena, raw, wide ? MAPI_UNICODE : msg->charset);
        if (name.len)
            a->n_names = slice_add_distinct(a->names, a->n_names, MSG_NAMES_MAX, name);
    }
}

static bool is_message(const struct msg *msg, uint32_t storage)
{
    for (uint32_t i = msg->tree.first[storage]; i != OLE_NOWHERE; i = msg->tree.next[i])
        if (slice_ieq(msg->ole.entries[i].name, PROPERTIES) || is_attachment(&msg->ole.entries[i]))
            return true;
    return false;
}

static bool add(struct msg_attachments *list, size_t max, const struct msg_attachment *like,
                enum msg_kind kind, uint32_t entry)
{
    if (list->count == max) {
        list->cut = true;
        return false;
    }
    struct msg_attachment *a = &list->items[list->count++];
    *a = *like;
    a->kind = kind;
    a->entry = entry;
    return true;
}

static enum msg_kind kind_without_content(struct arena *arena, const struct msg *msg,
                                          uint32_t storage)
{
    uint32_t method = fixed_property(arena, msg, storage, HEADER_OF_ATTACHMENT, METHOD);
    bool link = method == METHOD_NONE || method == METHOD_WEB ||
                (method >= METHOD_REFERENCE && method <= METHOD_REFERENCE_ONLY);
    return link ? MSG_LINK : MSG_NOTHING;
}

/* A storage should hold one content; programs may differ in which of several they take. */
static void add_attachment(struct arena *arena, const struct msg *msg, uint32_t storage, size_t max,
                           struct msg_attachments *list)
{
    struct msg_attachment like = {0};
    bool found = false, room = true;
    read_names(arena, msg, storage, &like);
    for (uint32_t i = msg->tree.first[storage]; room && i != OLE_NOWHERE; i = msg->tree.next[i]) {
        const struct ole_entry *e = &msg->ole.entries[i];
        uint32_t tag = tag_of(e);
        if (tag != DATA_BINARY && tag != DATA_OBJECT)
            continue;
        found = true;
        enum msg_kind kind = e->kind == OLE_STREAM ? MSG_DATA
                             : is_message(msg, i)  ? MSG_MESSAGE
                                                   : MSG_OBJECT;
        room = add(list, max, &like, kind, i);
    }
    if (!found)
        add(list, max, &like, kind_without_content(arena, msg, storage), OLE_NOWHERE);
}

/* Is it in a message that an attachment is? */
static bool is_within(const struct msg *msg, uint32_t i)
{
    uint32_t message = msg->tree.parent[i];
    if (message == OLE_NOWHERE || tag_of(&msg->ole.entries[message]) != DATA_OBJECT)
        return false;
    uint32_t holder = msg->tree.parent[message];
    return holder != OLE_NOWHERE && is_attachment(&msg->ole.entries[holder]);
}

bool msg_list(struct arena *arena, const struct msg *msg, uint32_t within, size_t max,
              struct msg_attachments *out)
{
    const struct ole *ole = &msg->ole;
    size_t room = max < ole->count ? max : ole->count;
    *out = (struct msg_attachments){.items = arena_array(arena, room + 1, sizeof *out->items)};
    if (!out->items)
        return false;
    if (within == OLE_NOWHERE) {
        for (uint32_t i = 0; i < ole->count && !out->cut; i++)
            if (is_attachment(&ole->entries[i]) && !is_within(msg, i))
                add_attachment(arena, msg, i, room, out);
    } else {
        for (uint32_t i = msg->tree.first[within]; i != OLE_NOWHERE && !out->cut;
             i = msg->tree.next[i])
            if (is_attachment(&ole->entries[i]))
                add_attachment(arena, msg, i, room, out);
    }
    return !arena_failed(arena);
}

const struct ole_entry *msg_rtf(const struct msg *msg, uint32_t within)
{
    uint32_t storage = within == OLE_NOWHERE ? msg->tree.root : within;
    for (uint32_t i = storage == OLE_NOWHERE ? OLE_NOWHERE : msg->tree.first[storage];
         i != OLE_NOWHERE; i = msg->tree.next[i])
        if (tag_of(&msg->ole.entries[i]) == BODY_RTF)
            return &msg->ole.entries[i];
    return NULL;
}
