/* SPDX-License-Identifier: ISC
 * Messages under a server's rights: encrypted, when they are what they begin as. */
#include "filters/archive/unpack.h"
#include "filters/containers/rpmsg.h"
#include "filters/cpu_budget.h"
#include "filters/documents/ole.h"
#include "filters/files/inspect_internal.h"

enum { BLOCK_OCTETS = 8192 }; /* that opening one counts for */

static bool unpack_blocks(struct rpmsg *rpmsg, struct buf *out)
{
    struct slice zlib;
    bool whole = true;
    while (whole && !out->failed && rpmsg_next(rpmsg, &zlib) && !cpu_budget_spent(BLOCK_OCTETS))
        unpack_zlib(zlib, out, &whole);
    return whole && rpmsg->rest.len == 0;
}

static bool is_encrypted(struct slice compound)
{
    struct arena *arena = arena_new((1 << 20) + 8 * compound.len);
    struct ole ole;
    bool found = arena && ole_open(arena, compound, &ole) && ole_find(&ole, RPMSG_ENCRYPTED);
    arena_free(&arena);
    return found;
}

/* What is no such message in truth is looked at as what it is. */
static void add_content(struct level *level, struct slice content)
{
    static const struct slice name = SLICE("content");
    inspect_note_problem(level->file, "corrupt");
    if (content.len == 0 || inspect_too_deep(level) || !inspect_charge(level, 1, content.len))
        return;
    level->file->archive = true;
    struct inspected_file *file = inspect_add(level, &name, 1, content.len);
    if (file)
        inspect_look_inside(level->inspection, file, content);
}

void inspect_rpmsg(struct level *level, struct slice content)
{
    const char *limit;
    struct rpmsg rpmsg;
    struct buf unpacked = buf_init((size_t)inspect_room(level, content.len, &limit));
    if (!rpmsg_open(content, &rpmsg))
        return;
    bool whole = unpack_blocks(&rpmsg, &unpacked);
    inspect_note_problem(level->file, unpacked.failed ? limit : NULL);
    if (whole && is_encrypted(buf_slice(&unpacked)))
        inspect_note_problem(level->file, "encrypted");
    else
        add_content(level, buf_slice(&unpacked));
    buf_release(&unpacked);
}
