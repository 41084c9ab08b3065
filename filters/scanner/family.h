/* SPDX-License-Identifier: ISC
 * A scanner family: a head that warms up and supervises, and its workers, forked from it and
 * jailed, that take jobs from one queue. The head never looks at a message; a worker that dies or
 * hangs costs one message and is replaced; one that has served `recycle` messages, has kept more than
 * `growth` of memory, or met anything odd, makes room for a fresh one.
 *
 *   starter --3 control-->  head --fork--> worker 0..N-1
 *           --4 queue------------------------^  (scan_job.h; all workers share it)
 *
 * Answers go on channels (scan_channels.h) that the head is told of and passes on, or on a socket that
 * came with the job.
 *
 * The family ends when its control socket does. gatepost-scan, gatepost-av and gatepost-qr each
 * are one. */
#ifndef FILTERS_SCANNER_FAMILY_H
#define FILTERS_SCANNER_FAMILY_H

#include "base/sandbox.h"
#include "filters/scanner/scan_job.h"

enum {
    FAMILY_CONTROL_FD = 3,
    FAMILY_QUEUE_FD,
    FAMILY_EXTRA_FD, /* with --pages and --model: the first of them */
    FAMILY_EXTRA_LAST,
    FAMILY_WORKERS_MAX = 256
};

enum family_message {
    FAMILY_NONE,
#define FAMILY_MESSAGE(id, from, payload, doc) FAMILY_##id,
#include "filters/scanner/family_messages.def"
#undef FAMILY_MESSAGE
};

/* --workers N --recycle MESSAGES --growth KIB --timeout MS --user NAME --chroot FOLDER
 * --database FOLDER --pages DESCRIPTOR --model DESCRIPTOR --log-to WORD --log-format WORD --log-level WORD */
struct family_options {
    unsigned workers, recycle, timeout;
    unsigned growth;           /* KiB */
    unsigned pages;            /* worker_page.h; 0: the head makes them */
    unsigned model;            /* 0: there is none */
    const char *user, *chroot; /* only as root */
    const char *database;
    const char *log_to, *log_format, *log_level;
};

enum family_outcome {
    FAMILY_ANSWERED,
    FAMILY_ANSWERED_ODDLY, /* the answer stands, but the worker is replaced */
    /* No answer, *reason says why; the worker is replaced. In the order of enum scan_failing. */
    FAMILY_REFUSED,
    FAMILY_REFUSED_BY_IT,
    FAMILY_REFUSED_ALWAYS,
};

/* What differs between families.
 * False with *reason anywhere means that the family or the worker cannot serve. */
struct family {
    const char *name;
    enum jail jail;
    uint64_t memory; /* bytes a worker may have beyond what the head has */
    size_t arena;    /* bytes of a message's arena */
    /* In the head, before privileges go. May replace options->chroot and options->database. */
    bool (*prepare)(struct family_options *options, const char **reason);
    /* In the head, after they are gone; workers inherit what it loads. */
    bool (*warm_up)(const struct family_options *options, const char **reason);
    /* In worker `number` before its jail; *folder is what the jail may use, NULL for nothing. */
    bool (*enter)(unsigned number, const char **folder, const char **reason);
    /* In the jailed worker before its first job. */
    bool (*check)(const char **reason);
    /* message.ptr is NULL when the job came without one. */
    enum family_outcome (*scan)(struct arena *arena, struct slice message,
                                const struct scan_job *job, struct scan_answer *answer,
                                const char **reason);
    /* In the head at its end. NULL: nothing to do (as for the others above but `scan`). */
    void (*finish)(void);
};

/* What `scan` is for a family whose work is a pure function of message and job, false when there was
 * too little memory: within the CPU time that the job gives. */
enum family_outcome
family_examine(bool (*examine)(struct arena *arena, struct slice message,
                               const struct scan_job *job, struct scan_answer *answer),
               struct arena *arena, struct slice message, const struct scan_job *job,
               struct scan_answer *answer, const char **reason);

/* The whole program. Returns its exit status. */
int family_main(const struct family *family, int argc, char *argv[]);

#endif
