/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_walk.h"

bool spam_tokens(struct arena *arena, const struct spam_source *source, const struct spam_key *key,
                 const struct spam_sink *sink)
{
    struct spam_walk walk = {arena, source, key, sink, false};
    spam_take(&walk, SPAM_TOKEN_BIAS, SLICE(""));
    spam_walk_header(&walk);
    spam_walk_links(&walk);
    spam_walk_shape(&walk);
    spam_walk_text(&walk);
    return !walk.full;
}
