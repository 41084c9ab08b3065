/* SPDX-License-Identifier: ISC */
#ifndef KEEPER_PERSONAL_INTERNAL_H
#define KEEPER_PERSONAL_INTERNAL_H

#include "keeper/personal.h"

enum { VEIL_FORMS = 4, VEIL_NAMES = 2, VEIL_SECRETS = 96 };

/* What stands in texts, and instead of it. */
struct veil_form {
    struct slice from, to;
};

/* One record that is being veiled. */
struct veil {
    const struct personal *personal;
    struct arena *arena;
    struct buf scratch;
    bool full;        /* the arena */
    bool null_sender; /* SPF was asked about the client's name */
    /* What it has of people. */
    const struct slice *addresses; /* sorted */
    size_t address_count;
    struct ip client;
    struct slice network;
    struct veil_form forms[VEIL_FORMS]; /* of the client's address */
    size_t form_count;
    struct veil_form names[VEIL_NAMES]; /* of the client */
    size_t name_count;
    struct slice secrets[VEIL_SECRETS]; /* subjects, names, fields: they go */
    size_t secret_count;
};

/* Before anything of it is veiled. */
void veil_learn(struct veil *veil, const struct record *record);
/* One of its own, without regard to case. */
bool veil_has_address(const struct veil *veil, struct slice address);

struct slice veil_address(struct veil *veil, struct slice address);
struct slice veil_machine(struct veil *veil, struct slice name);
struct ip veil_client(const struct veil *veil, const struct ip *client);
/* Whatever looks like an address in it, the client's, and its names. */
struct slice veil_text(struct veil *veil, struct slice text);
/* And subjects, names, and fields: of a text that rules have made of them. */
struct slice veil_said(struct veil *veil, struct slice text);
/* A domain, which may be the name of a client. */
struct slice veil_domain(const struct veil *veil, struct slice domain);

/* Copies of facts. */
const struct facts *veil_facts(struct veil *veil, const struct facts *facts);
const struct record_keyed *veil_keyed(struct veil *veil, const struct record_keyed *keyed,
                                      size_t count);

#endif
