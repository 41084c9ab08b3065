/* SPDX-License-Identifier: ISC
 * Records as JSON, an object a line, in a file that was opened for appending, and to syslog. */
#ifndef KEEPER_LINES_H
#define KEEPER_LINES_H

#include "common/record.h"

struct lines {
    int fd;     /* owned; -1: no file is wanted */
    int syslog; /* owned; -1: there is none */
    bool wants_syslog;
    bool half; /* the last line has no end */
    struct buf line;
    uint64_t lost;
};

void lines_begin(struct lines *lines);
void lines_end(struct lines *lines);

/* From now on to this file (taken over). */
void lines_to(struct lines *lines, int fd);

/* And to syslog by this socket of log_syslog_connect (taken over); -1: what was to go there is lost, and told so. */
void lines_to_syslog(struct lines *lines, int fd);

static inline bool lines_wanted(const struct lines *lines)
{
    return lines->fd >= 0 || lines->wants_syslog;
}

void lines_add(struct lines *lines, const struct record *record);

#endif
