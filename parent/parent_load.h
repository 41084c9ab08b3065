/* SPDX-License-Identifier: ISC
 * A configuration as the parent takes it up: read from the disk, checked, also against this
 * machine, and bundled for the proxies. */
#ifndef PARENT_PARENT_LOAD_H
#define PARENT_PARENT_LOAD_H

#include "parent/parent_tables.h"

struct loaded {
    struct bundle *bundle;
    struct config *config; /* NULL: it cannot be used */
    unsigned tests, failed_tests;
    struct kept_tables kept;
    int signing; /* a memfd of keys for gatepost-sign (common/signing.h); 0: there are none */
};

/* How a configuration follows the one that is served. */
struct succession {
    const struct loaded *before; /* NULL: there is none */
    bool certificates;           /* alone are read anew, with keys; all else is as before */
    struct slice accepted;       /* tables that may shrink: accepts_table */
};

/* Loads, checks and runs the tests of `path`; what is there before has of large files, and has not
 * changed, is shared with it, and tables that have shrunk are kept. What there is to say goes to
 * report.
 * False: unusable. The bundle is there in both cases (it knows the files that were looked at);
 * loaded_free either way. */
bool loaded_read(struct loaded *loaded, const char *path, struct slice hostname,
                 const struct succession *succession, struct buf *report);
void loaded_free(struct loaded *loaded);

#endif
