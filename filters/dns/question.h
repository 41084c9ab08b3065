/* SPDX-License-Identifier: ISC
 * A *question* is one name and type that libunbound has been, or will be, asked for; a *lookup*
 * (lookup.h) is one inquiry's wait for it.
 *
 * libunbound goes on with what is given up (ub_cancel only keeps it from telling the end). So a
 * question without lookups is kept, bounded, until its end is told: its answer gets cached, and who
 * asks again meanwhile joins it. */
#ifndef FILTERS_DNS_QUESTION_H
#define FILTERS_DNS_QUESTION_H

#include "filters/dns/dns_answers.h"
#include "filters/dns/lookup.h"
#include "filters/dns/question_line.h"

struct resolver;

struct question {
    TAILQ_ENTRY(question) chain; /* in its bucket */
    TAILQ_ENTRY(question) line;  /* while queued */
    struct resolver *resolver;
    struct lookup_list lookups;
    enum dns_type type;
    struct question_line *in;
    struct asker asker;
    uint64_t inquiry; /* that asked first */
    int64_t started;  /* clock_ms */
    bool queued;
    char name[]; /* as libunbound is asked */
};

/* NULL: nobody has asked for it, or it is forgotten. */
struct question *question_find(struct resolver *r, const char *name, enum dns_type type);

/* In line, without lookups. NULL: there is no room for it, or the asker has his share. */
struct question *question_new(struct resolver *r, const char *name, enum dns_type type,
                              const struct asker *asker, uint64_t inquiry, bool reserved);

/* What stands in the usual line is asked for by somebody who has a place in the other: else who
 * asked for the name first could make him wait. */
void question_promote(struct question *q, const struct asker *asker);

/* One lookup more waits for it; the last has left it, which may end it. */
void question_join(struct question *q, struct lookup *lookup);
void question_abandon(struct question *q);
/* The same, since nobody has answered in time. */
void question_timed_out(struct question *q);

/* libunbound is asked for all that may be asked now. What it has cached is answered inside. */
void questions_start(struct resolver *r);

void questions_forget_all(struct resolver *r);

#endif
