/* SPDX-License-Identifier: ISC
 * The parts of examine(): the facts of the header and form, and the list of attachments. */
#ifndef FILTERS_EXAMINE_PARTS_H
#define FILTERS_EXAMINE_PARTS_H

#include "filters/links/links.h"
#include "filters/mime/mime.h"
#include "filters/scanner/scan_job.h"

/* message.* of the header, and header[...]. */
bool examine_header(struct arena *arena, const struct mime_message *message,
                    const struct scan_job *job, struct facts *facts);

/* message.from and its kin, message.reply_to, message.to, message.cc: of a header's block, and of the
 * message that begins with it. False when the arena is full. */
bool examine_addresses(struct arena *arena, struct slice block, struct slice raw,
                       struct facts *facts);

/* message.header_protected and its kin. */
bool examine_protection(struct arena *arena, const struct mime_message *message,
                        struct facts *facts);

/* message.encrypted, message.type, message.part_count, and room for the malformations. */
bool examine_form(struct arena *arena, const struct mime_message *message, struct facts *facts);

/* message.malformations, message.hides_content, in the room that examine_form made: `odd` is
 * everything that was found, in content too. */
void examine_oddities(const struct malformations *odd, struct facts *facts);

/* facts[ATTACHMENTS], cut where there is no more room; and, where they are wanted, the pictures: decodes and looks into each leaf. What is odd in
 * the encodings is added to *odd, what words in files point to to `links`, which may be NULL. */
void examine_attachments(struct arena *arena, const struct mime_message *message,
                         const struct scan_job *job, struct malformations *odd, struct links *links,
                         struct scan_answer *out);

#endif
