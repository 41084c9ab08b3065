/* SPDX-License-Identifier: ISC */
#include "filters/files/inspect.h"
#include "tests/fuzz/target.h"

FUZZ_WARM_UP()
{
    return inspect_warm_up();
}

static struct passwords *find_passwords(void *ctx)
{
    static struct passwords passwords;
    (void)ctx;
    passwords = passwords_none();
    passwords.tries = 20;
    passwords_read(&passwords, SLICE("password: a1b"));
    return &passwords;
}

/* Small limits, so that each run is short;
 * what libarchive itself does is in the build but not instrumented. */
FUZZ_WITH_ARENA(input, 4 << 20)
{
    struct archive_limits limits = archive_default_limits();
    limits.total = 4 << 20;
    limits.member = 1 << 20;
    limits.entries = 200;
    struct inspection in = inspection_of(arena, limits);
    struct slice name = SLICE("fuzz.zip");
    in.passwords = find_passwords;
    inspect_file(&in, &name, 1, input);
}
