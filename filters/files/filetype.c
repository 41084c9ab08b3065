/* SPDX-License-Identifier: ISC */
#include "filters/files/filetype.h"

#include "filters/archive/zip_directory.h"
#include "filters/containers/msg.h"
#include "filters/files/text_type.h"
#include "filters/mime/bytes.h"

#include <magic.h>

enum { PREFIX = 64 * 1024, TEXT_PREFIX = 4096, ZIP_MEMBERS = 1024 };

/* libmagic keeps its database in a handle of its own; a process has one. */
static magic_t magic;

static bool bound_magic(magic_t handle)
{
    static const struct {
        int parameter;
        size_t value;
    } bounds[] = {
        {MAGIC_PARAM_INDIR_MAX, 15},     {MAGIC_PARAM_NAME_MAX, 50},
        {MAGIC_PARAM_ELF_PHNUM_MAX, 64}, {MAGIC_PARAM_ELF_SHNUM_MAX, 64},
        {MAGIC_PARAM_ELF_NOTES_MAX, 16}, {MAGIC_PARAM_REGEX_MAX, 4096},
        {MAGIC_PARAM_BYTES_MAX, PREFIX},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        size_t value = bounds[i].value;
        if (magic_setparam(handle, bounds[i].parameter, &value) != 0)
            return false;
    }
    return true;
}

bool filetype_warm_up(void)
{
    if (magic)
        return true;
    magic_t handle = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF |
                                MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_CDF);
    if (!handle)
        return false;
    if (!bound_magic(handle) || magic_load(handle, NULL) != 0 || !magic_buffer(handle, "warm", 4)) {
        magic_close(handle);
        return false;
    }
    magic = handle;
    return true;
}

struct zip_kind {
    struct slice member; /* a whole name, or a folder when it ends in '/' */
    struct slice type;
};

static const struct zip_kind opc_kinds[] = {
    {SLICE("word/"),
     SLICE("application/vnd.openxmlformats-officedocument.wordprocessingml.document")},
    {SLICE("xl/"), SLICE("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")},
    {SLICE("ppt/"),
     SLICE("application/vnd.openxmlformats-officedocument.presentationml.presentation")},
    {SLICE("visio/"), SLICE("application/vnd.ms-visio.drawing.main+xml")},
    {SLICE("AppxManifest.xml"), SLICE("application/appx")},
    {SLICE("FixedDocumentSequence.fdseq"), SLICE("application/vnd.ms-xpsdocument")},
};

static const struct zip_kind other_kinds[] = {
    {SLICE("AndroidManifest.xml"), SLICE("application/vnd.android.package-archive")},
    {SLICE("META-INF/MANIFEST.MF"), SLICE("application/java-archive")},
};

static bool has_member(const struct zip_directory *d, struct slice wanted)
{
    bool folder = wanted.ptr[wanted.len - 1] == '/';
    for (size_t i = 0; i < d->count; i++)
        for (size_t n = 0; n < d->members[i].name_count; n++) {
            struct slice name = d->members[i].names[n];
            if (folder ? slice_istarts(name, wanted) : slice_ieq(name, wanted))
                return true;
        }
    return false;
}

static struct slice kind_of(const struct zip_directory *d, const struct zip_kind *kinds,
                            size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_member(d, kinds[i].member))
            return kinds[i].type;
    return (struct slice){0};
}

/* OpenDocument and EPUB say what they are in a first, stored member "mimetype". */
static struct slice declared_type(struct slice content, const struct zip_directory *d)
{
    if (d->count == 0 || d->members[0].name_count == 0 || d->members[0].method != 0 ||
        !slice_eq(d->members[0].names[0], SLICE("mimetype")) || d->members[0].packed > 100)
        return (struct slice){0};
    const struct zip_member *m = &d->members[0];
    struct slice type = slice_sub(content, (size_t)m->data, (size_t)(m->data + m->packed));
    static const struct slice known[] = {SLICE("application/vnd.oasis.opendocument."),
                                         SLICE("application/epub+zip"),
                                         SLICE("application/vnd.sun.xml.")};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_starts(type, known[i]))
            return slice_trim(type);
    return (struct slice){0};
}

static struct slice zip_type(struct arena *arena, struct slice content)
{
    struct zip_directory d;
    if (!zip_directory_read(arena, content, ZIP_MEMBERS, &d))
        return SLICE("application/zip");
    struct slice type = declared_type(content, &d);
    if (type.len)
        return arena_copy(arena, type);
    if (has_member(&d, SLICE("[Content_Types].xml")))
        type = kind_of(&d, opc_kinds, sizeof opc_kinds / sizeof *opc_kinds);
    if (type.len == 0)
        type = kind_of(&d, other_kinds, sizeof other_kinds / sizeof *other_kinds);
    return type.len ? type : SLICE("application/zip");
}

static struct slice ole_type(struct arena *arena, struct slice content)
{
    static const struct {
        struct slice entry;
        struct slice type;
    } kinds[] = {
        {SLICE("EncryptedPackage"), SLICE("application/encrypted")},
        {SLICE("WordDocument"), SLICE("application/msword")},
        {SLICE("Workbook"), SLICE("application/vnd.ms-excel")},
        {SLICE("Book"), SLICE("application/vnd.ms-excel")},
        {SLICE("PowerPoint Document"), SLICE("application/vnd.ms-powerpoint")},
        {SLICE("VisioDocument"), SLICE("application/vnd.visio")},
    };
    struct ole ole;
    if (!ole_open(arena, content, &ole))
        return SLICE("application/x-ole-storage");
    if (ole_is_installer(&ole))
        return SLICE("application/x-msi");
    if (msg_is(arena, &ole))
        return SLICE("application/vnd.ms-outlook");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (ole_find(&ole, kinds[i].entry))
            return kinds[i].type;
    return SLICE("application/x-ole-storage");
}

static struct slice by_magic(struct arena *arena, struct slice content)
{
    const char *type =
        magic ? magic_buffer(magic, content.ptr, content.len < PREFIX ? content.len : PREFIX)
              : NULL;
    struct slice copy = arena_copy(arena, slice_of(type));
    return type && copy.ptr ? copy : SLICE("application/octet-stream");
}

static bool looks_like_text(struct slice content)
{
    struct slice start = slice_sub(content, 0, TEXT_PREFIX);
    for (size_t i = 0; i < start.len; i++) {
        unsigned char c = (unsigned char)start.ptr[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b)
            return false;
    }
    return true;
}

static struct slice own_type(struct arena *arena, struct slice content)
{
    if (content.len == 0)
        return SLICE("inode/x-empty");
    struct slice type = filetype_by_signature(content);
    if (slice_eq(type, SLICE("application/zip")))
        return zip_type(arena, content);
    if (slice_eq(type, SLICE("application/x-ole-storage")))
        return ole_type(arena, content);
    return type.len ? type : text_type(content);
}

struct slice filetype_of(struct arena *arena, struct slice content)
{
    struct slice type = own_type(arena, content);
    return type.len ? type : by_magic(arena, content);
}

struct slice filetype_quick(struct arena *arena, struct slice content)
{
    struct slice type = own_type(arena, content);
    if (type.len)
        return type;
    if (slice_starts(content, SLICE("<?xml")))
        return SLICE("text/xml");
    return looks_like_text(content) ? SLICE("text/plain") : SLICE("application/octet-stream");
}
