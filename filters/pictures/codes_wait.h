/* SPDX-License-Identifier: ISC
 * Between gatepost-scan, which tells where pictures are, and gatepost-qr, which reads them: what
 * the codes add to is not known yet. What the proxy and gatepostctl do alike. */
#ifndef FILTERS_PICTURES_CODES_WAIT_H
#define FILTERS_PICTURES_CODES_WAIT_H

#include "filters/scanner/scan_job.h"

struct codes_wait {
    struct scan_pictures pictures;
    struct value domains, links, unread; /* what gatepost-scan found */
};

/* Its answer is in the facts. True: there are pictures to read; message.domains, links and qr.* are
 * pending from now on. */
bool codes_wait_begin(struct codes_wait *wait, const struct scan_answer *answer,
                      struct facts *facts);

/* gatepost-qr's answer to a job with `pictures`; NULL: there is none. Then the codes are unknown and
 * qr.unread says "failed", but message.domains and links are what they were: a picture that cannot be read is as
 * good as one with nothing in it, or whoever draws one that kills a scanner would be deferred for
 * ever. */
void codes_wait_end(const struct codes_wait *wait, struct arena *arena,
                    const struct scan_answer *answer, struct facts *facts);

#endif
