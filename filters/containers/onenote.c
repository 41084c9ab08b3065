/* SPDX-License-Identifier: ISC */
#include "filters/containers/onenote.h"

#include "filters/containers/onenote_names.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"
#include "filters/mime/params.h"

#include <stdlib.h>
#include <string.h>

/* What a file begins with: a section, a table of contents. */
#define SECTION SLICE("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3")
#define CONTENTS SLICE("\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f")
/* Its form: as OneNote writes it, or packaged for a server. */
#define STORE SLICE("\x3f\xdd\x9a\x10\x1b\x91\xf5\x49\xa5\xd0\x17\x91\xed\xc8\xae\xd8")
#define PACKAGE SLICE("\x2f\xe9\x8d\x63\xd4\xa6\xc1\x4b\x9a\x36\xb3\xfc\x25\x11\xa5\xb7")
/* Around a file (2.6.13). */
#define HEADER SLICE("\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac")
#define FOOTER SLICE("\x22\xa7\xfb\x71\x79\x0f\x0b\x4a\xbb\x13\x89\x92\x56\x42\x6b\x24")
/* In front of the keys of a section with a password (2.5.19). */
#define ENCRYPTION SLICE("\x67\xa0\xd1\xda\x85\xa3\x6b\xfb")

enum {
    SECTION_HEADER = 1024,
    FORM_AT = 48,
    LENGTH_AT = 196, /* of the whole, as it should be */
    DATA_AT = 36,
    PADDING_MAX = 8,
    FILE_OCTETS = 64, /* that one counts for */
};

bool onenote_is(struct slice content)
{
    return slice_starts(content, SECTION) || slice_starts(content, CONTENTS);
}

/* ---- the files */

static void read_file(struct slice content, size_t at, size_t next, struct onenote_file *out)
{
    uint64_t len = bytes_le64(content, at + HEADER.len);
    *out = (struct onenote_file){.at = at, .damaged = true};
    if (bytes_has(content, at + DATA_AT, len)) {
        size_t end = at + DATA_AT + (size_t)len;
        struct slice behind = slice_sub(content, end, end + PADDING_MAX + FOOTER.len);
        out->damaged = slice_search(behind, FOOTER) == behind.len;
    }
    out->content = out->damaged ? slice_sub(content, at + DATA_AT, next)
                                : slice_sub(content, at + DATA_AT, at + DATA_AT + (size_t)len);
}

/* One may lie in another: what refers to them decides which is meant, so both count. */
static bool find_files(struct arena *arena, struct slice content, size_t max, struct onenote *out)
{
    size_t room = 0, at = slice_search(content, HEADER);
    while (at < content.len && !out->cut) {
        size_t next = at + 1 + slice_search(slice_from(content, at + 1), HEADER);
        struct onenote_file *files =
            arena_grow(arena, out->files, out->count, &room, sizeof *files);
        if (!files)
            return false;
        out->files = files;
        out->cut = out->count == max || cpu_budget_spent(FILE_OCTETS);
        if (!out->cut)
            read_file(content, at, next, &files[out->count++]);
        at = next;
    }
    return true;
}

/* ---- their names */

