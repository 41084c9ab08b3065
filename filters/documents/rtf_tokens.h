/* SPDX-License-Identifier: ISC
 * Rich Text Format, token by token (RTF 1.9.1, "RTF Syntax"). No token reaches into another's: what
 * stands in a word's number or in raw octets is nothing else. */
#ifndef FILTERS_DOCUMENTS_RTF_TOKENS_H
#define FILTERS_DOCUMENTS_RTF_TOKENS_H

#include "base/slice.h"

enum rtf_kind {
    RTF_END,
    RTF_OPEN,
    RTF_CLOSE,
    RTF_WORD,   /* .text is its letters, .number what follows them */
    RTF_SYMBOL, /* a backslash and .octet */
    RTF_OCTET,  /* \'hh: .octet */
    RTF_TEXT,   /* all up to the next token of another kind */
    RTF_RAW,    /* what follows \bin, as it stands; comes behind its word */
};

struct rtf_token {
    enum rtf_kind kind;
    struct slice text;
    bool numbered;
    int32_t number; /* the nearest that there is */
    char octet;
};

struct rtf_tokens {
    struct slice text; /* what is left */
    size_t raw;        /* octets of it that are raw */
    bool doubtful;     /* a \bin whose octets programs may count otherwise */
};

/* The next token of what is left. */
struct rtf_token rtf_next(struct rtf_tokens *tokens);

/* Does it begin as RTF does, behind blanks at most? */
bool rtf_is(struct slice content);

#endif
