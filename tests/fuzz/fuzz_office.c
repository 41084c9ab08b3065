/* SPDX-License-Identifier: ISC */
#include "filters/extension.h"
#include "filters/macros.h"
#include "filters/objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool look(void *ctx, struct slice name, struct slice content)
{
    struct office_findings findings = {0};
    extension_of(ctx, name);
    macros_inspect(ctx, content, &findings);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice content = {(const char *)data, size};
    struct arena *arena = arena_new(16 << 20);
    struct office_findings findings = {0};
    struct object_visitor visitor = {arena, look};
    macros_inspect(arena, content, &findings);
    objects_each(arena, content, &visitor);
    extension_of(arena, content);
    arena_free(&arena);
    return 0;
}
