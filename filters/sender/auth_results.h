/* SPDX-License-Identifier: ISC
 * What we found out about a sender, told to those behind: Authentication-Results (RFC 8601) and
 * Received-SPF (RFC 7208 9.1); and which fields in a message pretend to be ours. Nothing that comes
 * from a message can end a value, add one or begin a comment. */
#ifndef FILTERS_SENDER_AUTH_RESULTS_H
#define FILTERS_SENDER_AUTH_RESULTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "filters/mime/headers.h"

enum auth_value {
    AUTH_WORD,    /* any text: quoted unless it is plain; ; " \ ( ) < > and blanks become '?' */
    AUTH_DOMAIN,  /* as AUTH_WORD; what no domain has becomes '?' */
    AUTH_ADDRESS, /* local part as AUTH_WORD, "@", AUTH_DOMAIN; without '@' a domain */
};

struct auth_property {
    const char *name; /* "smtp.mailfrom", "header.d"; "client-ip" in Received-SPF */
    struct slice value;
    enum auth_value kind;
};

struct auth_method {
    const char *method;                     /* "spf" */
    const char *result;                     /* "pass" */
    const char *reason;                     /* NULL: none; ours, never the message's */
    const struct auth_property *properties; /* those with an empty value are left out */
    size_t property_count;
};

/* Appends the whole field with its CRLFs, folded before column 78 where its words allow that; with
 * no method it says "none". False when the buffer is full. */
bool auth_results_render(struct buf *out, struct slice id, const struct auth_method *methods,
                         size_t count);

/* Appends a Received-SPF field; the properties are client-ip, envelope-from, helo, identity,
 * mechanism, problem ... "receiver" is added. */
bool received_spf_render(struct buf *out, struct slice id, const char *result,
                         const struct auth_property *properties, size_t count);

/* Whether a field is an Authentication-Results that bears the authserv-id, or a Received-SPF that
 * names it, as any reader might understand it; or one of BIMI's
 * that only who has judged the sender may write, and programs believe: it is to be removed (RFC 8601
 * 5). When the arena is full the answer is true for any such field. */
bool auth_results_is_ours(struct arena *arena, const struct header *field, struct slice id);

/* The result for a method ("dmarc") in a value that somebody else wrote, "id; dmarc=pass ...", as
 * it stands there. Empty: there is none, or there are two that differ. */
struct slice auth_results_read(struct slice value, struct slice method);

#endif
