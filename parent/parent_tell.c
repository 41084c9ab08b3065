/* SPDX-License-Identifier: ISC */
#include "parent/parent_tell.h"

/* True, once: there is news. */
static bool taken(bool *news)
{
    bool was = *news;
    *news = false;
    return was;
}

void tell_tickets(struct parent *parent)
{
    struct generation *generation;
    struct slot *slot;
    FOR_EACH_SLOT(slot, generation, parent)
        if (slot->state != PROXY_CONFIGURING)
            slot_send_tickets(slot, &parent->tickets);
}

/* ---- scanners ---- */

static void tell_down(struct parent *parent, struct scanners *scanners)
{
    struct generation *generation;
    struct slot *slot;
    if (taken(&scanners->changed))
        shared_family_changed(parent->shared, scanners->kind);
    if (taken(&scanners->news))
        FOR_EACH_SLOT(slot, generation, parent)
            slot_send_down(slot, scanners);
}

static void tell_queue(struct parent *parent, struct scanners *scanners)
{
    struct generation *generation;
    struct slot *slot;
    if (taken(&scanners->moved))
        FOR_EACH_SLOT(slot, generation, parent)
            slot_send_queue(slot, scanners);
}

void tell_family(struct parent *parent, struct scanners *scanners)
{
    tell_queue(parent, scanners);
    tell_down(parent, scanners);
}

void tell_model(struct parent *parent)
{
    int model = parent->keeper.model;
    parent->keeper.model = -1;
    if (model >= 0)
        scanners_take_model(&parent->scanners[SCANNER_SCAN], model);
}

/* ---- other helpers ---- */

static void tell_lists(struct parent *parent)
{
    struct generation *generation;
    struct slot *slot;
    if (taken(&parent->keeper.new_lists))
        FOR_EACH_SLOT(slot, generation, parent)
            if (slot->state != PROXY_CONFIGURING)
                slot_send_lists(slot, &parent->keeper);
}

static void tell_mark(struct parent *parent)
{
    struct generation *generation;
    struct slot *slot;
    if (taken(&parent->release.new_mark))
        FOR_EACH_SLOT(slot, generation, parent)
            if (slot->state != PROXY_CONFIGURING)
                slot_send_mark(slot, &parent->release);
}

static void tell_pairs(struct parent *parent, int64_t now)
{
    struct generation *generation;
    struct slot *slot;
    if (!taken(&parent->keeper.news))
        return;
    release_restart(&parent->release, now);
    learn_restart(&parent->learn, now);
    FOR_EACH_SLOT(slot, generation, parent)
        if (keeper_keeps(generation->loaded.config) && slot->state != PROXY_CONFIGURING)
            slot_send_pairs(slot, &parent->keeper);
}

static void tell_signer(struct parent *parent)
{
    struct generation *generation;
    struct slot *slot;
    if (taken(&parent->sign.news))
        FOR_EACH_SLOT(slot, generation, parent)
            slot_send_signer(slot, &parent->sign);
}

static void tell_source(struct parent *parent)
{
    struct generation *generation;
    struct slot *slot;
    if (taken(&parent->source.news))
        FOR_EACH_SLOT(slot, generation, parent)
            slot_send_source(slot, &parent->source);
}

static void tell_milters(struct parent *parent)
{
    struct generation *generation;
    struct slot *slot;
    for (size_t i = 0; i < parent->milters.count; i++)
        if (taken(&parent->milters.all[i].news))
            FOR_EACH_SLOT(slot, generation, parent)
                slot_send_milter(slot, &parent->milters.all[i]);
}

void tell_helpers(struct parent *parent, int64_t now)
{
    tell_pairs(parent, now);
    tell_signer(parent);
    tell_source(parent);
    tell_milters(parent);
    tell_lists(parent);
    tell_mark(parent);
}
