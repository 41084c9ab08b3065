/* SPDX-License-Identifier: ISC
 * What an RTF document holds besides its words: octets of objects, and the texts that say what is
 * fetched from elsewhere. Groups are read as Word reads them; where programs are known to differ in
 * what of an object is data, both readings are handed out. */
#ifndef FILTERS_DOCUMENTS_RTF_H
#define FILTERS_DOCUMENTS_RTF_H

#include "base/arena.h"
#include "filters/documents/rtf_tokens.h"

enum rtf_place {
    RTF_ELSEWHERE, /* words, and what nothing is made of */
    RTF_PASSED,    /* a destination of another kind, or one that is to be ignored where unknown */
    RTF_DATA,      /* \objdata */
    RTF_CLASS,     /* \objclass */
    RTF_TEMPLATE,  /* \template */
    RTF_FIELD,     /* \fldinst */
    RTF_HTML,      /* \htmltag ([MS-OXRTFEX] 2.1.3.1) */
};

struct rtf_visitor {
    void *ctx;
    /* Each may be NULL; what is given lives during the call. */
    bool (*object)(void *ctx, struct slice octets); /* false: no more of them */
    void (*text)(void *ctx, enum rtf_place place, struct slice text);
    void (*word)(void *ctx, struct slice word);
};

/* Reads what rtf_is. `scratch` serves during the call; time and memory are linear in the content.
 * NULL, or why not all was read: a constant. */
const char *rtf_read(struct arena *scratch, struct slice content,
                     const struct rtf_visitor *visitor);

#endif
