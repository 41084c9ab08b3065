/* SPDX-License-Identifier: ISC
 * What would become of banners: as a proxy does it, with the places that a scanner has found. */
#include "console/trial.h"

#include <sys/mman.h>

bool trial_banner(struct trial *e, bool differ)
{
    const struct verdict *v = &e->verdict;
    e->banners_differ = differ;
    if (!banner_is_given(v) || e->message < 0 || e->size == 0)
        return true;
    void *map = mmap(NULL, e->size, PROT_READ, MAP_PRIVATE, e->message, 0);
    if (map == MAP_FAILED)
        return false;
    struct slice message = {map, e->size};
    struct banner_input input = {.message = message,
                                 .eight_bit = !slice_is_ascii(message),
                                 .sites = &e->banners,
                                 .edits = v->edits,
                                 .edit_count = v->edit_count,
                                 .differ = differ,
                                 .parts = e->parts,
                                 .part_count = e->part_count};
    e->banner = arena_alloc(e->arena, sizeof *e->banner);
    bool done = e->banner && banner_edits(e->arena, &input, e->banner);
    munmap(map, e->size);
    return done;
}
