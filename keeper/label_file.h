/* SPDX-License-Identifier: ISC
 * The labels of a build, as gatepost-learn is given them. They are written piece by piece, as there may be
 * hundreds of megabytes, and others wait for the keeper. */
#ifndef KEEPER_LABEL_FILE_H
#define KEEPER_LABEL_FILE_H

#include "keeper/labels.h"

struct label_file;

/* Of all up to that number those that label_choose has chosen; *left_out find no room (label_fit). `labels`
 * must outlive it. NULL with *reason. */
struct label_file *label_file_new(struct labels *labels, uint64_t until, uint32_t *left_out,
                                  const char **reason);
void label_file_free(struct label_file **file); /* NULL is fine */

enum label_file_step { LABEL_FILE_MORE, LABEL_FILE_DONE, LABEL_FILE_FAILED };

/* Writes some; *reason where it failed. */
enum label_file_step label_file_go_on(struct label_file *file, const char **reason);

/* Once it is done: a sealed memfd of struct learn_item, the caller's, *count of them. */
int label_file_take(struct label_file *file, uint32_t *count);

#endif
