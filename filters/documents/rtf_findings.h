/* SPDX-License-Identifier: ISC
 * What an RTF document does besides being read: objects that run, and what it fetches from
 * elsewhere. */
#ifndef FILTERS_DOCUMENTS_RTF_FINDINGS_H
#define FILTERS_DOCUMENTS_RTF_FINDINGS_H

#include "base/arena.h"

struct rtf_findings {
    bool embedded; /* holds objects, or links to some */
    bool linked;   /* to objects in other files */
    bool updates;  /* ... or objects that run as soon as the document is opened (\objupdate) */
    bool equation; /* an object of the Equation Editor */
    bool dde;      /* a field that starts another program's conversation (DDE, DDEAUTO) */
    /* Where it fetches from, as it stands there: templates, included files, linked objects. */
    struct slice *targets;
    size_t n_targets, targets_room;
    struct slice html; /* the page that mail's RTF was made of, as far as its tags go */
    bool cut;          /* not all was read */
};

/* Reads what rtf_is; results are in `arena`. Time and memory are linear in the content. */
void rtf_find(struct arena *arena, struct slice content, struct rtf_findings *out);

#endif
