/* SPDX-License-Identifier: ISC */
#include "console/policy_options.h"

#include "console/configuration.h"

#include <getopt.h>
#include <stddef.h>

bool policy_options(int argc, char *argv[], const char **path)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {NULL, 0, NULL, 0}};
    *path = configuration_standard();
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c != 'c')
            return false;
        *path = optarg;
    }
    return optind == argc;
}
