/* SPDX-License-Identifier: ISC
 * The members of a cabinet: unpacked where that is safe, else only named. */
#include "filters/archive/archive_walk.h"
#include "filters/archive/cab_headers.h"

static void give_names(struct archive_walk *walk, const struct cab_headers *h)
{
    for (size_t i = 0; i < h->count && archive_walk_enter(walk); i++) {
        struct archive_member m = {.names = &h->members[i].name,
                                   .name_count = 1,
                                   .declared = h->members[i].size,
                                   .sized = true,
                                   .problem = "unsupported"};
        archive_walk_give(walk, &m);
    }
}

bool archive_cab_list(struct archive_walk *walk, struct slice content)
{
    struct cab_headers h;
    if (!cab_headers_read(walk->scratch, content, walk->budget->limits.entries, &h)) {
        archive_report_add(walk->report, "corrupt");
        return false;
    }
    if (h.truncated)
        archive_report_add(walk->report, "limit: entries");
    if (h.broken || h.volume)
        archive_report_add(walk->report, h.broken ? "corrupt" : "split");
    if (h.unpackable)
        return archive_container_list(walk, UNPACK_CAB, content);
    archive_report_add(walk->report, "unsupported");
    give_names(walk, &h);
    return h.count > 0;
}
