/* SPDX-License-Identifier: ISC */
#include "console/command.h"

#include <stdio.h>

int command_usage(const char *synopsis)
{
    fprintf(stderr, "usage: gatepostctl %s\n", synopsis);
    return STATUS_ERROR;
}

int command_error(const char *what, const char *why)
{
    fprintf(stderr, "gatepostctl: %s: %s\n", what, why);
    return STATUS_ERROR;
}
