/* SPDX-License-Identifier: ISC
 * gatepostctl policy check: errors of a configuration,
 * or for each rule when it can act and why not before. */
#include "console/command.h"
#include "console/configuration.h"
#include "console/policy_options.h"

#include <stdio.h>

static void say_rule(const struct rule_info *rule)
{
    printf("%.*s:%u: %srule \"%.*s\" acts at [%s]\n", SLICE_ARGS(rule->file), rule->line,
           rule->observe ? "observe " : "", SLICE_ARGS(rule->name), phase_word(rule->acts_at));
    if (rule->why_later.len)
        printf("    %.*s\n", SLICE_ARGS(rule->why_later));
}

int command_policy_check(int argc, char *argv[])
{
    const char *path;
    struct configuration configuration;
    if (!policy_options(argc, argv, &path))
        return command_usage("policy check [-c FILE]");
    if (!configuration_open(path, &configuration))
        return STATUS_ERROR;
    const struct policy *policy = configuration.config->policy;
    size_t count = policy_rule_count(policy);
    for (size_t i = 0; i < count; i++) {
        struct rule_info rule = policy_rule_info(policy, i);
        say_rule(&rule);
    }
    printf("%zu rule%s, no errors\n", count, count == 1 ? "" : "s");
    configuration_close(&configuration);
    return STATUS_FINE;
}
