/* SPDX-License-Identifier: ISC */
#ifndef KEEPER_PERSONAL_INTERNAL_H
#define KEEPER_PERSONAL_INTERNAL_H

#include "keeper/personal.h"

/* One record that is being veiled. */
struct veil {
    const struct personal *personal;
    struct arena *arena;
    struct buf scratch;
    struct slice client,
        network; /* the client's address as it stands in texts, and instead of it */
    bool full;   /* the arena */
};

struct slice veil_address(struct veil *veil, struct slice address);
struct slice veil_machine(struct veil *veil, struct slice name);
struct ip veil_client(const struct veil *veil, const struct ip *client);
/* Whatever looks like an address in it, and the client's. */
struct slice veil_text(struct veil *veil, struct slice text);

/* Copies of facts. */
const struct facts *veil_facts(struct veil *veil, const struct facts *facts);
const struct record_keyed *veil_keyed(struct veil *veil, const struct record_keyed *keyed,
                                      size_t count);

#endif
