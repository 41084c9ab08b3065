/* SPDX-License-Identifier: ISC */
#include "filters/documents/macros.h"
#include "filters/documents/objects.h"
#include "filters/documents/office_xml.h"
#include "filters/mime/extension.h"
#include "tests/fuzz/target.h"

static bool look(void *ctx, struct slice name, struct slice content)
{
    struct office_findings findings = {0};
    extension_of(ctx, name);
    macros_inspect(ctx, content, &findings);
    return true;
}

FUZZ_WITH_ARENA(content, 16 << 20)
{
    struct office_findings findings = {0};
    struct object_visitor visitor = {arena, look};
    macros_inspect(arena, content, &findings);
    objects_each(arena, content, &visitor);
    office_xml_inspect(arena, content, true, &findings);
    extension_of(arena, content);
}
