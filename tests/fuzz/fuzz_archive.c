/* SPDX-License-Identifier: ISC */
#include "filters/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small limits, so that each run is short; what libarchive itself does is in the build but not
 * instrumented. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool warm;
    if (!warm)
        warm = inspect_warm_up();
    struct arena *arena = arena_new(4 << 20);
    struct archive_limits limits = archive_default_limits();
    limits.total = 4 << 20;
    limits.member = 1 << 20;
    limits.entries = 200;
    struct inspection in = inspection_of(arena, limits);
    struct slice name = SLICE("fuzz.zip");
    inspect_file(&in, &name, 1, (struct slice){(const char *)data, size});
    arena_free(&arena);
    return 0;
}
