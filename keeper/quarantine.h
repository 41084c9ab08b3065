/* SPDX-License-Identifier: ISC
 * The quarantine and the journal as the keeper's program runs them: takes messages off the queue,
 * answers who waits for that, sends what was released on its way, and hears what became of it. */
#ifndef KEEPER_QUARANTINE_H
#define KEEPER_QUARANTINE_H

#include "keeper/held.h"

#include <event2/event.h>

struct quarantine;

struct quarantine_owner {
    /* Something has happened to a copy: it is to be recorded. */
    void (*happened)(void *ctx, const struct held_entry *entry);
    /* Some proxy has closed the way back of errands. */
    void (*deaf)(void *ctx);
};

struct quarantine_options {
    struct {
        const char *folder;
        uint64_t size;
    } places[HELD_PLACES];
    uint64_t era;
    bool learns;         /* from what is said to be held wrongly */
    int opener, errands; /* the keeper's ends of the pairs of common/errand.h, the caller's */
};

/* NULL with *reason. */
struct quarantine *quarantine_new(struct event_base *base, const struct quarantine_options *options,
                                  const struct quarantine_owner *owner, void *ctx,
                                  const char **reason);
void quarantine_free(struct quarantine **quarantine);

/* A packet of the queue: KEEPING_HOLD or KEEPING_WITHDRAW; its descriptors stay the packet's. */
void quarantine_take(struct quarantine *quarantine, const struct ipc_message *packet);

/* What was taken is on the disk, and is answered: or neither. */
void quarantine_flush(struct quarantine *quarantine);

/* Somebody has done this to a copy: it is recorded, and what was released goes now. */
void quarantine_acted(struct quarantine *quarantine, const struct held_name *name,
                      enum held_act act);

/* What is sealed from now on is sealed to this key. */
void quarantine_seal_to(struct quarantine *quarantine, const struct seal_key *key);

/* Gives the container to gatepost-release, which tells what is in it on `reply`. False with *reason. */
bool quarantine_show(struct quarantine *quarantine, enum held_place place,
                     const struct held_entry *entry, int reply, const char **reason);

/* Hears what has been told. `alone`: proxies are gone, and with them all errands that are not
 * begun. */
void quarantine_end(struct quarantine *quarantine, bool alone);

/* What is held under these words (the payload of KEEPER_HELPDESK) the helpdesk may release as well. */
void quarantine_tell_helpdesk(struct quarantine *quarantine, struct slice words);
bool quarantine_is_for_helpdesk(const struct quarantine *quarantine, struct slice why);

struct held *quarantine_held(struct quarantine *quarantine, enum held_place place);

#endif
