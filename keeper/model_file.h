/* SPDX-License-Identifier: ISC
 * A model as a file of the keeper's: what is known of it, itself, its predictions, and a digest of all. */
#ifndef KEEPER_MODEL_FILE_H
#define KEEPER_MODEL_FILE_H

#include "keeper/models.h"

enum {
    MODEL_FILE_MOST = LEARN_MODEL_MOST + LEARN_LABELS_MOST * LEARN_PREDICTION + 4096,
};

/* Writes it beside `path`, and gives it that name in the folder once it is on the disk. False with *reason,
 * and nothing is left of it. */
bool model_file_write(const char *folder, const char *path, struct slice octets,
                      const char **reason);

/* False: out of memory. */
bool model_file_pack(struct buf *out, const struct model_entry *entry, struct slice model,
                     struct slice predictions);

struct model_file {
    struct model_entry entry;
    struct slice model, predictions;
    char *octets; /* owned */
};

/* False with *reason: it is not there, is damaged, or of another version (spam_features.h). Else model_file_close gives it back. */
bool model_file_read(const char *path, struct model_file *out, const char **reason);
void model_file_close(struct model_file *file);

/* The same of octets that become its own (free()), also when it is none. */
bool model_file_open(char *octets, size_t len, struct model_file *out, const char **reason);

#endif
