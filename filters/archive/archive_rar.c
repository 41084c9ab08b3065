/* SPDX-License-Identifier: ISC
 * The members of a RAR: libarchive unpacks, our own headers say what it does not: encryption, and
 * the names behind a member that it cannot read. */
#include "filters/archive/archive_walk.h"
#include "filters/archive/rar_headers.h"

/* libarchive and the headers agree in order; how far apart they may get where they do not. */
enum { LOOK_AHEAD = 16 };

static struct rar_member *same_member(struct rar_headers *h, size_t *next, struct slice name)
{
    for (size_t i = *next; i < h->count && i < *next + LOOK_AHEAD; i++)
        if (slice_eq(h->members[i].name, name)) {
            *next = i + 1;
            return &h->members[i];
        }
    return NULL;
}

static void give_unpacked(struct archive_walk *walk, struct unpacker *u,
                          const struct unpack_entry *entry, const struct rar_member *known)
{
    struct archive_member m = {.names = &entry->name,
                               .name_count = 1,
                               .declared = entry->size,
                               .sized = entry->sized,
                               .encrypted = entry->encrypted || (known && known->encrypted),
                               .directory = entry->directory,
                               .link = entry->link};
    struct buf content = buf_init((size_t)walk->budget->limits.member);
    if (m.encrypted)
        m.problem = "encrypted";
    else if (known && known->split)
        m.problem = "split";
    else if (!m.directory && !m.link)
        archive_walk_read(walk, u, false, &content, &m);
    archive_walk_give(walk, &m);
    buf_release(&content);
}

/* What unpacking did not reach. */
static void give_rest(struct archive_walk *walk, const struct rar_headers *h, size_t next,
                      const char *problem)
{
    walk->stopped = false;
    for (size_t i = next; i < h->count && archive_walk_enter(walk); i++) {
        const struct rar_member *known = &h->members[i];
        struct archive_member m = {.names = &known->name,
                                   .name_count = 1,
                                   .declared = known->size,
                                   .sized = true,
                                   .encrypted = known->encrypted,
                                   .directory = known->directory,
                                   .problem = known->encrypted ? "encrypted" : problem};
        archive_walk_give(walk, &m);
    }
}

bool archive_rar_list(struct archive_walk *walk, struct slice content)
{
    struct rar_headers h;
    const char *problem = NULL;
    if (!rar_headers_read(walk->scratch, content, walk->budget->limits.entries, &h))
        return false;
    struct unpacker *u = NULL;
    size_t next = 0;
    if (!h.headers_encrypted)
        u = unpack_open(h.version == 5 ? UNPACK_RAR5 : UNPACK_RAR, SLICE(""), content, &problem);
    struct unpack_entry entry;
    int r = 0;
    while (u && !walk->stopped && (r = unpack_next(u, &entry)) > 0 && archive_walk_enter(walk))
        give_unpacked(walk, u, &entry, same_member(&h, &next, entry.name));
    if (u && r < 0)
        problem = unpack_why(u);
    archive_walk_close(walk, &u);
    give_rest(walk, &h, next, problem ? problem : "unsupported");
    archive_report_add(walk->report, h.encrypted ? "encrypted" : NULL);
    archive_report_add(walk->report, problem);
    archive_report_add(walk->report, h.broken ? "corrupt" : h.volume ? "split" : NULL);
    archive_report_add(walk->report, h.truncated ? "limit: entries" : NULL);
    return walk->members > 0 || h.encrypted;
}
