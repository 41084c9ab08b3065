/* SPDX-License-Identifier: ISC
 * What is found out about a client and about what it says in HELO:
 * once, for all that it brings in one connection. */
#ifndef PROXY_EXAMINE_CLIENT_STUDY_H
#define PROXY_EXAMINE_CLIENT_STUDY_H

#include "filters/dns/inquiry.h"
#include "filters/study.h"
#include "proxy/process/proxy.h"

struct client_study {
    struct proxy *proxy;
    const bool *wants;   /* proxy_wants */
    struct arena *arena; /* owned: holds what follows */
    /* Of the producers CLIENT, HELO and DNSBL, and its connection's rates; NULL while it rests. */
    struct facts *facts;
    struct findings *findings;   /* then: the same */
    struct study study;          /* then: without a table of answers */
    struct inquiry dns;          /* then: only what it cost, which is of the whole session */
    struct state_inquiry *state; /* NULL: nothing is, or was, asked since it rested */
    void (*changed)(void *ctx);  /* something has come; never called from inside these functions */
    void *ctx;
};

/* Begins to find out what rules name; what it asks is of the holder's share. NULL: nothing, or memory
 * is out. */
struct client_study *client_study_new(struct proxy *proxy, const struct listener *listener,
                                      const struct ip *client, uint16_t port,
                                      const struct holder *holder, void (*changed)(void *ctx),
                                      void *ctx);
void client_study_free(struct client_study **client);

/* What is NULL finds out nothing, and is done. `helo` must live until the next, or the end. */
void client_study_helo(struct client_study *client, struct slice helo);

bool client_study_waits(const struct client_study *client); /* for the DNS or Redis */
bool client_study_done(const struct client_study *client, enum phase phase);
bool client_study_knows_names(const struct client_study *client);

/* Whether its network asked so much that some of it was not asked, and never will be here. */
bool client_study_withheld(const struct client_study *client);

/* Waits no longer: it is done. */
void client_study_hurry(struct client_study *client);

/* If nothing is being found out, it gives back the memory that it took to find out. Of what
 * client_study_facts has given before nothing may be used afterwards. */
void client_study_rest(struct client_study *client);

/* What is known so far, into these facts. */
void client_study_facts(const struct client_study *client, struct facts *facts);

#endif
