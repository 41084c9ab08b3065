/* SPDX-License-Identifier: ISC */
#include "proxy/proxy.h"

#include <stdio.h>
#include <sys/random.h>

bool proxy_learn_policy(struct proxy *proxy)
{
    const struct policy *policy = proxy->config->policy;
    for (size_t i = 0; i < policy_rule_count(policy); i++) {
        struct rule_info rule = policy_rule_info(policy, i);
        for (enum phase phase = rule.acts_at; phase <= PHASE_MESSAGE; phase++)
            proxy->acts_at[phase] = true;
    }
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        proxy->scans[kind] = pipeline_needs(proxy->config, (enum scanner_kind)kind);
    return pipeline_job(proxy->config, proxy->config->arena, &proxy->job);
}

void proxy_new_id(struct proxy *proxy, char out[static 24])
{
    static uint32_t process;
    if (process == 0 && getrandom(&process, sizeof process, 0) != (ssize_t)sizeof process)
        process = 1;
    snprintf(out, 24, "%08x%llx", process, (unsigned long long)(0x1000 + proxy->next_id++));
}
