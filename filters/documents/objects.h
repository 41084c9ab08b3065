/* SPDX-License-Identifier: ISC
 * Files that stand inside office documents: packages and documents in OLE2 files ([MS-OLEDS]),
 * objects in RTF, deflated objects in old presentations. */
#ifndef FILTERS_DOCUMENTS_OBJECTS_H
#define FILTERS_DOCUMENTS_OBJECTS_H

#include "base/arena.h"

struct object_visitor {
    void *ctx;
    /* `content` only during the call; a false answer stops. */
    bool (*object)(void *ctx, struct slice name, struct slice content);
};

/* Hands out each embedded file of `content`. `scratch` serves during the call and should allow a
 * few times the content's size. NULL, or why something may be missing, in the words of struct
 * archive_member: a constant. What is damaged is handed out as far as it is there. */
const char *objects_each(struct arena *scratch, struct slice content,
                         const struct object_visitor *visitor);

#endif
