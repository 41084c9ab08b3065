/* SPDX-License-Identifier: ISC
 * What a header says of the talk that it belongs to: Message-IDs lie in the block, within bounds, and are what
 * they were when they are read again alone. */
#include "filters/mime/letter.h"
#include "tests/fuzz/target.h"

#include <stdio.h>

static bool lies_in(struct slice block, struct slice id)
{
    return id.ptr >= block.ptr && id.ptr + id.len <= block.ptr + block.len;
}

static void reads_again(struct slice id)
{
    char text[LETTER_ID_MOST + 32];
    int len = snprintf(text, sizeof text, "Message-ID: %.*s\r\n", SLICE_ARGS(id));
    require(slice_eq(letter_id((struct slice){text, (size_t)len}), id));
}

static bool anybody(void *ctx, struct slice domain)
{
    struct slice *block = ctx;
    require(lies_in(*block, domain));
    return true;
}

FUZZ(input)
{
    struct slice ids[LETTER_ANSWERS_MOST];
    size_t count = letter_answers(input, ids);
    require(count <= LETTER_ANSWERS_MOST);
    for (size_t i = 0; i < count; i++) {
        require(lies_in(input, ids[i]) && ids[i].len > 2 && ids[i].len <= LETTER_ID_MOST);
        reads_again(ids[i]);
    }
    struct slice answered = letter_answered(input);
    require((answered.len > 0) == (count > 0));
    require(count == 0 || lies_in(input, answered));
    (void)letter_is_automatic(input);
    (void)letter_is_from(input, anybody, &input);
}
