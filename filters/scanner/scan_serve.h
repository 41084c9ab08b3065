/* SPDX-License-Identifier: ISC
 * The scanner's side of a family's queue: takes jobs, and answers. */
#ifndef FILTERS_SCANNER_SCAN_SERVE_H
#define FILTERS_SCANNER_SCAN_SERVE_H

#include "filters/scanner/scan_channels.h"
#include "filters/scanner/scan_job.h"

/* Where the answer goes. */
struct scan_reply {
    int sock;
    uint64_t number;
    struct scan_channel *channel; /* NULL: the socket is this answer's alone */
};

struct scan_taken {
    struct scan_job job;
    struct slice octets; /* of the message, until the next job is taken; ptr NULL: none, or in */
    int file;            /* this; -1 */
    struct scan_address address;
    struct scan_reply reply; /* to be completed where the answer goes on a channel (sock -1) */
};

/* Takes the next job (texts in arena, or as long as out->octets). 1 got one, 0 none now (only when
  * !wait, or behind a packet without octets, which is what a queue that somebody has shut gives as well), -1 with errno. Malformed jobs are dropped on the way. */
int scan_take(int queue, bool wait, struct arena *arena, struct scan_taken *out);

/* Closes what came with it. */
void scan_taken_end(struct scan_taken *taken);

/* Answers. What does not fit SCAN_ANSWER_MAX is left out and says so:
 * a list is cut, a text becomes unknown. A large one is sent as fast as it is collected. It is given
 * no descriptor: the kernel may refuse those for all that others of this user have under way. False:
 * nobody listens, or there is no memory. */
bool scan_answer(const struct scan_reply *reply, const struct scan_job *job,
                 const struct scan_answer *answer);
/* It could not be scanned: the facts are unknown. failure->died is not told. */
bool scan_refuse(const struct scan_reply *reply, const struct scan_failure *failure);
/* The same in a signal's handler: it waits for nobody, and takes no memory. */
void scan_refuse_at_once(const struct scan_reply *reply, const struct scan_failure *failure);

#endif
