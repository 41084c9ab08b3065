/* SPDX-License-Identifier: ISC
 * Records as JSON, an object a line, in a file that was opened for appending, and to syslog. */
#ifndef KEEPER_LINES_H
#define KEEPER_LINES_H

#include "common/record.h"

struct lines {
    int fd; /* owned; -1: no file is wanted */
    bool syslog;
    bool half; /* the last line has no end */
    struct buf line;
    uint64_t lost;
};

void lines_begin(struct lines *lines);
void lines_end(struct lines *lines);

/* From now on to this file (taken over). */
void lines_to(struct lines *lines, int fd);

static inline bool lines_wanted(const struct lines *lines)
{
    return lines->fd >= 0 || lines->syslog;
}

void lines_add(struct lines *lines, const struct record *record);

#endif
