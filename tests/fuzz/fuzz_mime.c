/* SPDX-License-Identifier: ISC
 * A message: parsed, every leaf decoded, From read; ranges must lie in the message. */
#include "filters/containers/tnef.h"
#include "filters/mime/address.h"
#include "filters/mime/headers.h"
#include "filters/mime/mime.h"
#include "tests/fuzz/target.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

static bool count(void *context, struct slice piece)
{
    *(size_t *)context += piece.len;
    return true;
}

static void check_part(const struct mime_message *m, const struct mime_part *part,
                       struct arena *arena)
{
    struct malformations odd = {{0}};
    struct slice content;
    size_t streamed = 0;
    bool cut;
    if (part->parent >= (int)part->index || part->type.len == 0)
        abort();
    if (part->in_message && (part->body.from > part->body.to || part->body.to > m->raw.len ||
                             part->header.to > part->body.from))
        abort();
    if (part->in_message && part->content.ptr != m->raw.ptr + part->body.from)
        abort();
    if (!mime_decode(part, arena, SIZE_MAX, &content, &cut, &odd))
        return;
    mime_decode_to(part, count, &streamed, &odd);
    if (!cut && streamed != content.len)
        abort();
}

FUZZ_WITH_ARENA(raw, ARENA_MAX)
{
    struct mime_message m;
    struct header from;
    struct addresses list;
    if (mime_parse(arena, raw, &mime_limits_default, &m))
        for (size_t i = 0; i < m.n; i++)
            check_part(&m, &m.parts[i], arena);
    if (headers_find(headers_block(raw, NULL), SLICE("From"), 0, &from))
        addresses_parse(arena, from.value, 20, &list);
}
