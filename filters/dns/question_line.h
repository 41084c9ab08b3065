/* SPDX-License-Identifier: ISC
 * Where questions wait until libunbound is asked, and how many it may be asked at once. */
#ifndef FILTERS_DNS_QUESTION_LINE_H
#define FILTERS_DNS_QUESTION_LINE_H

#include "filters/dns/question_room.h"

#include <sys/queue.h>

struct question;
TAILQ_HEAD(question_list, question);

/* Questions that have their room together. */
struct question_line {
    struct question_room room;
    struct question_list queue;
    unsigned running, abandoned, queued; /* with lookups, without, not yet asked */
    unsigned sockets;                    /* for those that run and the abandoned */
};

/* What is reserved has a line of its own, of use once the usual one is half full. */
struct question_lines {
    struct question_line usual, reserved;
};

/* `pending`: how many may be under way in the usual line. */
void question_lines_open(struct question_lines *lines, unsigned pending);

/* Sockets for all that may be on its way. */
unsigned question_lines_sockets(const struct question_lines *lines);

/* Questions with lookups, asked or in line. */
unsigned question_lines_pending(const struct question_lines *lines);

bool question_lines_are_empty(const struct question_lines *lines);

/* Where one question more of that asker may wait: what is reserved too where all others do, once its
 * own room is taken. NULL: nowhere. */
struct question_line *question_lines_place(struct question_lines *lines, const struct asker *asker,
                                           bool reserved);

/* The question, which is in none, is the last in line; it takes room there until it is forgotten. */
void question_line_join(struct question_line *line, struct question *q, const struct asker *asker);

/* It waits no longer; its room it has still. */
void question_line_leave(struct question *q);

/* It gives its room back. */
void question_line_forget(const struct question *q);

/* The first in line that may be asked now; NULL: none. */
struct question *question_line_next(const struct question_line *line);

#endif
