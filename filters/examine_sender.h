/* SPDX-License-Identifier: ISC
 * Who sent a message: SPF, DKIM, ARC and DMARC of one job, and the facts that are made of them. */
#ifndef FILTERS_EXAMINE_SENDER_H
#define FILTERS_EXAMINE_SENDER_H

#include "filters/scanner/scan_job.h"
#include "filters/sender/arc.h"
#include "filters/sender/author.h"
#include "filters/sender/dkim.h"
#include "filters/sender/dmarc.h"
#include "filters/sender/spf.h"

/* What the evaluators found out. */
struct sender_findings {
    struct arena *arena;
    struct dns_answers *dns;
    const struct scan_job *job;
    struct slice message;
    struct author author;
    struct spf_outcome spf, helo;
    struct dkim_outcome dkim;
    struct arc_outcome arc;
    struct dmarc dmarc;
    bool missed; /* one of them lacks an answer */
};

/* Fills the facts of spf.*, and of dkim, dmarc.* and arc.*, as far as the job asks for them; or
 * out->wanted, when an answer is missing. False when the arena is full. */
bool examine_sender(struct arena *arena, struct slice message, const struct scan_job *job,
                    struct scan_answer *out);

/* Its second half. */
bool sender_facts(const struct sender_findings *found, struct facts *facts);

#endif
