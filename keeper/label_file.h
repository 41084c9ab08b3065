/* SPDX-License-Identifier: ISC
 * The labels of a build, as gatepost-learn is given them. */
#ifndef KEEPER_LABEL_FILE_H
#define KEEPER_LABEL_FILE_H

#include "keeper/labels.h"

/* A sealed memfd, the caller's, of those that label_choose has chosen of all up to that number (struct
 * learn_item), *count of them; *left_out find no room (label_fit). -1 with *reason. */
int label_file(struct labels *labels, uint64_t until, uint32_t *count, uint32_t *left_out,
               const char **reason);

#endif
