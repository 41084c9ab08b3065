/* SPDX-License-Identifier: ISC
 * What the world is told of what a server behind has said: its words, without the names and
 * addresses of what stands inside. Pure. */
#ifndef PROXY_SMTP_SMTP_HIDE_H
#define PROXY_SMTP_SMTP_HIDE_H

#include "policy/value.h"

/* What is known of the servers of a backend. */
struct smtp_inside {
    const struct slice *names; /* as they greet, and as they are configured; not those of ours */
    size_t name_count;
    const struct ip *addresses;
    size_t address_count;
};

/* Writes the text of a reply as it may be told, at most `room` octets, and returns how many.
 *
 * 2xx: "Ok: queued as ID" when an id can be found in it, else "Ok".
 * Others: the text, in which "hidden" stands for every address in brackets, private addresses (RFC
 * 1918, 4193, 6598; of links, of the machine itself), names under local top-level domains (RFC
 * 6762 G, RFC 8375), "Hostname=NAME", "NAME[ADDRESS]", "host NAME said", and what is `inside`. */
size_t smtp_hide(unsigned code, struct slice text, const struct smtp_inside *inside, char *out,
                 size_t room);

/* The host name that a server's greeting or answer to EHLO begins with; empty when the word could
 * stand in any text ("ESMTP"). */
struct slice smtp_greeting_name(struct slice line);

#endif
