/* SPDX-License-Identifier: ISC
 * Files that stand inside office documents: packages and documents in OLE2 files ([MS-OLEDS]),
 * hexadecimal object data in RTF, deflated objects in old presentations. */
#ifndef FILTERS_DOCUMENTS_OBJECTS_H
#define FILTERS_DOCUMENTS_OBJECTS_H

#include "base/arena.h"

struct object_visitor {
    void *ctx;
    /* `content` only during the call; a false answer stops. */
    bool (*object)(void *ctx, struct slice name, struct slice content);
};

/* Hands out each embedded file of `content`, at most 64. `scratch` serves during the call and
 * should allow a few times the content's size. False when there were more, or something was too
 * large to unpack. */
bool objects_each(struct arena *scratch, struct slice content,
                  const struct object_visitor *visitor);

#endif
