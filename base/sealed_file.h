/* SPDX-License-Identifier: ISC
 * Making a memfd that nobody can change any more (base/sealed_map.h looks into it). */
#ifndef BASE_SEALED_FILE_H
#define BASE_SEALED_FILE_H

#include "base/slice.h"

/* A new one, the caller's; -1 with errno. */
int sealed_file_new(const char *name);
/* Appends. False with errno. */
bool sealed_file_add(int file, struct slice octets);
/* From here on it stays as it is. False with errno. */
bool sealed_file_end(int file);

/* One with these octets: -1 with errno. */
int sealed_file_of(const char *name, struct slice octets);

#endif
