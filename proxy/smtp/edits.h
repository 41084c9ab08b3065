/* SPDX-License-Identifier: ISC
 * The message as the backend gets it: the spool's bytes in place, what was added between them, as
 * pieces for writev. Nothing is copied but the literals. */
#ifndef PROXY_SMTP_EDITS_H
#define PROXY_SMTP_EDITS_H

#include "filters/banner/banner.h"
#include "filters/scanner/scan_job.h"
#include "policy/policy.h"

#include <sys/uio.h>

struct edit_input {
    struct slice message;     /* as received, ends with CRLF unless empty */
    struct slice authserv_id; /* fields that pretend to be ours are taken out (RFC 8601 5) */
    struct slice trace;       /* fields to be put in front, each with its CRLF */
    const struct edit *edits;
    size_t edit_count;
    const struct part_range *parts; /* for strip */
    size_t part_count;
    const struct banner_change
        *banners; /* ascending, in the message, in no part that is stripped */
    size_t banner_count;
    bool dots; /* lines may begin with a dot */
};

struct edited {
    struct iovec *pieces; /* dot-stuffed, with the final CRLF.CRLF (RFC 5321 4.5.2) */
    size_t count;
    uint64_t size; /* octets of the message, without stuffing and final dot */
    bool dots;     /* lines may begin with a dot */
    char *stuffed; /* a copy, when there were too many dots for pieces */
    bool too_many; /* places that would have to be changed: it failed, and always will */
};

/* False when the arena is full, with too_many, or for a part that cannot be replaced (judge.h asks
 * before). The pieces point into the input and the arena;
 * edited_free when they have been sent. */
bool edits_apply(struct arena *arena, const struct edit_input *input, struct edited *out);

/* The same in two steps, for who looks at the message between them: it is assembled, not yet stuffed;
 * then `front` (fields, each with its CRLF; empty: none) is put before all of it, and it is made
 * ready to be sent. False: the arena is full, or as above. */
bool edits_assemble(struct arena *arena, const struct edit_input *input, struct edited *out);
bool edits_close(struct arena *arena, struct slice front, struct edited *out);
void edited_free(struct edited *edited);

/* The same as a list, for who changes the message elsewhere. */
struct edit_change {
    size_t from, to, order; /* [from, to) of the message becomes `literal` */
    struct slice literal;
};
struct edit_list {
    struct slice front;                /* fields to be put before all, each with its CRLF */
    const struct edit_change *changes; /* by place; what begins in another's is nothing */
    size_t count;
    bool too_many;
};
bool edits_list(struct arena *arena, const struct edit_input *input, struct edit_list *out);

#endif
