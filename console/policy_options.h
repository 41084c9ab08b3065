/* SPDX-License-Identifier: ISC */
#ifndef CONSOLE_POLICY_OPTIONS_H
#define CONSOLE_POLICY_OPTIONS_H

#include <stdbool.h>

/* [-c FILE | --config FILE]. *path is what was named, else the gateway's own configuration, else
 * NULL: the shipped policy. False: wrong arguments (getopt has said which). */
bool policy_options(int argc, char *argv[], const char **path);

#endif
