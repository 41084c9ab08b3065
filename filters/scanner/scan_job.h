/* SPDX-License-Identifier: ISC
 * One message for a scanner, and its answer. A scanner family (gatepost-scan, gatepost-av,
 * gatepost-qr) shares one queue socket: whoever is idle takes the next job. A job brings the message,
 * or the sealed memfd that it is in, and tells where the answer goes. Scanners know no
 * configuration: limits travel along. How it is asked: scan_ask.h; how it is answered: scan_serve.h. */
#ifndef FILTERS_SCANNER_SCAN_JOB_H
#define FILTERS_SCANNER_SCAN_JOB_H

#include "base/ipc.h"
#include "filters/dns/dns_answers.h"
#include "filters/mime/parts.h"
#include "filters/scanner/scan_banner.h"
#include "filters/scanner/scan_outline.h"
#include "filters/scanner/scan_redaction.h"
#include "filters/scanner/scan_sketch.h"
#include "policy/facts.h"
#include "policy/marks.h"

enum {
    SCAN_HEADERS_MAX = 256, /* header["..."] keys a policy may have */
    /* Bytes of a packed job, DNS answers included: past some it comes in a memfd. */
    SCAN_JOB_MAX = 8 * 1024 * 1024,
    SCAN_REASON_MAX = 200,
    SCAN_ANSWER_MAX = 2304 * 1024, /* bytes; past IPC_PAYLOAD_MAX it comes in pieces */
    SCAN_RECEIVED_MAX = 16 * 1024,
};

/* Whose queue it is. */
enum scanner_kind { SCANNER_SCAN, SCANNER_AV, SCANNER_QR, SCANNER_KINDS };

struct scan_limits {
    uint32_t depth, parts, members;
    uint64_t unpacked;
    uint32_t cpu, cpu_per_mib; /* milliseconds; cpu 0: no limit */
    uint32_t links;            /* octets of text that are read for them; 0: as many as ever */
};

/* Who brings the message: what sender authentication asks about. Without a client nobody knows who
 * did, and there is no SPF. */
struct scan_sender {
    struct ip client;
    struct slice helo, sender; /* as said; sender without <>, empty: the null sender */
    struct slice receiver;     /* our name */
    int64_t now;               /* seconds since 1970 */
};

enum { SCAN_PICTURES_MAX = 8 };

/* The parts of a message that are pictures, or hold some. */
struct scan_pictures {
    uint32_t parts[SCAN_PICTURES_MAX]; /* their numbers, ascending */
    size_t count;
};

/* What is wanted. Each is the producer's of that name; gatepost-av and gatepost-qr answer with their
 * own always. */
struct scan_job {
    bool message, attachments, links, digest;
    bool urls, text, alternatives;
    bool spam, reasons; /* what the model says of it, and by which words */
    bool vector;        /* what may be learnt of it (filters/spam/spam_vector.h) */
    bool sketch;        /* what it has in common with others of its campaign */
    /* Header, vector and sketch of the nth message that is attached to it (filters/attached_message.h),
     * from 1; all else that is asked is then of nothing. 0: of the message itself. */
    uint32_t attached;
    /* What is asked of the message, or of the attached one, is of it without these, and the answer
     * says which it is (scan_answer.attached). NULL: it is of it as it is. */
    const struct marks *marks;
    bool sha256;                              /* of each attachment */
    bool codes;                               /* where pictures are that may hold some */
    struct scan_pictures pictures;            /* gatepost-qr: where they are */
    bool banners;                             /* where they can stand */
    bool outline;                             /* for people, who look at one message */
    const struct redaction_wanted *redaction; /* NULL: nothing is to be redacted */
    bool spf;                                 /* needs no message (-1) */
    /* DKIM, ARC, DMARC; for DMARC SPF is found out again, quickly: its answers are all in `dns`. */
    bool authentication;
    struct scan_sender from; /* its sender's domain is also for message.id_fits_sender */
    /* What the DNS has said so far; NULL: nothing.
     * A scanner that lacks an answer says so in scan_answer.wanted, unless it is complete. */
    struct dns_answers *dns;
    bool dns_complete;           /* what is not in it does not exist */
    const struct slice *headers; /* names wanted, lower case, in the order of the policy's keys */
    size_t header_count;
    struct scan_limits limits;
};

/* Whether a scanner that has failed would fail again. */
enum scan_failing {
    SCAN_FAILS_NOW,    /* for want of something that passes */
    SCAN_FAILS_BY_IT,  /* most likely it is the message's doing */
    SCAN_FAILS_ALWAYS, /* of a bound of ours, which it will be beyond each time */
};

struct scan_failure {
    const char *reason;
    enum scan_failing failing;
    bool died; /* or nobody took the job: the socket has ended */
    uint32_t cpu;
};

/* The message that scan_job.attached asks for; the message itself where it is 0 and there are marks. */
struct scan_attached {
    uint32_t count;           /* how many are attached; not told of the message itself */
    bool there;               /* this one is: */
    unsigned char digest[32]; /* SHA-256 of it, decoded, marks and all */
    struct slice received;    /* its fields Received from the top, up to SCAN_RECEIVED_MAX octets */
};

struct scan_answer {
    /* Those of the producers that were asked; the rest pending.
     * keyed has header_count values. Those of spf and authentication stay pending when
     * `wanted` is not empty, the others are there at the first answer. */
    struct facts facts;
    /* Leaves, ascending; past about 1,100 the rest is left out: no range, no edit. */
    struct part_range *parts;
    size_t part_count;
    const struct outline *outline;        /* NULL: it was not asked for */
    const struct overlay_range *overlays; /* of what is to be redacted: ascending, apart */
    size_t overlay_count;
    const struct dns_wanted *wanted; /* look these up, and ask again for spf and authentication */
    size_t wanted_count;
    struct scan_pictures pictures; /* gatepost-qr is to read them */
    struct banner_sites banners;
    struct slice vector; /* empty: it was not asked for, or there is no model to make it by */
    struct scan_attached attached;
    struct campaign_sketch sketch; /* not made: it was not asked for, or there is no model */
    uint32_t cpu;                  /* microseconds that it took; a scanner's own word */
    struct slice octets;           /* as it was decoded */
};

/* Whether it asks what the message is, whoever sent it. */
static inline bool scan_job_asks_content(const struct scan_job *job)
{
    return job->message || job->attachments || job->links || job->digest || job->codes ||
           job->urls || job->text || job->alternatives || job->banners || job->spam ||
           job->reasons || job->vector || job->sketch;
}

/* Whether it cannot be done without a message. */
bool scan_job_needs_message(const struct scan_job *job);

/* A job as bytes. False: it does not fit. `payload` may be anything, and must outlive the job,
 * whose `dns` is a new table in the arena; *job is empty after a failure. */
bool scan_job_encode(struct buf *out, const struct scan_job *job);
bool scan_job_decode(struct slice payload, struct arena *arena, struct scan_job *job);

/* An answer as bytes: at most out->max of them. `payload` may be anything, and must outlive the
 * answer; *answer is empty after a failure. */
bool scan_answer_encode(struct buf *out, size_t header_count, const struct scan_answer *answer);
bool scan_answer_decode(struct slice payload, struct arena *arena, size_t header_count,
                        struct scan_answer *answer);

#endif
