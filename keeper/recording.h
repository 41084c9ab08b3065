/* SPDX-License-Identifier: ISC
 * Records as the keeper's program takes them in: into the history, committed for many at once, and as
 * lines; and what the history needs done from time to time. */
#ifndef KEEPER_RECORDING_H
#define KEEPER_RECORDING_H

#include "keeper/history.h"
#include "keeper/lines.h"

#include <event2/event.h>

struct recording;

struct recording_options {
    bool history; /* one is kept, in the folder that we are in */
    struct history_bounds bounds;
    bool syslog;       /* lines go there as well, */
    int syslog_socket; /* by this (lines_to_syslog) */
};

/* NULL with *reason. */
struct recording *recording_new(struct event_base *base, const struct recording_options *options,
                                const char **reason);
void recording_free(struct recording **recording); /* commits */

/* Records as a proxy has sent them (KEEPING_RECORDS); their times are mended in the octets. */
void recording_take(struct recording *recording, char *octets, size_t len);

/* One of our own. */
void recording_add(struct recording *recording, const struct record *record);

/* What was added counts: now, or soon. */
void recording_commit(struct recording *recording);
void recording_commit_soon(struct recording *recording);

struct history *recording_history(struct recording *recording); /* NULL: none is kept */
struct lines *recording_lines(struct recording *recording);

#endif
