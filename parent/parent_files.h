/* SPDX-License-Identifier: ISC
 * Files of the configuration that change on the disk: which are taken up by themselves (reload
 * automatic), and that others wait. */
#ifndef PARENT_PARENT_FILES_H
#define PARENT_PARENT_FILES_H

#include "parent/parent_load.h"
#include "parent/parent_watch.h"

struct configuration_files {
    struct watch certificates, others; /* certificates: and keys */
    bool waiting;                      /* some have changed since they were read */
};

/* Watches the files that `loaded` was made of, or was to be; `current` (NULL: nothing) is served.
 * `certificates`: only those were read. */
void files_watch(struct configuration_files *files, const struct loaded *loaded,
                 const struct config *current, bool certificates);

enum files_change { FILES_STAY, FILES_CERTIFICATES, FILES_ANY };

/* One look: what is to be read anew by itself, under this configuration. What has to wait is
 * logged, once. */
enum files_change files_look(struct configuration_files *files, const struct config *config);

void files_free(struct configuration_files *files);

#endif
