/* SPDX-License-Identifier: ISC
 * The files that are written into a calendar (iCalendar: ATTACH, RFC 5545 3.8.1.1) or a card
 * (vCard: PHOTO, LOGO, SOUND, KEY, RFC 6350 6.2.4): in base64, quoted-printable, or as data: URIs. */
#ifndef FILTERS_CONTAINERS_CALENDAR_H
#define FILTERS_CONTAINERS_CALENDAR_H

#include "filters/containers/content_lines.h"

enum { CALENDAR_NAMES_MAX = 8 };

struct calendar {
    struct content_lines lines;
    char *room;    /* for one decoded file, its name before it */
    bool unclosed; /* no END came behind a file so far: one of which the end is missing */
};

struct calendar_file {
    struct slice names[CALENDAR_NAMES_MAX]; /* distinct; that of the property when there is none */
    size_t n_names;
    struct slice content;
};

/* Is it a calendar or a card by how it begins? A few lines of something else may stand before. */
bool calendar_is(struct slice content);

/* Begins to read. False when the arena has no room for twice the content. */
bool calendar_open(struct arena *arena, struct slice content, struct calendar *out);

/* The next file, valid until the next call. False when there are no more, or the time is spent. */
bool calendar_next(struct calendar *calendar, struct calendar_file *out);

#endif
