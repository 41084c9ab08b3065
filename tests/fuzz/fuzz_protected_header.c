/* SPDX-License-Identifier: ISC
 * Header fields within signatures: a header is never said to differ from itself. Dictionary and
 * first inputs lie beside. */
#include "filters/mime/words.h"
#include "filters/protected_header.h"
#include "tests/fuzz/target.h"

FUZZ_WARM_UP()
{
    words_warm_up();
    return true;
}

enum { ARENA = 64 << 20 };

FUZZ_WITH_ARENA(input, ARENA)
{
    struct mime_message message;
    struct protected_header inner;
    unsigned differs;
    if (!mime_parse(arena, input, &mime_limits_default, &message) ||
        !protected_header_find(arena, &message, &inner) || !inner.block.ptr)
        return;
    if (protected_header_differs(arena, message.parts[0].headers, &inner, &differs))
        require(differs < 1U << SHOWN_COUNT);
    if (protected_header_differs(arena, inner.block, &inner, &differs))
        require(differs == 0);
}
