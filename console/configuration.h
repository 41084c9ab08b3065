/* SPDX-License-Identifier: ISC
 * A configuration read from the disk by whoever runs gatepostctl. Only rules and settings matter
 * here: certificates and keys are not opened. */
#ifndef CONSOLE_CONFIGURATION_H
#define CONSOLE_CONFIGURATION_H

#include "policy/config.h"

struct configuration {
    struct config *config;
    struct file_list *files; /* the texts that config points into */
    const char *path;        /* NULL: no file was named, it is the policy that Gatepost ships */
};

/* Loads `path`; NULL: the shipped policy alone, from etc/ beside the build folder or from the
 * system's. What there is to say (errors, warnings) goes to stderr. False: unusable. */
bool configuration_open(const char *path, struct configuration *out);

/* The gateway's own configuration file where there is one, else NULL. */
const char *configuration_standard(void);

/* Which one it is, for people: its path, or that it is the shipped policy, and why. */
struct slice configuration_name(const struct configuration *configuration, struct arena *arena);

void configuration_close(struct configuration *configuration);

#endif
