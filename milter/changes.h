/* SPDX-License-Identifier: ISC
 * What a mail server is to do with a message, as a proxy says it (common/milter.h), done by libmilter. */
#ifndef MILTER_CHANGES_H
#define MILTER_CHANGES_H

#include "common/milter.h"

#include <libmilter/mfapi.h>

/* Recipients whom a proxy has a tag for, as the mail server named them. */
struct tagged {
    struct tagged *next;
    char tag[24];
    char parameters[512]; /* those of RCPT that hold for any address of his: " NOTIFY=NEVER" */
    char address[];
};

/* `lines`: those before the last of a 250, each with LF; they are written over. The answer to the mail server: SMFIS_CONTINUE,
 * SMFIS_DISCARD, or, when they are not as told there or cannot be followed, SMFIS_TEMPFAIL. */
sfsistat changes_follow(SMFICTX *ctx, char *lines, const struct tagged *tagged);

#endif
