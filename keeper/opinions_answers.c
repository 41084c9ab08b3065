/* SPDX-License-Identifier: ISC */
#include "keeper/opinions_answers.h"

enum { SENT_MOST = 1000 };

struct telling {
    struct client *client;
    struct buf item;
    bool fits;
};

static bool tell(void *ctx, const struct opinion *opinion)
{
    struct telling *telling = ctx;
    buf_clear(&telling->item);
    opinion_pack(&telling->item, opinion);
    telling->fits =
        !telling->item.failed && client_item(telling->client, buf_slice(&telling->item));
    return telling->fits;
}

/* Page by page: who asks goes on behind the last that he got. */
static void show(struct client *client, struct slice address, uint64_t above,
                 struct opinions *opinions)
{
    struct telling telling = {.client = client, .item = buf_init(4096), .fits = true};
    const char *reason = NULL;
    bool ok = opinions_each(opinions, address, above, SENT_MOST, tell, &telling, &reason);
    client_end(client, !ok ? reason : telling.fits ? NULL : "the answer is too large");
    buf_release(&telling.item);
}

bool answer_opinions(struct client *client, const struct ipc_message *question,
                     struct opinions *opinions)
{
    struct unpack in = {.left = question->payload};
    if (question->type != CONTROL_OPINIONS)
        return false;
    uint64_t above = unpack_u64(&in);
    struct slice address = unpack_slice(&in);
    if (!unpack_done(&in))
        client_end(client, "not a question");
    else if (!opinions)
        client_end(client, "no opinions are kept (history enabled, history opinions)");
    else
        show(client, address, above, opinions);
    return true;
}
