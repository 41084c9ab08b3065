/* SPDX-License-Identifier: ISC
 * What the DNS says of one key that is configured. */
#ifndef CONSOLE_DKIM_DKIM_PUBLISHED_H
#define CONSOLE_DKIM_DKIM_PUBLISHED_H

#include "console/dkim/dkim_dns.h"
#include "console/dkim/dkim_row.h"

struct dkim_finding {
    const char *wrong; /* NULL: nothing is */
    const char *note;  /* not wrong, but to be known; NULL: nothing */
};

/* Looks it up, compares it with the key, and verifies with it what the key signs. */
struct dkim_finding dkim_published(struct dkim_dns *dns, const struct dkim_row *row);

#endif
