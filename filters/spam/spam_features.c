/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_features.h"

#include "filters/spam/spam_cells.h"

struct making {
    struct spam_cells set;
    struct spam_vector_writer writer;
    uint8_t room[SPAM_VECTOR_MAX];
};

static void take(void *ctx, uint32_t cell, enum spam_token token, struct slice text)
{
    struct making *making = ctx;
    (void)token;
    (void)text;
    spam_cells_add(&making->set, cell);
}

static void end_section(void *ctx)
{
    struct making *making = ctx;
    spam_cells_sort(&making->set);
    spam_vector_add(&making->writer, making->set.cells, making->set.count);
    making->set.count = 0;
}

bool spam_features(struct arena *arena, const struct spam_source *source,
                   const struct spam_key *key, struct slice *vector)
{
    struct making making; /* on the stack, as clearing it would cost more than all else */
    making.set.count = 0;
    spam_vector_begin(&making.writer, making.room);
    struct spam_sink sink = {take, end_section, &making};
    bool whole = spam_tokens(arena, source, key, &sink);
    end_section(&making);
    *vector = arena_copy(arena, spam_vector_end(&making.writer));
    return whole && vector->ptr;
}
