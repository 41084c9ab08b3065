/* SPDX-License-Identifier: ISC
 * What the DNS and a scanner can tell about a client, a sender and a message: which question comes
 * next, and what follows from the answers. One for all who ask: a session, gatepostctl. Pure: its
 * owner looks names up and asks the scanner, and tells the study what has come of it. */
#ifndef FILTERS_STUDY_H
#define FILTERS_STUDY_H

#include "filters/scanner/scan_job.h"
#include "policy/config.h"

/* How far a question has come. */
enum learning { UNASKED, LEARNING, LEARNT };

struct study {
    const struct config *config;
    struct arena *arena;
    struct facts *facts;         /* with a place for each of policy_keys */
    struct dns_answers *answers; /* what the DNS has said so far; NULL: it cannot be asked */
    struct scan_sender from;     /* who brings it; `now` is the owner's to keep */
    uint64_t suspended;          /* a bit for each of config->blocklists that is not asked */
    /* Looks these up for that producer. Answers that are at hand go into `answers` at once: returns
     * how many are still to come. The owner calls study_advance when they are there. */
    unsigned (*look_up)(void *ctx, enum producer whose, const struct dns_wanted *wanted,
                        size_t count);
    void *ctx;
    bool spf_waits; /* SPF is asked of a scanner with the message only */
    enum learning about[PRODUCER_COUNT];
    bool in_job[PRODUCER_COUNT]; /* whose facts the latest job asks for */
};

/* Its facts are to be found out, by the study or (study_known) by somebody else. */
void study_want(struct study *study, enum producer producer);
/* They are there, or unknown: those that need them can go on. */
void study_known(struct study *study, enum producer producer);
/* What is not there is unknown; nothing when it was not asked, or is learnt. */
void study_give_up(struct study *study, enum producer producer);

/* Goes on with all that the DNS alone can tell, as far as that is possible without waiting. */
void study_advance(struct study *study);

/* Whether a scanner is to be asked about the sender, once no answer of the DNS is awaited. With the
 * message it is asked for DKIM, ARC and DMARC as well. */
bool study_asks_scanner(const struct study *study, bool with_message);
/* What it is asked: the job's spf, authentication, from and dns. */
void study_describe(struct study *study, bool with_message, struct scan_job *job);
/* A job that asks nothing about the sender, but names him. */
void study_describe_none(struct study *study, struct scan_job *job);
/* Its answer to that job, after pipeline_merge: what it wants to know of the DNS is looked up, and
 * it is to be asked again. */
void study_hear(struct study *study, const struct scan_answer *answer);
/* There is no answer. */
void study_scanner_failed(struct study *study);

/* Nothing that is first known at `phase` or before is still being found out. */
bool study_done(const struct study *study, enum phase phase);

#endif
