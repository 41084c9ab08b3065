/* SPDX-License-Identifier: ISC
 * The files that are written into a text, whatever the way: in a calendar or a card. */
#ifndef FILTERS_FILES_TEXT_FILES_H
#define FILTERS_FILES_TEXT_FILES_H

#include "base/slice.h"

struct text_file {
    const struct slice *names; /* at least one */
    size_t name_count;
    struct slice content; /* decoded; only during the call */
    const char *problem;  /* why it is not all there, in the words of struct archive_member */
};

/* Called with what was found; a false answer ends the search. */
struct text_files_visitor {
    void *ctx;
    bool (*file)(void *ctx, const struct text_file *file);
};

/* Finds them in what has these extensions (extension_of) and this content; what it is not by its
 * content it may be by its name. Answers with why that could not be done, or NULL. Takes memory for
 * some three times the content. */
const char *text_files_each(struct slice content, const struct slice *extensions, size_t count,
                            const struct text_files_visitor *visitor);

/* Does a text that is no attachment, but words to be read, hold any that its readers may be
 * offered? */
bool text_files_in_words(struct slice content);

#endif
