/* SPDX-License-Identifier: ISC */
#include "keeper/listed_answers.h"

#include "base/clock.h"

enum { SENT_MOST = 1000 };

struct telling {
    struct client *client;
    struct buf item;
    bool fits;
};

static bool tell(void *ctx, const struct list_entry *entry)
{
    struct telling *telling = ctx;
    buf_clear(&telling->item);
    list_entry_pack(&telling->item, entry);
    telling->fits =
        !telling->item.failed && client_item(telling->client, buf_slice(&telling->item));
    return telling->fits;
}

/* Page by page: who asks goes on behind the last that he got. */
static void show(struct client *client, uint64_t above, struct listed *listed)
{
    struct telling telling = {.client = client, .item = buf_init(IPC_PAYLOAD_MAX), .fits = true};
    const char *reason = NULL;
    bool ok = listed_each(listed, above, SENT_MOST, tell, &telling, &reason);
    client_end(client, !ok ? reason : telling.fits ? NULL : "the answer is too large");
    buf_release(&telling.item);
}

/* What holds for everybody is an admin's. */
static bool may(const struct client *client, struct slice scope)
{
    return client_role(client) == ROLE_ADMIN || scope.len > 0;
}

static const char *add(struct client *client, struct list_entry *entry, struct listed *listed)
{
    char room[32];
    const char *reason = "out of memory";
    entry->author = client_name(client, room);
    entry->added = clock_wall();
    if (!list_entry_fits(entry))
        return "that is no sender, or nobody it could be for";
    if (!may(client, entry->scope))
        return "only admins may list a sender for everybody";
    return listed_add(listed, entry, &reason) ? NULL : reason;
}

static const char *take_out(struct client *client, uint64_t number, struct listed *listed)
{
    struct list_entry entry;
    const char *reason = "out of memory";
    if (!listed_get(listed, number, &entry))
        return "there is none of that number";
    if (!may(client, entry.scope))
        return "only admins may take out what is listed for everybody";
    return listed_remove(listed, number, &reason) ? NULL : reason;
}

static bool is_about_lists(const struct ipc_message *question)
{
    return question->type == CONTROL_LIST || question->type == CONTROL_LIST_ADD ||
           question->type == CONTROL_LIST_REMOVE;
}

static bool read_number(const struct ipc_message *question, uint64_t *number)
{
    struct unpack in = {.left = question->payload};
    *number = unpack_u64(&in);
    return unpack_done(&in);
}

bool answer_listed(struct client *client, const struct ipc_message *question, struct listed *listed,
                   bool *changed)
{
    struct list_entry entry;
    uint64_t number;
    const char *reason = "not a question";
    *changed = false;
    if (!is_about_lists(question))
        return false;
    if (!listed)
        reason = "the lists cannot be kept";
    else if (question->type == CONTROL_LIST && read_number(question, &number)) {
        show(client, number, listed);
        return true;
    } else if (question->type == CONTROL_LIST_ADD && list_entry_unpack(question->payload, &entry))
        reason = add(client, &entry, listed);
    else if (question->type == CONTROL_LIST_REMOVE && read_number(question, &number))
        reason = take_out(client, number, listed);
    *changed = !reason;
    client_end(client, reason);
    return true;
}
