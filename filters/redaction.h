/* SPDX-License-Identifier: ISC
 * Which octets of a message are of parts that must not be shown. Headers of the message and of its
 * parts, and the lines that part them, are of none. */
#ifndef FILTERS_REDACTION_H
#define FILTERS_REDACTION_H

#include "filters/mime/mime.h"
#include "filters/overlay.h"

enum {
    REDACTION_PARTS_MAX = 20000,
    REDACTION_RANGES_MAX = 50000, /* past it all behind the header is one */
};

struct redaction_wanted {
    bool all;
    const uint32_t *parts; /* numbers of MIME parts, as in an attachment's `part` */
    size_t part_count;
};

struct redaction_ranges {
    struct overlay_range *items; /* ascending, apart from each other */
    size_t count;
};

/* What is within decoded content is redacted with the part that was decoded, an attached message
 * with its header. With `all` preambles and epilogues are redacted as well. Of a message that was
 * not looked at to its end, or whose form is in doubt (redaction_doubt.h), all behind the header is
 * redacted. False: the arena is full. */
bool redaction_ranges(struct arena *arena, const struct mime_message *message,
                      const struct redaction_wanted *wanted, struct redaction_ranges *out);

#endif
