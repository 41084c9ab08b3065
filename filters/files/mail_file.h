/* SPDX-License-Identifier: ISC
 * Messages that lie in a file: a .eml, a page saved as .mht, a mailbox of many. What is one is told
 * by its content or by its name; what it is declared as does not matter. */
#ifndef FILTERS_FILES_MAIL_FILE_H
#define FILTERS_FILES_MAIL_FILE_H

#include "filters/mime/mime.h"

struct mail_file {
    struct slice rest; /* what mail_file_next() has not cut off yet */
    bool several;      /* mbox: each "From " line begins a message */
    bool doubtful;     /* such a line, seen so far, begins one for some programs only */
};

/* True when a file of the true type `type` (filetype_of), with these extensions (extension_of), is
 * to be read as mail. Looks at the first 64 KiB. *out points into content. */
bool mail_file_open(struct slice type, const struct slice *extensions, size_t count,
                    struct slice content, struct mail_file *out);

/* Is it a MIME entity by its beginning: a header block with one field of mail at least? For what was
 * said to be one: notes can look so too. */
bool mail_begins_entity(struct slice content);

/* Cuts off the next message, for mime_parse(). False when there is none left. */
bool mail_file_next(struct mail_file *file, struct slice *message);

/* Is a leaf, with its decoded content, a file? A text without a name is the message's own words,
 * unless it is a program in truth, or files are written into it. Adds to *pictures those that a page holds (text_files.h). */
bool mail_part_is_file(const struct mime_part *part, struct slice content, unsigned *pictures);

/* What programs call such a file that has no name: "winmail.dat"; empty when they call it nothing. */
struct slice mail_part_usual_name(const struct mime_part *part, struct slice content);

#endif
