/* SPDX-License-Identifier: ISC */
#include "parent/parent_args.h"

#include <string.h>
#include <unistd.h>

const char arguments_usage[] = "usage: gatepost [-Fnv] [-c FILE]\n"
                               "  -c FILE  the configuration (" SYSCONFDIR "/gatepost.conf)\n"
                               "  -F       stay in the foreground\n"
                               "  -n       check the configuration, run its tests, and exit\n"
                               "  -v       print the version\n";

struct arguments arguments_parse(int argc, char *const argv[])
{
    struct arguments arguments = {.path = SYSCONFDIR "/gatepost.conf"};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--first-run") == 0)
            return (struct arguments){.want = ARGUMENTS_FIRST_RUN};
    optind = 0; /* glibc: begin anew, also when called twice */
    opterr = 0;
    for (int option; (option = getopt(argc, argv, "+Fnvc:")) != -1;) {
        if (option == 'F')
            arguments.foreground = true;
        else if (option == 'n')
            arguments.want = ARGUMENTS_CHECK;
        else if (option == 'v')
            arguments.want = ARGUMENTS_VERSION;
        else if (option == 'c' && *optarg)
            arguments.path = optarg;
        else
            return (struct arguments){.want = ARGUMENTS_WRONG};
    }
    if (optind < argc)
        arguments.want = ARGUMENTS_WRONG;
    return arguments;
}
