/* SPDX-License-Identifier: ISC
 * A message that is signed as what leaves is, and goes nowhere: the keeper asks for one, a proxy of the
 * configuration that serves makes it. One at a time; whoever asked hears what came of it. What a keeper asked
 * for that is gone is forgotten. */
#ifndef PARENT_PARENT_SAMPLE_H
#define PARENT_PARENT_SAMPLE_H

#include "base/slice.h"

#include <sys/types.h>

struct parent;

struct sample {
    uint32_t number;
    pid_t pid;     /* who makes it; 0: nobody */
    pid_t keeper;  /* for whom */
    int64_t until; /* then it is given up */
};

/* What the keeper has asked for. */
void sample_begin(struct parent *parent, int64_t now);

/* MESSAGE_SAMPLED of this process. False: it was not asked, or for another. */
bool sample_heard(struct parent *parent, pid_t pid, struct slice payload);
void sample_died(struct parent *parent, pid_t pid);

/* Gives up what is late. Returns when to look again; 0: not by time. */
int64_t sample_settle(struct parent *parent, int64_t now);

#endif
