/* SPDX-License-Identifier: ISC
 * Where metrics are read over HTTP: sockets that the parent binds and the keeper serves. */
#ifndef PARENT_PARENT_SCRAPE_H
#define PARENT_PARENT_SCRAPE_H

#include "policy/config.h"

enum { SCRAPE_SOCKETS = 3 };

struct scrape_places {
    char socket[PATH_MAX]; /* empty: none */
    unsigned port;         /* of loopback; 0: none */
};

bool scrape_wanted(const struct settings *settings);

/* False: the path is too long. */
bool scrape_places_of(const struct settings *settings, struct scrape_places *out);
bool scrape_places_same(const struct scrape_places *a, const struct scrape_places *b);

/* Sockets that listen there, the caller's; how many. One that cannot be had is logged and left out. */
size_t scrape_open(const struct scrape_places *places, int out[static SCRAPE_SOCKETS]);

/* Whoever was handed those sockets has ended: takes the one that has a name away. */
void scrape_close(const struct scrape_places *places);

#endif
