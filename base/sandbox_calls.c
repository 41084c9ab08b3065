/* SPDX-License-Identifier: ISC */
#include "base/sandbox_calls.h"

int sandbox_add_calls(scmp_filter_ctx filter, uint32_t action, const struct call *calls,
                      size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        result = seccomp_rule_add_array(filter, action, calls[i].nr, calls[i].comparison_count,
                                        calls[i].comparisons);
    return result;
}
