/* SPDX-License-Identifier: ISC
 * The keeper as a process: what it has, and what the parent and it say to each other. */
#ifndef KEEPER_PROGRAM_H
#define KEEPER_PROGRAM_H

#include "keeper/control.h"
#include "keeper/learning.h"
#include "keeper/listed.h"
#include "keeper/opinions.h"
#include "keeper/quarantine.h"
#include "keeper/recording.h"
#include "keeper/reload_answers.h"
#include "keeper/sample_answers.h"
#include "keeper/scrape.h"

struct program {
    struct event_base *base;
    struct event *control, *queue, *wake, *lists, *say;
    struct recording *recording;
    struct quarantine *quarantine;            /* NULL: nothing can be held */
    struct listed *listed;                    /* NULL: they cannot be kept */
    struct opinions *opinions;                /* NULL: there are none */
    struct learning *learning;                /* NULL: nothing is learnt */
    struct labels_bounds labels;              /* count 0: nothing is to be */
    struct learning_share share;              /* with whom; no socket: with nobody */
    struct seal_key learn_key;                /* that its vectors are sealed to */
    unsigned char learn_secret[LEARN_SHARED]; /* that is shared is sealed with */
    bool has_learn_key;
    const char *gateway;
    /* The parent wants an end, or is gone: writes what is queued, and exits. `alone`: so are the proxies. */
    void (*end)(struct program *p, bool alone);
    struct control *console;
    struct scrapes *scrapes;
    /* What the parent is to hear: that somebody asks for them; lists and model as they are now. */
    bool asks_status, asks_metrics, asks_sessions, new_lists, new_model;
    struct reloads reloads;
    struct samples samples;
    bool takes;       /* what is queued: it knows where lines go */
    int64_t said_at;  /* clock_ms */
    unsigned nothing; /* was heard so often in a row */
};

/* The parent is told soon what is marked in it; however often somebody asks, it is left in peace. Fits event_new. */
void parent_talk_soon(struct program *p);
void parent_talk_say(evutil_socket_t fd, short what, void *program);

/* Takes one message of the parent's, if there is one. */
void parent_talk_hear(struct program *p, bool wait);

#endif
