/* SPDX-License-Identifier: ISC */
#ifndef CONSOLE_PASSWORD_H
#define CONSOLE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of standard input: from a terminal after `prompt`, without being shown. False:
 * none, too long, or one with control characters; that was said. */
bool password_read(const char *prompt, char *out, size_t size);

/* The first line of a file, the same. */
bool password_of_file(const char *path, char *out, size_t size);

#endif
