/* SPDX-License-Identifier: ISC
 * New keys: their selectors, told by the date, and their files, which are never written over. */
#ifndef CONSOLE_DKIM_DKIM_NEW_H
#define CONSOLE_DKIM_DKIM_NEW_H

#include "console/dkim/dkim_row.h"

/* The next of "2026a", "2026b" ... in this year for which neither the configuration (NULL: none) has
 * a key of the domain, nor a file is in the folder. ptr NULL: there is none left, or no memory. */
struct slice dkim_new_selector(const struct config *config, struct arena *arena,
                               struct slice domain, struct slice folder);

/* FOLDER/DOMAIN.SELECTOR.pem; ptr NULL: no memory. */
struct slice dkim_new_path(struct arena *arena, struct slice folder, struct slice domain,
                           struct slice selector);

/* Makes a key, writes it to row->path, a new file for the caller alone, and reads it. False: why was
 * said. */
bool dkim_new_key(struct dkim_row *row, enum dkim_algorithm algorithm, unsigned bits,
                  struct arena *arena);

#endif
