/* SPDX-License-Identifier: ISC
 * Sections of OneNote: whatever is declared, files lie in the input, and no more names come than
 * there is room for. */
#include "filters/containers/onenote.h"
#include "filters/containers/onenote_names.h"
#include "tests/fuzz/target.h"

enum { FILES_MAX = 1000 };

static void require_within(struct slice part, struct slice whole)
{
    require(part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
                              part.ptr + part.len <= whole.ptr + whole.len));
}

FUZZ_WITH_ARENA(raw, 16 << 20)
{
    struct onenote section;
    struct onenote_told told;
    onenote_is(raw);
    if (onenote_read_names(arena, raw, &told))
        require(told.steps <= 4 * (uint64_t)raw.len);
    if (!onenote_list(arena, raw, FILES_MAX, &section))
        return;
    require(section.count <= FILES_MAX);
    for (size_t i = 0; i < section.count; i++) {
        require_within(section.files[i].content, raw);
        require(section.files[i].n_names <= ONENOTE_NAMES_MAX);
    }
    for (size_t i = 0; i < section.n_names; i++)
        require(section.names[i].len > 0);
}
