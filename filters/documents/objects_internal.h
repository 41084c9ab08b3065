/* SPDX-License-Identifier: ISC
 * Shared by the files of filters/documents/objects.h only. */
#ifndef FILTERS_DOCUMENTS_OBJECTS_INTERNAL_H
#define FILTERS_DOCUMENTS_OBJECTS_INTERNAL_H

#include "filters/documents/objects.h"

struct object_search {
    struct arena *scratch;
    const struct object_visitor *visitor;
    unsigned count;
    bool stopped;
    const char *problem; /* the first one */
};

void objects_give(struct object_search *s, struct slice name, struct slice content);

/* False, and nothing is given, when it is no package. */
bool objects_give_package(struct object_search *s, struct slice package);

void objects_note(struct object_search *s, const char *problem);

/* Of a compound file, and of RTF. */
void objects_search_ole(struct object_search *s, struct slice content);
void objects_search_rtf(struct object_search *s, struct slice content);

#endif
