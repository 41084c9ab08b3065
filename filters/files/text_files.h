/* SPDX-License-Identifier: ISC
 * The files that are written into a text, whatever the way: in a calendar or a card, as uuencode,
 * BinHex, yEnc or base64, or in data: URIs. */
#ifndef FILTERS_FILES_TEXT_FILES_H
#define FILTERS_FILES_TEXT_FILES_H

#include "base/slice.h"

struct text {
    struct slice content;
    const struct slice *names, *extensions; /* each name's (extension_of) */
    size_t name_count;
    uint64_t most;     /* octets that what is written in runs may come to ... */
    const char *limit; /* ... and what is said of more */
};

struct text_file {
    const struct slice *names; /* at least one; clean UTF-8 */
    size_t name_count;
    struct slice content; /* decoded; only during the call */
    const char *problem;  /* why it is not all there, in the words of struct archive_member */
};

struct text_files_visitor {
    void *ctx;
    /* Called with what was found; a false answer ends the search. */
    bool (*file)(void *ctx, const struct text_file *file);
    /* May be NULL. Called with a picture in a data: URI, which is nothing else. */
    void (*picture)(void *ctx, struct slice content);
};

/* Finds them. What a text is not by its content it may be by its name. Answers with why something
 * of that could not be done, or NULL. Takes memory for some five times the content, and for
 * `most`. */
const char *text_files_each(const struct text *text, const struct text_files_visitor *visitor);

/* Does a text hold any, by its content? */
bool text_files_any(struct slice content);

/* Does a text that is no attachment, but words to be read, declared as that type, hold any that its
 * readers may be offered? Those in uuencode are parts of the message already (mime.h). Adds to *pictures what pictures it holds beside, a bit for
 * each picture_kind. */
bool text_files_in_words(struct slice type, struct slice content, unsigned *pictures);

#endif
