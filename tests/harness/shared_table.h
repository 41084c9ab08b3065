/* SPDX-License-Identifier: ISC
 * For units: a shared table, each test's own. */
#ifndef TESTS_HARNESS_SHARED_TABLE_H
#define TESTS_HARNESS_SHARED_TABLE_H

#include "common/shared.h"
#include "tests/harness/unit.h"

#include <unistd.h>

static struct shared *shared;

static inline void make_shared(void)
{
    int fd;
    shared = shared_new(&fd);
    assert_non_null(shared);
    close(fd);
}

static inline void free_shared(void)
{
    shared_free(&shared);
}

#define SHARED_TESTS EACH_TEST(make_shared, free_shared)

#endif
