/* SPDX-License-Identifier: ISC
 * From a policy to jobs for the scanners, and from their answers to facts: what the proxy and
 * gatepostctl do alike. No sockets here. */
#ifndef FILTERS_PIPELINE_H
#define FILTERS_PIPELINE_H

#include "filters/scanner/scan_job.h"
#include "policy/config.h"

/* Whether this configuration needs scanners of this kind. */
bool pipeline_needs(const struct config *config, enum scanner_kind kind);

/* The part of a job that is the same for every message: what the rules want to know, and the
 * limits. Names of headers are those of the policy's keys that are headers, in that order; they
 * live in the arena; false when it is full. */
bool pipeline_job(const struct config *config, struct arena *arena, struct scan_job *out);

/* A scanner's answer counts only for the facts that are its own. Headers go to their places in
 * facts->keyed, which stays as it is otherwise. */
void pipeline_merge(const struct policy *policy, struct facts *facts, enum scanner_kind kind,
                    const struct scan_answer *answer);

/* No answer: what that scanner would have told, and is not known yet, is unknown. */
void pipeline_fail(const struct policy *policy, struct facts *facts, enum scanner_kind kind);
/* The same, and it would fail each time: what of it is unknown will stay so, and among the attachments
 * is something that cannot be looked into. */
void pipeline_never(const struct policy *policy, struct facts *facts, enum scanner_kind kind);

/* The antivirus, or reading of codes, is switched off: its facts are absent, which is neither clean
 * nor unknown. */
void pipeline_without(struct facts *facts, enum producer producer);

#endif
