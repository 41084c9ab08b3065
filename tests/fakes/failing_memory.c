/* SPDX-License-Identifier: ISC
 * Linked into gatepost and gatepost-proxy for tests/test_no_memory.py (the linker wraps the
 * functions, see the Makefile). The signal SIGRTMIN with a number n lets the n-th allocation of our
 * own code from then on fail, with -n that and all that follow; with 0 none fails any more, and
 * "allocations=N failed=M" is said. What libraries allocate is theirs. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static volatile sig_atomic_t fails_at, for_ever, count, failed;

static bool is_out(void)
{
    count++;
    bool out = fails_at && (for_ever ? count >= fails_at : count == fails_at);
    failed += out;
    if (out)
        errno = ENOMEM;
    return out;
}

void *__wrap_malloc(size_t size)
{
    return is_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return is_out() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return is_out() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return is_out() ? NULL : __real_strndup(s, n);
}

static void obey(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    int n = info->si_value.sival_int;
    char text[80];
    if (n == 0) {
        int len =
            snprintf(text, sizeof text, "allocations=%d failed=%d\n", (int)count, (int)failed);
        ssize_t written = write(STDERR_FILENO, text, (size_t)len);
        (void)written;
    }
    count = failed = 0;
    for_ever = n < 0;
    fails_at = n < 0 ? -n : n;
}

__attribute__((constructor)) static void listen_to_the_test(void)
{
    struct sigaction action = {.sa_sigaction = obey, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
}
