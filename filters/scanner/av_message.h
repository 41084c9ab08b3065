/* SPDX-License-Identifier: ISC
 * A whole message for libclamav: as it stands, then each leaf as our own
 * parser finds it, then what RAR archives hold, since libclamav's own reading
 * of mail can be evaded and Debian's knows no RAR. */
#ifndef FILTERS_SCANNER_AV_MESSAGE_H
#define FILTERS_SCANNER_AV_MESSAGE_H

#include "filters/scanner/av_engine.h"
#include "filters/scanner/scan_job.h"

enum { AV_NAMES_MAX = 32 };

struct av_findings {
    struct slice names[AV_NAMES_MAX]; /* distinct; in the arena */
    size_t name_count;
    bool cut;            /* there are more, or something could not be scanned */
    const char *failure; /* of the worst scan that failed; NULL when all went well */
    enum av_verdict how; /* with it */
};

/* Libraries' lazy loads. Once, before the jail; false with *reason. */
bool av_message_warm_up(const char **reason);

/* AV_INFECTED when anything was found, else the gravest failure when anything
 * could not be scanned, else AV_CLEAN. */
enum av_verdict av_message_scan(struct arena *arena, struct slice message,
                                const struct scan_limits *limits, struct av_findings *out);

#endif
