/* SPDX-License-Identifier: ISC
 * Starting a family of scanners (filters/scanner/family.h) as a configuration says. */
#ifndef FILTERS_SCANNER_FAMILY_START_H
#define FILTERS_SCANNER_FAMILY_START_H

#include "filters/scanner/scan_job.h"
#include "policy/config.h"

#include <sys/types.h>

enum { FAMILY_ARGUMENTS = 26, FAMILY_TEXTS = 12288 };

/* The command line of a head. Two are the same when their bytes are. */
struct family_command {
    char texts[FAMILY_TEXTS]; /* one NUL-terminated after another */
    size_t used, count;
};

/* "gatepost-scan", ... */
const char *family_program(enum scanner_kind kind);

/* How many workers it has: where the settings do not say, one for each core, and two at least. */
unsigned family_workers(enum scanner_kind kind, const struct settings *settings);

void family_command(enum scanner_kind kind, const struct settings *settings,
                    struct family_command *out);

/* What a family is started with; all stay the caller's. */
struct family_descriptors {
    int queue; /* the receiving end */
    int pages; /* worker_page.h; -1: nobody else looks at them */
    int model; /* the sealed memfd that gatepost-scan knows spam by (filters/spam/spam_model.h); -1 */
};

/* Starts it. Our end of its control socket goes to *control, the caller's. The pid, or -1 with errno. */
pid_t family_start(enum scanner_kind kind, const struct family_command *command,
                   const struct family_descriptors *with, int *control);

#endif
