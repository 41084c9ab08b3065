/* SPDX-License-Identifier: ISC
 * The files of a CD, each once: those that begin at the same place and are as long are the same. */
#include "filters/archive/iso_internal.h"
#include "filters/mime/bytes.h"
#include "filters/mime/params.h"

enum { FLAG_MORE = 1 << 7 };

/* Where the files are listed that begin at `sector`. */
static uint32_t *slot_of(struct iso_reader *r, uint64_t sector, const struct iso_file *file)
{
    size_t i = (size_t)((sector * 0x9e3779b97f4a7c15 + file->size) >> 20);
    for (;; i++) {
        uint32_t *slot = &r->slots[i & r->slot_mask];
        const struct iso_file *known = *slot ? &r->out->files[*slot - 1] : NULL;
        if (!known ||
            (known->size == file->size && known->content.octets.ptr == file->content.octets.ptr))
            return slot;
    }
}

/* What is told of the one is so of the other. False when there is no room for a name. */
static bool add_all_names(struct iso_file *known, const struct iso_file *file)
{
    size_t count = known->name_count;
    for (size_t i = 0; i < file->name_count; i++) {
        if (count == ISO_NAMES_MAX)
            return false;
        count = slice_add_distinct(known->names, count, ISO_NAMES_MAX, file->names[i]);
    }
    known->name_count = count;
    if (!known->problem)
        known->problem = file->problem;
    return true;
}

void iso_list_file(struct iso_reader *r, uint64_t sector, const struct iso_file *file)
{
    /* Empty files may all be said to be at the same place. */
    uint32_t *slot = file->content.octets.len ? slot_of(r, sector, file) : NULL;
    if (slot && *slot && add_all_names(&r->out->files[*slot - 1], file))
        return;
    if (r->out->count == r->max) {
        r->out->truncated = true;
        return;
    }
    r->out->files[r->out->count++] = *file;
    if (slot)
        *slot = (uint32_t)r->out->count;
}

static void add_extent(struct iso_reader *r, struct iso_open_file *f,
                       const struct iso_record *record)
{
    uint64_t start = (uint64_t)record->sector * ISO_SECTOR;
    struct slice octets = slice_sub(r->image, (size_t)start, (size_t)(start + record->size));
    f->file.size += record->size;
    if (octets.len < record->size)
        f->file.problem = "corrupt";
    if (f->last && f->last->octets.ptr + f->last->octets.len == octets.ptr) {
        f->last->octets.len += octets.len;
        return;
    }
    struct iso_piece *piece = f->last ? arena_alloc(r->arena, sizeof *piece) : &f->file.content;
    if (!piece)
        return;
    piece->octets = octets;
    if (f->last)
        f->last->next = piece;
    f->last = piece;
}

void iso_end_file(struct iso_reader *r)
{
    if (!r->current.open)
        return;
    r->current.file.problem = "corrupt";
    iso_list_file(r, r->current.sector, &r->current.file);
    r->current.open = false;
}

void iso_read_file(struct iso_reader *r, const struct iso_folder *in,
                   const struct iso_record *record, const struct iso_rock *rock)
{
    struct iso_open_file *f = &r->current;
    if (f->open && !slice_eq(f->name, record->name))
        iso_end_file(r);
    if (!f->open) {
        *f = (struct iso_open_file){.name = record->name, .sector = record->sector, .open = true};
        iso_add_names(r, in, record->name, rock->name, &f->file);
    }
    if (record->odd || rock->compressed)
        f->file.problem = "unsupported";
    add_extent(r, f, record);
    if (record->flags & FLAG_MORE)
        return;
    f->open = false;
    iso_list_file(r, f->sector, &f->file);
}
