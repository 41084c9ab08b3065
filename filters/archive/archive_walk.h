/* SPDX-License-Identifier: ISC
 * What the listers of single formats share:
 * the budget, how a member is read within it, how it is handed out. */
#ifndef FILTERS_ARCHIVE_ARCHIVE_WALK_H
#define FILTERS_ARCHIVE_ARCHIVE_WALK_H

#include "filters/archive/archive.h"
#include "filters/archive/unpack.h"

struct archive_walk {
    struct arena *scratch;
    struct archive_budget *budget;
    const struct archive_visitor *visitor;
    struct archive_report *report;
    struct slice name; /* of the archive */
    uint64_t packed;   /* its size */
    uint64_t unpacked; /* what it gave so far */
    size_t members;    /* handed out so far */
    size_t position;   /* where the last unpacker was when it was closed */
    /* What looks like a zip may be an accident of a document's layout (an embedded file, cut in
     * sectors): what cannot be read of it is no trouble. */
    bool lenient;
    struct slice password; /* that opened a member */
    bool locked;           /* none of those that there are did */
    bool stopped;          /* by the visitor or by a limit of the whole */
};

/* Is a true type an archive's or a compressed file's? Then *format tells what reads it, UNPACK_NONE:
 * nothing here does. */
bool archive_kind(struct slice type, enum unpack_format *format);

/* Counts one member; false (and stopped, with the limit reported) when there were too many. */
bool archive_walk_enter(struct archive_walk *walk);

/* Counts unpacked bytes; false when a limit is hit. */
bool archive_walk_charge(struct archive_walk *walk, uint64_t bytes);

/* Reads the unpacker's current member into `content` and fills m->content, complete and problem.
 * Without `skips`, an unwanted rest is unpacked nevertheless (and counted), because the format must
 * do that anyway to reach the next member. */
void archive_walk_read(struct archive_walk *walk, struct unpacker *unpacker, bool skips,
                       struct buf *content, struct archive_member *m);

/* Closes an unpacker, and keeps its position. */
void archive_walk_close(struct archive_walk *walk, struct unpacker **unpacker);

/* Hands a member out and adds its troubles to the report. */
void archive_walk_give(struct archive_walk *walk, struct archive_member *m);

/* The members of a zip. False when `content` holds none. */
bool archive_zip_list(struct archive_walk *walk, struct slice content);

/* The members of a RAR; false when nothing could be read of it. */
bool archive_rar_list(struct archive_walk *walk, struct slice content);

/* The members of a cabinet; false when nothing could be read of it. */
bool archive_cab_list(struct archive_walk *walk, struct slice content);

/* The members of a CD's image; false when it has no descriptor. */
bool archive_iso_list(struct archive_walk *walk, struct slice content);

/* The members of a container that libarchive reads; false when nothing could be read of it. */
bool archive_container_list(struct archive_walk *walk, enum unpack_format format,
                            struct slice content);

/* The members of a container of any format; as those above. */
bool archive_any_list(struct archive_walk *walk, enum unpack_format format, struct slice content);

/* The members of archives that begin anywhere in `content`, which is of a type that is none. False
 * when there are none. */
bool archive_hidden_list(struct archive_walk *walk, struct slice type, struct slice content);

/* The one member of a compressed file. */
void archive_stream_list(struct archive_walk *walk, enum unpack_format format,
                         struct slice content);

#endif
