/* SPDX-License-Identifier: ISC
 * The rules of nftables for what is to be taken: each as nft reads it, and as `nft -j` tells it. */
#ifndef CONSOLE_TRANSPARENT_CAPTURE_RULES_H
#define CONSOLE_TRANSPARENT_CAPTURE_RULES_H

#include "console/transparent/capture_plan.h"

#include <jansson.h>

struct capture_options {
    const char *bridge;      /* frames are lifted off it; NULL: this host is a router */
    char mac[18];            /* the bridge's */
    uint32_t mark, table;    /* of what is taken */
    bool pass;               /* to the server while nobody listens; else it is refused */
    struct networks servers; /* capture_plan_make */
};

enum term_kind {
    TERM_TCP,           /* meta l4proto tcp */
    TERM_OWN_ADDRESS,   /* fib daddr type local */
    TERM_TRANSPARENT,   /* socket transparent 1 */
    TERM_WILDCARD,      /* socket wildcard 1 */
    TERM_FAMILY,        /* meta nfproto ipv4 */
    TERM_FRAME,         /* ether type ip */
    TERM_NETWORKS,      /* ip saddr { 10.0.0.0/8 } */
    TERM_PORT,          /* tcp dport 25 */
    TERM_TPROXY,        /* tproxy ip to :10025 */
    TERM_MARK,          /* meta mark set 0x1 */
    TERM_MAC,           /* ether daddr set 02:00:00:00:00:01 */
    TERM_FOR_THIS_HOST, /* meta pkttype set host */
    TERM_ACCEPT,
    TERM_REFUSE /* reject with tcp reset */
};

enum { CAPTURE_TERMS_MAX = 8 };

struct capture_rule {
    const struct capture *capture; /* NULL: of all */
    bool bridge;                   /* of table bridge gatepost, else inet gatepost */
    bool answers;                  /* of what the servers say; source and destination are swapped */
    enum term_kind terms[CAPTURE_TERMS_MAX];
    size_t count;
};

struct capture_rules {
    struct capture_rule *list; /* the arena's */
    size_t count;
};

/* False: memory. */
bool capture_rules_make(const struct capture_plan *plan, const struct capture_options *options,
                        struct arena *arena, struct capture_rules *rules);

/* As nft reads it, without an end of line. */
void capture_rule_text(struct buf *out, const struct capture_rule *rule,
                       const struct capture_options *options);

/* "10.0.0.0/8", "10.0.0.1". */
void capture_network_text(struct buf *out, const struct network *network);

/* One term as `nft -j` tells it; the caller's. NULL: memory. */
json_t *capture_term_json(const struct capture_rule *rule, enum term_kind term,
                          const struct capture_options *options);

#endif
