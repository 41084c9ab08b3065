/* SPDX-License-Identifier: ISC
 * Servers behind and the DNS, as all proxies together find them: a line in the log when one goes, and one when it is back. */
#ifndef PARENT_PARENT_TROUBLES_H
#define PARENT_PARENT_TROUBLES_H

#include "common/shared.h"

struct parent;

/* All zero at first. */
struct troubles {
    int64_t look_at;             /* clock_ms */
    int64_t since[SHARED_FATES]; /* seconds since 1970; 0: it is there */
};

/* Looks when that is due. Returns when it is next. */
int64_t troubles_look(struct parent *parent, int64_t now);

#endif
