/* SPDX-License-Identifier: ISC
 * One URL as browsers read it (the URL Standard of the WHATWG, 4.4), as far as it leads to a host. */
#ifndef FILTERS_LINKS_LINK_URL_H
#define FILTERS_LINKS_LINK_URL_H

#include "filters/links/link_host.h"

enum { LINK_URL_MAX = 2048 /* octets that are kept of one */ };

struct link_url {
    struct slice url, path; /* path: a part of url, or "/" */
    struct link_host host;
};

/* `text`: with http, https or ftp, or without a scheme ("//host", "www.host"), in whatever spelling:
 * slashes of both kinds, any number of them. Clean UTF-8 in the arena. False: it leads to no host, or
 * the arena is full. */
bool link_url_read(struct arena *arena, struct slice text, struct link_url *out);

/* How much of a text, which begins with a URL, belongs to it: not the stop or the bracket that ends
 * the sentence around it. */
size_t link_url_length(struct slice text);

/* The registered domain that a text shows as where it leads: of the first URL in it, the first host
 * that begins with "www.", or of all of it if that is a host; empty: none. In the arena. */
struct slice link_domain_shown(struct arena *arena, struct slice text);

#endif
