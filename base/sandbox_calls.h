/* SPDX-License-Identifier: ISC
 * For base/sandbox*.c only: tables of system calls. */
#ifndef BASE_SANDBOX_CALLS_H
#define BASE_SANDBOX_CALLS_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

enum { COMPARISONS_MAX = 3, SOCKET_TYPE_MASK = 0xf };

/* A call that is allowed, when the comparisons of its arguments hold. */
struct call {
    int nr;
    unsigned comparison_count;
    struct scmp_arg_cmp comparisons[COMPARISONS_MAX];
};

#define CALL(name)                                                                                 \
    {                                                                                              \
        .nr = SCMP_SYS(name)                                                                       \
    }
#define CALL_IF(name, ...)                                                                         \
    {                                                                                              \
        .nr = SCMP_SYS(name),                                                                      \
        .comparison_count =                                                                        \
            sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp),            \
        .comparisons = {                                                                           \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ARGUMENT(n, ...)                                                                           \
    {                                                                                              \
        .arg = (n), __VA_ARGS__                                                                    \
    }
#define EQUALS(value) .op = SCMP_CMP_EQ, .datum_a = (value)
#define MASKED(mask, value) .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value)
#define WITHOUT_EXEC(n) ARGUMENT(n, MASKED(PROT_EXEC, 0))

#define TABLE(calls) calls, sizeof(calls) / sizeof *(calls)

/* 0, or minus an errno. */
int sandbox_add_calls(scmp_filter_ctx filter, uint32_t action, const struct call *calls,
                      size_t count);

#endif
