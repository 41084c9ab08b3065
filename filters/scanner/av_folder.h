/* SPDX-License-Identifier: ISC
 * Where libclamav may write: as root a tmpfs of the family's own, in a mount namespace of its own,
 * that is also its chroot, with the signatures mounted in it read-only; as anybody else a private
 * folder. Each worker has one folder in it and (by Landlock) no other. */
#ifndef FILTERS_SCANNER_AV_FOLDER_H
#define FILTERS_SCANNER_AV_FOLDER_H

#include "filters/scanner/family.h"

/* In the head as it was started. Sets options->chroot and options->database to what holds after the
 * chroot. False with *reason. */
bool av_folder_make(struct family_options *options, const char **reason);

/* In the head once root is gone: the folder for files that are needed while
 * signatures are loaded. */
const char *av_folder_top(void);

/* In worker `number`: its folder, emptied of what a killed predecessor left. NULL with *reason. */
const char *av_folder_enter(unsigned number, const char **reason);

/* In the head, at its end. */
void av_folder_remove(void);

#endif
