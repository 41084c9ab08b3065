/* SPDX-License-Identifier: ISC */
#include "parent/parent_sample.h"

#include "parent/parent_slot.h"

#include <stdio.h>

enum { GRACE_MS = 2000 /* beyond what the proxy has */ };

static bool is_for_this_keeper(const struct parent *parent)
{
    return parent->sample.keeper == parent->keeper.process.pid;
}

static void over(struct parent *parent, const char *reason, struct slice message)
{
    parent->sample.pid = 0;
    if (is_for_this_keeper(parent))
        keeper_tell_sample(&parent->keeper, reason, message);
}

static struct slot *find_server(struct parent *parent)
{
    const struct generation *current = parent->current;
    for (unsigned number = 0; current && number < current->slot_count; number++) {
        struct slot *slot = &current->slots[number];
        if (slot->pid != 0 && slot->state == PROXY_SERVING)
            return slot;
    }
    return NULL;
}

static bool ask(struct parent *parent, struct slot *slot)
{
    struct buf payload = buf_init(SAMPLE_DOMAIN_MAX + 16);
    const struct keeper *keeper = &parent->keeper;
    pack_u32(&payload, ++parent->sample.number);
    pack_slice(&payload, (struct slice){keeper->sample_of, keeper->sample_of_len});
    bool sent = !payload.failed && slot_send(slot, MESSAGE_SAMPLE, buf_slice(&payload), -1);
    buf_release(&payload);
    return sent;
}

/* A keeper that asks again and again must not bury a proxy under it. */
void sample_begin(struct parent *parent, int64_t now)
{
    parent->keeper.asks_sample = false;
    if (parent->sample.pid != 0 && is_for_this_keeper(parent)) {
        keeper_tell_sample(&parent->keeper, "another is being made; try again", SLICE(""));
        return;
    }
    struct slot *slot = find_server(parent);
    parent->sample.keeper = parent->keeper.process.pid;
    if (!slot || !ask(parent, slot)) {
        over(parent, "no proxy serves now", SLICE(""));
        return;
    }
    parent->sample.pid = slot->pid;
    parent->sample.until = now + SAMPLE_MS + GRACE_MS;
}

bool sample_heard(struct parent *parent, pid_t pid, struct slice payload)
{
    struct unpack in = {.left = payload};
    uint32_t number = unpack_u32(&in);
    struct slice reason = unpack_slice(&in), message = unpack_slice(&in);
    char why[256];
    if (pid != parent->sample.pid || number != parent->sample.number)
        return false;
    snprintf(why, sizeof why, "%.*s", SLICE_ARGS(reason));
    over(parent, reason.len ? why : NULL, message);
    return true;
}

void sample_died(struct parent *parent, pid_t pid)
{
    if (pid == parent->sample.pid)
        over(parent, "the proxy that was asked has ended", SLICE(""));
}

int64_t sample_settle(struct parent *parent, int64_t now)
{
    if (parent->sample.pid == 0)
        return 0;
    if (parent->sample.until > now)
        return parent->sample.until;
    over(parent, "the proxy that was asked does not answer", SLICE(""));
    return 0;
}
