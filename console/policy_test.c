/* SPDX-License-Identifier: ISC
 * gatepostctl policy test: runs the test blocks of a configuration. */
#include "console/command.h"
#include "console/configuration.h"
#include "console/policy_options.h"

#include <stdio.h>

enum { REPORT_MAX = 4 * 1024 * 1024 };

int command_policy_test(int argc, char *argv[])
{
    const char *path;
    struct configuration configuration;
    if (!policy_options(argc, argv, &path))
        return command_usage("policy test [-c FILE]");
    if (!configuration_open(path, &configuration))
        return STATUS_ERROR;
    struct buf report = buf_init(REPORT_MAX);
    unsigned total = 0, failed = config_run_tests(configuration.config, &total, &report);
    struct slice text = buf_slice(&report);
    if (text.len)
        fwrite(text.ptr, 1, text.len, stdout);
    printf("%u test%s, %u failed\n", total, total == 1 ? "" : "s", failed);
    buf_release(&report);
    configuration_close(&configuration);
    return failed ? STATUS_ERROR : STATUS_FINE;
}
