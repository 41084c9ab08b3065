/* SPDX-License-Identifier: ISC
 * Changes of a message's header as a mail server is told them that asks as of a milter: fields by name and number
 * (common/milter.h). Those of its body: mta_body.h. Pure. */
#ifndef PROXY_SMTP_MTA_CHANGES_H
#define PROXY_SMTP_MTA_CHANGES_H

#include "proxy/smtp/edits.h"

enum mta_result {
    MTA_FINE,
    MTA_TOO_MANY, /* more than a mail server is told */
    MTA_NO_FIELD, /* one would change what stands before the body, and is in no field */
};

/* Writes a line for each to `out`, whose bound is that of all. Those of fields that were there come last one
 * first, so that no number is another's after a line before it. `front`: fields as list->front, to stand before
 * those. */
enum mta_result mta_changes(struct arena *arena, struct buf *out, struct slice message,
                            const struct edit_list *list, struct slice front);

#endif
