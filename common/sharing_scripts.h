/* SPDX-License-Identifier: ISC
 * What runs inside a Redis in which gateways share labels and models (common/sharing.h). As
 * common/state_scripts.h says; but a private Redis has none of these, and its user no right to what they do.
 *
 * Each has the keys of enum sharing_key, all of them, and answers texts, first a word. A model without octets
 * counts as none. */
#ifndef COMMON_SHARING_SCRIPTS_H
#define COMMON_SHARING_SCRIPTS_H

enum sharing_key {
    SHARING_LABELS, /* a stream: its entries have one field, sealed */
    SHARING_EPOCH,  /* a word that is another when the stream begins anew */
    SHARING_LEASE,  /* who makes a model now */
    SHARING_HEAD,   /* what the model is that is shared, sealed */
    SHARING_MODEL,  /* its octets, sealed */
    SHARING_NEW,    /* octets of one gateway, which are to be that */
    SHARING_KEYS
};

/* Octets that somebody who is one of us writes at most; what is longer counts as nothing. */
#define SHARING_EPOCH_OCTETS 32
#define SHARING_HOLDER_OCTETS 288
#define SHARING_HEAD_OCTETS 2048

/* What a user of Redis must be allowed beside STATE_SCRIPT_RIGHTS. */
#define SHARING_SCRIPT_RIGHTS                                                                      \
    "+exists +get +set +del +expire +pexpire +strlen +getrange +setrange +rename +xadd +xdel "     \
    "+xlen +xrange +xtrim +xinfo|stream +memory|usage"

/* Arguments: cursor, most entries, most octets of them, life time.
 * Answer: "read", epoch (empty: there is no stream), the id last given, head, who has the lease, and pairs of
 * what stands behind the cursor: id, octets (empty: too many). */
extern const char sharing_script_look[];

/* Arguments: cursor, the epoch that is known, one for a new stream, life time, most entries, most octets, the
 * oldest id, how many ids follow that are to go, these ids, entries.
 * Answer: "told"; "other": the epoch is another; "behind": something stands behind the cursor. So who tells
 * something has read all that was told before. */
extern const char sharing_script_tell[];

/* Arguments: what (take, keep, end), who, life time in milliseconds, the head that is known, cursor.
 * Answer: "taken"; "held" and by whom; "model": the head is another; "behind". */
extern const char sharing_script_lease[];

/* Arguments: offset, octets, life time. Answer: "put". */
extern const char sharing_script_put[];

/* Arguments: the head that is known, the new one, octets that were put, life time.
 * Answer: "told", "model", or "cut": so many are not there. */
extern const char sharing_script_publish[];

/* Arguments: the head that is known, offset, how many octets. Answer: "octets" and these; "model". */
extern const char sharing_script_fetch[];

#endif
