/* SPDX-License-Identifier: ISC
 * What another program says, without a shell. */
#ifndef CONSOLE_PROGRAM_OUTPUT_H
#define CONSOLE_PROGRAM_OUTPUT_H

#include "base/buf.h"

enum program_end { PROGRAM_FINE, PROGRAM_FAILED, PROGRAM_MISSING, PROGRAM_SAYS_TOO_MUCH };

/* Runs argv[0] (with at most 15 arguments, NULL at their end), which is looked for in the system's folders alone, with an environment of LC_ALL=C alone, and
 * appends its standard output to *out, as much as fits; what it says beside that is dropped. Waits for its end. */
enum program_end program_output(const char *const argv[], struct buf *out);

#endif
