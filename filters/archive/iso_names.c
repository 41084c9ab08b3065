/* SPDX-License-Identifier: ISC
 * What the files of a CD are called: names of octets with a version (ECMA-119, 7.5), Joliet's in
 * UCS-2, and Rock Ridge's in the fields behind a record (SUSP 1.12, RRIP 1.12). */
#include "filters/archive/iso_internal.h"
#include "filters/mime/bytes.h"
#include "filters/mime/charset.h"
#include "filters/mime/params.h"

enum {
    PATH_OCTETS = 1000, /* of which the end is kept: it decides */
    FIELD_SIZE = 4,
    AREAS_MAX = 16, /* where the fields of one record may go on */
    NAME_OCTETS = 1024,
    NAME_CONTINUES = 1,
};

/* Up to a version, which is a number behind a semicolon, and the dot of an empty extension. */
static struct slice without_version(struct slice name)
{
    size_t end = slice_rfind(name, ';');
    struct slice number = slice_from(name, end + 1), stem = slice_sub(name, 0, end);
    for (size_t i = 0; i < number.len; i++)
        if (!ascii_digit(number.ptr[i]))
            stem = name;
    if (stem.len > 1 && stem.ptr[stem.len - 1] == '.')
        stem.len--;
    return stem.len ? stem : name;
}

/* NUL ends it, for many programs. */
static struct slice up_to_nul(enum iso_kind kind, struct slice name)
{
    if (kind == ISO_OCTETS)
        return slice_sub(name, 0, slice_find(name, '\0'));
    for (size_t i = 0; i + 1 < name.len; i += 2)
        if (name.ptr[i] == 0 && name.ptr[i + 1] == 0)
            return slice_sub(name, 0, i);
    return name;
}

static struct slice text_of(struct iso_reader *r, enum iso_kind kind, struct slice name)
{
    if (kind == ISO_OCTETS)
        return name;
    struct buf text = buf_init(NAME_OCTETS);
    charset_append(&text, SLICE("utf-16be"), name);
    struct slice copy = arena_copy(r->arena, buf_slice(&text));
    buf_release(&text);
    return copy;
}

static struct slice join(struct iso_reader *r, struct slice path, struct slice name)
{
    struct slice joined = ARENA_JOIN(r->arena, path, path.len ? SLICE("/") : SLICE(""), name);
    return joined.len > PATH_OCTETS ? slice_from(joined, joined.len - PATH_OCTETS) : joined;
}

struct slice iso_folder_path(struct iso_reader *r, const struct iso_folder *in, struct slice name,
                             struct slice rock_name)
{
    struct slice own = rock_name.len ? rock_name : text_of(r, in->kind, name);
    return join(r, in->path, own);
}

static void add_name(struct iso_reader *r, const struct iso_folder *in, struct slice name,
                     struct iso_file *file)
{
    struct slice path = name.len ? join(r, in->path, name) : (struct slice){0};
    if (path.len)
        file->name_count = slice_add_distinct(file->names, file->name_count, ISO_NAMES_MAX, path);
}

void iso_add_names(struct iso_reader *r, const struct iso_folder *in, struct slice name,
                   struct slice rock_name, struct iso_file *file)
{
    struct slice text = without_version(text_of(r, in->kind, name));
    struct slice first = up_to_nul(in->kind, name);
    add_name(r, in, rock_name, file);
    add_name(r, in, up_to_nul(ISO_OCTETS, rock_name), file);
    add_name(r, in, text, file);
    add_name(r, in, slice_sub(text, 0, slice_find(text, ';')), file);
    if (first.len < name.len)
        add_name(r, in, without_version(text_of(r, in->kind, first)), file);
}

/* ---- Rock Ridge */

struct fields {
    struct slice rest;         /* of the area that is read */
    struct slice continuation; /* the next area */
    struct buf name;
    bool name_over;
};

static bool is_field(struct slice field, const char *signature)
{
    return field.ptr[0] == signature[0] && field.ptr[1] == signature[1];
}

/* Where the fields go on (SUSP, 5.1); all such places together are no longer than the image. */
static struct slice continuation(struct iso_reader *r, struct slice field)
{
    uint64_t at = (uint64_t)bytes_le32(field, 4) * ISO_SECTOR + bytes_le32(field, 12);
    uint32_t len = bytes_le32(field, 20);
    if (!bytes_has(r->image, at, len) || len > r->continuation_left) {
        r->out->broken = true;
        return (struct slice){0};
    }
    r->continuation_left -= len;
    return slice_sub(r->image, (size_t)at, (size_t)at + len);
}

static void read_field(struct iso_reader *r, struct fields *f, struct slice field,
                       struct iso_rock *rock)
{
    if (is_field(field, "CE"))
        f->continuation = continuation(r, field);
    else if (is_field(field, "NM") && !f->name_over) {
        buf_append(&f->name, slice_from(field, 5));
        f->name_over = !(bytes_u8(field, 4) & NAME_CONTINUES);
    } else if (is_field(field, "ZF"))
        rock->compressed = true;
    else if (is_field(field, "RE"))
        rock->moved = true;
    else if (is_field(field, "CL"))
        rock->child = bytes_le32(field, 4);
}

static void read_area(struct iso_reader *r, struct fields *f, struct iso_rock *rock)
{
    while (f->rest.len >= FIELD_SIZE) {
        size_t len = bytes_u8(f->rest, 2);
        if (len < FIELD_SIZE || len > f->rest.len || is_field(f->rest, "ST"))
            return;
        read_field(r, f, slice_sub(f->rest, 0, len), rock);
        f->rest = slice_from(f->rest, len);
    }
}

static void read_areas(struct iso_reader *r, struct slice area, struct iso_rock *rock)
{
    struct fields f = {.continuation = area, .name = buf_init(NAME_OCTETS)};
    unsigned areas = 0;
    for (; f.continuation.len && areas < AREAS_MAX; areas++) {
        f.rest = f.continuation;
        f.continuation = (struct slice){0};
        read_area(r, &f, rock);
    }
    if (f.continuation.len || f.name.failed)
        r->out->broken = true;
    if (buf_len(&f.name))
        rock->name = arena_copy(r->arena, buf_slice(&f.name));
    buf_release(&f.name);
}

/* The first field of a root says how many octets of each record are somebody else's (SUSP, 5.3). */
static void read_skip(struct iso_reader *r, struct slice system)
{
    if (bytes_are(system, 0, SLICE("SP\7\1\xbe\xef")))
        r->system_skip = bytes_u8(system, 6);
}

struct iso_rock iso_read_rock(struct iso_reader *r, const struct iso_record *record, bool root)
{
    struct iso_rock rock = {0};
    if (record->itself && root)
        read_skip(r, record->system);
    if (!record->itself)
        read_areas(r, slice_from(record->system, r->system_skip), &rock);
    if (!record->itself && r->system_skip && !rock.name.len)
        read_areas(r, record->system, &rock);
    return rock;
}
