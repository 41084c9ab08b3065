/* SPDX-License-Identifier: ISC
 * The sibling programs as they were when this one started. An upgrade puts others in their place, and what a parent says to its
 * children (raw structures among it) is for those of its own version: until it ends itself it starts no others. */
#ifndef BASE_OWN_PROGRAM_H
#define BASE_OWN_PROGRAM_H

#include <stdbool.h>

enum { OWN_PROGRAM_PATH = 4096 };

/* Keeps hold of a sibling (process_sibling), for as long as this process lives; of one that is not there, of nothing. */
void own_program_hold(const char *program);

/* Where to execute it: where siblings are, or, when another has come into its place, by our hold of it. False with errno. */
bool own_program_path(const char *program, char out[static OWN_PROGRAM_PATH]);

#endif
