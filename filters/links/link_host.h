/* SPDX-License-Identifier: ISC
 * Hosts of URLs as browsers read them (the URL Standard of the WHATWG, 3.5). */
#ifndef FILTERS_LINKS_LINK_HOST_H
#define FILTERS_LINKS_LINK_HOST_H

#include "base/arena.h"
#include "base/slice.h"

struct link_host {
    struct slice text;   /* lower case, A-labels; or the address as numbers, without brackets */
    struct slice domain; /* registered; empty: there is none */
    bool ip, ip6;
    bool shortened; /* a known service that shortens links */
};

/* `host` as it is written, percent-encoding and brackets included. False: it is none, or the arena is
 * full. */
bool link_host_read(struct arena *arena, struct slice host, struct link_host *out);

/* An IPv4 address of one to four numbers, each decimal, octal (01) or hexadecimal (0x1): 3.5.
 * False: it is none. */
bool link_host_numbers(struct slice host, uint32_t *address);

#endif