static int by_place(const void *a, const void *b)
{
    const struct onenote_reference *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_guid(const void *a, const void *b)
{
    const struct onenote_declaration *x = a, *y = b;
    return memcmp(x->guid, y->guid, sizeof x->guid);
}

static int compare_objects(struct onenote_object a, struct onenote_object b)
{
    if (a.list != b.list)
        return a.list < b.list ? -1 : 1;
    return a.number < b.number ? -1 : a.number > b.number;
}

static int by_object(const void *a, const void *b)
{
    const struct onenote_name *x = a, *y = b;
    return compare_objects(x->object, y->object);
}

/* Those that were joined first. */
static int by_name(const void *a, const void *b)
{
    const struct onenote_name *x = a, *y = b;
    int order = slice_cmp(x->name, y->name);
    return order ? order : y->joined - x->joined;
}

/* The first element of a sorted list that is not less than `key`. */
static size_t first_of(const void *list, size_t count, size_t size, const void *key,
                       int (*compare)(const void *, const void *))
{
    size_t from = 0, to = count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare((const char *)list + middle * size, key) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool add_name(struct onenote_file *f, struct slice name)
{
    size_t count = f->n_names;
    f->n_names = slice_add_distinct(f->names, count, ONENOTE_NAMES_MAX, name);
    return f->n_names > count || count < ONENOTE_NAMES_MAX;
}

/* An extension alone, under the file's number. */
static void add_extension(struct arena *arena, struct onenote_file *f, size_t number,
                          struct slice extension)
{
    if (extension.len == 0)
        return;
    struct slice stem = arena_printf(arena, "file%zu", number);
    struct slice dot = slice_starts(extension, SLICE(".")) ? SLICE("") : SLICE(".");
    struct slice name = ARENA_JOIN(arena, stem, dot, extension);
    if (stem.ptr && name.ptr)
        add_name(f, name);
}

static void join_names(struct onenote_told *told, struct onenote_object object,
                       struct onenote_file *f)
{
    struct onenote_name key = {.object = object};
    size_t i = first_of(told->names, told->n_names, sizeof key, &key, by_object);
    for (; i < told->n_names && compare_objects(told->names[i].object, object) == 0; i++) {
        if (!onenote_step(told, sizeof key))
            return;
        told->names[i].joined = add_name(f, told->names[i].name);
        f->attached = true;
    }
}

/* From a file's place to its GUID, to the objects that hold it, to what they are attached as. */
static void join(struct arena *arena, struct onenote_told *told, struct onenote *out, size_t number)
{
    struct onenote_file *f = &out->files[number];
    struct onenote_reference place = {.at = f->at};
    size_t r = first_of(told->references, told->n_references, sizeof place, &place, by_place);
    for (; r < told->n_references && told->references[r].at == f->at; r++) {
        struct onenote_declaration key = {0};
        memcpy(key.guid, told->references[r].guid, sizeof key.guid);
        size_t d = first_of(told->declarations, told->n_declarations, sizeof key, &key, by_guid);
        for (; d < told->n_declarations && by_guid(&told->declarations[d], &key) == 0; d++) {
            if (!onenote_step(told, sizeof key))
                return;
            join_names(told, told->declarations[d].object, f);
            add_extension(arena, f, number + 1, told->declarations[d].extension);
        }
    }
}

static void sort(void *list, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(list, count, size, compare);
}

/* The names that no file got. */
static void list_rest(struct arena *arena, struct onenote_told *told, struct onenote *out)
{
    sort(told->names, told->n_names, sizeof *told->names, by_name);
    out->names = arena_array(arena, told->n_names + 1, sizeof *out->names);
    for (size_t i = 0; out->names && i < told->n_names; i++) {
        const struct onenote_name *n = &told->names[i];
        bool known = i > 0 && slice_eq(n->name, told->names[i - 1].name);
        if (!known && !n->joined)
            out->names[out->n_names++] = n->name;
    }
}

static bool name_files(struct arena *arena, struct slice content, struct onenote *out)
{
    struct onenote_told told;
    if (!onenote_read_names(arena, content, &told))
        return false;
    sort(told.references, told.n_references, sizeof *told.references, by_place);
    sort(told.declarations, told.n_declarations, sizeof *told.declarations, by_guid);
    sort(told.names, told.n_names, sizeof *told.names, by_object);
    for (size_t i = 0; i < out->count; i++)
        join(arena, &told, out, i);
    list_rest(arena, &told, out);
    out->broken = out->broken || told.broken;
    return !arena_failed(arena);
}

bool onenote_list(struct arena *arena, struct slice content, size_t max, struct onenote *out)
{
    bool store = bytes_are(content, FORM_AT, STORE) && content.len >= SECTION_HEADER &&
                 bytes_le64(content, LENGTH_AT) <= content.len;
    *out = (struct onenote){
        .packaged = bytes_are(content, FORM_AT, PACKAGE),
        .encrypted = slice_search(content, ENCRYPTION) < content.len,
    };
    out->broken = !store && !out->packaged;
    return find_files(arena, content, max, out) && name_files(arena, content, out);
}
