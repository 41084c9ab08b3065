/* SPDX-License-Identifier: ISC
 * DMARC records (RFC 9989 4.7, 4.8). What RFC 7489 had besides (pct, ri, rf, sizes of reports) is
 * passed over, as any tag that is not known. */
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

/* psd= : whether the domain is one below which others register theirs. */
enum dmarc_psd { DMARC_PSD_UNSAID, DMARC_PSD_NO, DMARC_PSD_YES };

enum { DMARC_URIS_MAX = 8 };

struct dmarc_uris {
    struct slice items[DMARC_URIS_MAX]; /* "mailto:...", without an old "!size" */
    size_t count;
};

/* Its slices point into the text that was parsed. */
struct dmarc_record {
    enum dmarc_policy p, sp, np; /* sp defaults to p, np to sp */
    enum dmarc_psd psd;
    bool dkim_strict, spf_strict; /* adkim=s, aspf=s */
    bool testing;                 /* t=y */
    unsigned failure_options;
    struct dmarc_uris rua, ruf;
};

enum dmarc_parse {
    DMARC_OTHER,    /* does not begin with v=DMARC1: some other text */
    DMARC_UNUSABLE, /* p missing or wrong, or sp or np wrong, and no reporting address: no policy */
    DMARC_USABLE,   /* with p=none where those are wrong but rua is good (4.10.1) */
};

/* *out is filled but for DMARC_OTHER; of an unusable record psd alone means something. */
enum dmarc_parse dmarc_record_parse(struct slice text, struct dmarc_record *out);

#endif
