/* SPDX-License-Identifier: ISC
 * Addresses and names that an SMTP client gives, parsed. Pure. What old devices write is taken, where
 * it can be read in one way alone; what is kept, and so what goes on, is sound. */
#ifndef PROXY_SMTP_SMTP_PATH_H
#define PROXY_SMTP_SMTP_PATH_H

#include "base/arena.h"
#include "base/domain_name.h"

struct smtp_path {
    struct slice address;       /* "local@domain", without <> and source route; empty for <> */
    struct slice local, domain; /* domain empty for <postmaster> */
    bool utf8;                  /* not all ASCII */
    /* Of smtp_path_keep. What is compared, looked up and remembered is these, with the local part as
     * the sender wrote it; what goes on to the backend is the address. */
    struct slice spelled;    /* the address with its domain in one spelling (policy/spelling.h) */
    struct domain_name name; /* empty for an address literal, or what is no domain */
};

/* A path at the front of *in, which moves behind it: <>, <a@b>, <"a b"@c>, <@route:a@b>,
 * <postmaster>, domain or address literal (RFC 5321 4.1.2, 4.1.3; RFC 6531 3.3). Beyond these what
 * other servers take: blanks around and just within the brackets, an address without them, and in a
 * local part without quotes colons and dots anywhere. False with *why.
 * A local part is as long as the line lets it be: RFC 5321 4.5.3.1 asks for no limit, and those of
 * lists, of SRS and of Exchange (IMCEAEX) are long. */
bool smtp_path(struct slice *in, struct smtp_path *path, const char **why);

/* Moves it into the arena, with this domain, which may be another; its local part in quotes where it
 * is not sound without (RFC 5321 4.1.2). Fills in `spelled` and `name`. Not for <>. False: the arena
 * is full. */
bool smtp_path_keep(struct arena *arena, struct slice domain, struct smtp_path *path);

/* A host name or address literal that may stand after HELO or EHLO and in our own
 * header: letters, digits, "-._", or [literal].
 * Tolerates underscores and a trailing dot, which real clients send. */
bool smtp_helo_valid(struct slice name);

#endif
