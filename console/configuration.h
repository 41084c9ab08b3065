/* SPDX-License-Identifier: ISC
 * A configuration read from the disk by whoever runs gatepostctl. Only rules and settings matter
 * here: certificates and keys are not opened. */
#ifndef CONSOLE_CONFIGURATION_H
#define CONSOLE_CONFIGURATION_H

#include "policy/config.h"

struct configuration {
    struct config *config;
    struct file_list *files; /* the texts that config points into */
    bool shipped;            /* no file was named: the policy that Gatepost ships */
};

/* Loads `path`; NULL: the shipped policy alone, from etc/ beside the build folder or from the
 * system's. What there is to say (errors, warnings) goes to stderr. False: unusable. */
bool configuration_open(const char *path, struct configuration *out);

/* The gateway's own configuration file where there is one, else NULL. */
const char *configuration_standard(void);

void configuration_close(struct configuration *configuration);

#endif
