/* SPDX-License-Identifier: ISC */
#include "proxy/examine/spool.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char bytes[300000];

static void fill(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31 + i / 257);
}

/* What is appended in steps comes out, in memory and in the memfd, which nobody can change. */
static void round_trip(size_t size, size_t step)
{
    struct spool *spool = spool_new(0);
    for (size_t at = 0; at < size; at += step)
        assert_true(spool_append(spool, slice_sub((struct slice){bytes, size}, at, at + step)));
    assert_int_equal(spool_size(spool), size);
    assert_true(slice_eq(spool_bytes(spool), (struct slice){bytes, size}));
    int fd = spool_fd(spool);
    assert_true(fd >= 0);
    assert_int_equal(spool_fd(spool), fd);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, size);
    char *got = malloc(size + 1);
    assert_int_equal(pread(fd, got, size + 1, 0), size);
    assert_memory_equal(got, bytes, size);
    free(got);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(size ? ftruncate(fd, 0) : -1, -1);
    assert_int_equal(ftruncate(fd, (off_t)size + 1), -1);
    assert_ptr_equal(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_true(slice_eq(spool_bytes(spool), (struct slice){bytes, size}));
    spool_free(&spool);
    assert_null(spool);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

TEST(test_what_goes_in_comes_out_sealed)
{
    fill();
    static const size_t sizes[] = {0, 1, 32767, 32768, 32769, 65536, 300000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        round_trip(sizes[i], 7);
        round_trip(sizes[i], 1000);
        round_trip(sizes[i], 20000);
        round_trip(sizes[i], 32768);
        round_trip(sizes[i], sizeof bytes);
    }
    struct spool *none = NULL;
    spool_free(&none);
}

TEST(test_what_lies_with_somebody_else_comes_out_and_is_copied_for_others_alone)
{
    fill();
    struct slice lent = {bytes, 100000};
    struct spool *spool = spool_over(lent);
    assert_int_equal(spool_size(spool), lent.len);
    assert_ptr_equal(spool_bytes(spool).ptr, bytes);
    char *got = malloc(lent.len);
    assert_int_equal(pread(spool_fd(spool), got, lent.len, 0), lent.len);
    assert_memory_equal(got, bytes, lent.len);
    assert_ptr_equal(spool_bytes(spool).ptr, bytes);
    free(got);
    spool_free(&spool);
}

static void limit_files(rlim_t most)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(test_half_a_message_is_never_handed_out)
{
    struct spool *spool = spool_new(0);
    fill();
    assert_true(spool_append(spool, (struct slice){bytes, 20000}));
    signal(SIGXFSZ, SIG_IGN);
    limit_files(8192);
    int first = spool_fd(spool), second = spool_fd(spool);
    limit_files(RLIM_INFINITY);
    assert_int_equal(first, -1);
    assert_int_equal(second, -1);
    int fd = spool_fd(spool);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, 20000);
    spool_free(&spool);
}

TEST(test_a_spool_that_lost_a_part_stays_broken)
{
    struct spool *spool = spool_new(0);
    fill();
    assert_true(spool_append(spool, (struct slice){bytes, 30000}));
    assert_true(spool_append(spool, (struct slice){bytes, 10000}));
    signal(SIGXFSZ, SIG_IGN);
    limit_files(32768);
    int first = spool_fd(spool);
    limit_files(RLIM_INFINITY);
    assert_int_equal(first, -1);
    assert_int_equal(spool_fd(spool), -1);
    assert_null(spool_bytes(spool).ptr);
    spool_free(&spool);
}

/* How often this process has called write. */
static unsigned long writes(void)
{
    unsigned long n = 0;
    char line[64];
    FILE *file = fopen("/proc/self/io", "r");
    if (!file)
        skip();
    while (fgets(line, sizeof line, file) && sscanf(line, "syscw: %lu", &n) != 1)
        ;
    fclose(file);
    return n;
}

TEST(test_an_octet_is_no_system_call)
{
    struct spool *spool = spool_new(0);
    unsigned long before = writes();
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_true(spool_append(spool, (struct slice){bytes + i, 1}));
    assert_true(writes() - before < 20);
    spool_free(&spool);
}
