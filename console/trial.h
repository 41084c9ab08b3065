/* SPDX-License-Identifier: ISC
 * One message on its way through the pipeline: what was given, what was found out, what follows. */
#ifndef CONSOLE_TRIAL_H
#define CONSOLE_TRIAL_H

#include "filters/banner/banner_edits.h"
#include "filters/dns/inquiry.h"
#include "filters/judge.h"
#include "filters/pictures/codes_wait.h"
#include "filters/pipeline.h"
#include "filters/scanner/scan_ask.h"
#include "filters/study.h"
#include "policy/undecided.h"

/* Who sends what to whom. What is not given is what a clean message has (as in `test` blocks). */
struct envelope {
    struct ip ip;            /* family 0: not given */
    struct slice helo, from; /* ptr NULL: not given; an empty `from` is <> */
    const struct slice *recipients;
    size_t recipient_count;
    enum direction direction;
    bool has_time;
    int64_t time; /* when it comes, seconds since 1970 */
};

/* With or without <>, as people write it. */
struct slice envelope_address(struct slice text);

/* Octets of a DNS file: what is larger a scanner is told piece by piece, as it asks. */
enum { DNS_AT_ONCE_MAX = 16 * 1024 };

struct trial {
    struct arena *arena; /* owned; everything here lives in it */
    struct slice name;   /* the file, or ptr NULL: the envelope alone, or of a batch */
    struct slice id;     /* of a batch, as JSON; or ptr NULL */
    const char *error;   /* it could not be examined: only name and id count */
    struct envelope envelope;
    int message; /* sealed memfd, owned; -1: the envelope alone, or too big */
    bool too_big;
    uint64_t size;

    int sockets[SCANNER_KINDS]; /* answers to come; -1: none */
    struct scan_pieces pieces[SCANNER_KINDS];
    int64_t began, deadline; /* milliseconds of the clock */
    bool asked[SCANNER_KINDS];
    int64_t took[SCANNER_KINDS];       /* milliseconds until the answer */
    const char *failed[SCANNER_KINDS]; /* why there is none; NULL: all well */
    struct codes_wait codes;           /* while gatepost-qr is asked */
    struct facts facts;
    struct part_range *parts;
    size_t part_count;
    struct banner_sites banners; /* where they can stand */

    struct dns_answers *dns; /* what the DNS says; NULL: it is not asked */
    /* What the scanner has been told of it; NULL: all, and it is complete. */
    struct dns_answers *told;
    const struct dns_wanted *wanted; /* what it wants to be told besides */
    size_t wanted_count;
    unsigned rounds;        /* how often it was asked */
    struct inquiry inquiry; /* of a live run */
    int64_t patience;       /* until when it may ask, as `began` */
    bool impatient;         /* whatever it asks has timed out */
    struct study study;

    bool decided;                   /* all that follows is there */
    const struct value *recipients; /* addresses, each once */
    size_t recipient_count;
    struct verdict *verdicts;         /* one for each of them */
    size_t *left, left_count;         /* indices of those who are not refused before the message */
    struct verdict verdict;           /* what the sender is told */
    bool differing;                   /* the recipients' verdicts are not one */
    bool banners_differ;              /* as in struct ruling */
    struct banner_result *banner;     /* what would become of it; NULL: there is none */
    struct undecided_rules undecided; /* that might have been stricter, for one recipient or more */
};

/* An empty one; false when memory is out. */
bool trial_init(struct trial *e);
/* Ready for the next message. */
void trial_reset(struct trial *e);
void trial_free(struct trial *e);

/* Sets the facts that come from the envelope. False: out of memory. */
bool trial_envelope(struct trial *e, const struct config *config);

/* What is known of whom users have written to, without a gateway's memory. */
void trial_answered(struct trial *e, const struct config *config);

/* What would become of the banners of the verdict. False: out of memory. */
bool trial_banner(struct trial *e, bool differ);

/* All facts are there that will be; the rest is unknown. The verdict. False: out of memory. */
bool trial_decide(struct trial *e, const struct config *config);

#endif
