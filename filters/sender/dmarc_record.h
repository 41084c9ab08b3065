/* SPDX-License-Identifier: ISC
 * DMARC records (RFC 7489 6.3, 6.4; np and t as in RFC 9091 and RFC 9989). */
#ifndef FILTERS_SENDER_DMARC_RECORD_H
#define FILTERS_SENDER_DMARC_RECORD_H

#include "base/slice.h"

enum dmarc_policy { DMARC_POLICY_NONE, DMARC_POLICY_QUARANTINE, DMARC_POLICY_REJECT };

enum dmarc_failure_option {                   /* fo= */
                            DMARC_FO_ALL = 1, /* 0: all mechanisms failed */
                            DMARC_FO_ANY = 2, /* 1: any failed */
                            DMARC_FO_DKIM = 4,
                            DMARC_FO_SPF = 8,
};

enum { DMARC_URIS_MAX = 8 };

struct dmarc_uris {
    struct {
        struct slice uri;  /* "mailto:..." without its "!size" */
        uint64_t size_max; /* octets; 0: no limit */
    } items[DMARC_URIS_MAX];
    size_t count;
};

/* Its slices point into the text that was parsed. */
struct dmarc_record {
    enum dmarc_policy p, sp, np; /* sp defaults to p, np to sp */
    bool has_sp, has_np;
    bool dkim_strict, spf_strict; /* adkim=s, aspf=s */
    bool testing;                 /* t=y */
    unsigned pct;                 /* 0..100 */
    unsigned failure_options;
    uint32_t report_interval; /* seconds */
    struct dmarc_uris rua, ruf;
};

enum dmarc_parse {
    DMARC_OTHER,    /* does not begin with v=DMARC1: some other text */
    DMARC_UNUSABLE, /* p missing or wrong, or sp wrong, and no reporting address */
    DMARC_USABLE,   /* with p=none where those are wrong but rua is good (6.6.3) */
};

enum dmarc_parse dmarc_record_parse(struct slice text, struct dmarc_record *out);

#endif
