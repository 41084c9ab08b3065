/* SPDX-License-Identifier: ISC
 * Any message has a vector that can be read, the same each time. */
#include "filters/links/links.h"
#include "filters/spam/spam_features.h"
#include "filters/text/message_text.h"
#include "tests/fuzz/target.h"

static struct slice make(struct arena *arena, const struct spam_source *source)
{
    static const struct spam_key key = {{1, 2}};
    struct slice vector;
    require(spam_features(arena, source, &key, &vector));
    return vector;
}

FUZZ_WITH_ARENA(in, 64 << 20)
{
    struct mime_message message;
    struct value text, domains;
    struct spam_vector opened;
    if (!mime_parse(arena, in, &mime_limits_default, &message))
        return;
    require(message_text(arena, &message, &text, NULL));
    struct links *links = links_new(arena, &message, LINKS_TEXT_MAX);
    require(links);
    links_list_too(links, LINK_SOURCE_FILE);
    links_in_message(links, &message);
    struct value listed = links_listed(links);
    links_end(&links, &domains);
    struct spam_source source = {&message, &text, &listed};
    struct slice vector = make(arena, &source);
    require(spam_vector_open(vector, &opened));
    require(slice_eq(vector, make(arena, &source)));
}
