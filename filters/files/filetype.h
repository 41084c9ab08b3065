/* SPDX-License-Identifier: ISC
 * What a file truly is, whatever its name or declared type says: own signatures for what a policy
 * or an unpacker must be sure of, libmagic for all else. */
#ifndef FILTERS_FILES_FILETYPE_H
#define FILTERS_FILES_FILETYPE_H

#include "base/arena.h"

/* Loads libmagic's database. Once a process, before the jail; false when there is none to load. */
bool filetype_warm_up(void);

/* The media type, such as "application/x-dosexec";
 * "application/octet-stream" when nothing is known of it (or filetype_warm_up() was not called),
 * "inode/x-empty" for no bytes. A constant or in `arena`.
 * Looks at the first 64 KiB, at known places, and at the directories of zip and OLE2 files. */
struct slice filetype_of(struct arena *arena, struct slice content);

/* The same without libmagic, which takes about half a millisecond: own signatures, "text/xml",
 * "text/plain" and "application/octet-stream". For the thousandth file of a message. */
struct slice filetype_quick(struct arena *arena, struct slice content);

/* The type by our own signatures alone; empty when none fits. Needs no warm-up. */
struct slice filetype_by_signature(struct slice content);

#endif
