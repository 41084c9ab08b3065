/* SPDX-License-Identifier: ISC
 * Shared by the files that look for files in texts only: one search for each way of writing. */
#ifndef FILTERS_FILES_TEXT_SEARCH_H
#define FILTERS_FILES_TEXT_SEARCH_H

#include "base/arena.h"
#include "filters/files/text_files.h"

struct search {
    struct arena *arena; /* of one way of writing */
    const struct text *text;
    struct slice content; /* the text's, made narrow where that is UTF-16 */
    char *narrow;
    const struct text_files_visitor *visitor;
    const char *problem; /* the first */
    bool found;
    bool ended; /* by the visitor */
};

/* Is the text called by one of these extensions? */
bool text_search_is_called(const struct text *text, const struct slice *list, size_t count);

/* Keeps the first problem; NULL is none. */
void text_search_note(struct search *s, const char *problem);

/* Each hands out what it finds, and notes what stood in its way. */
void text_search_calendar(struct search *s);
void text_search_uuencode(struct search *s);
void text_search_binhex(struct search *s);
void text_search_yenc(struct search *s);
void text_search_base64(struct search *s);
void text_search_data(struct search *s);

#endif
