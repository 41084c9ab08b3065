/* SPDX-License-Identifier: ISC
 * The octets of objects in RTF, from digits with anything between them. Programs differ in what
 * they pass over (groups within, \'hh), so there are two readings: the strict one of the group
 * itself, and one of all digits. */
#ifndef FILTERS_DOCUMENTS_RTF_DATA_H
#define FILTERS_DOCUMENTS_RTF_DATA_H

#include "base/buf.h"

enum { RTF_DATA_NESTED_MAX = 8 };

struct rtf_digits {
    struct buf octets;
    int high; /* the first digit of an octet, or -1 */
};

struct rtf_data {
    struct rtf_digits strict[RTF_DATA_NESTED_MAX]; /* of objects in objects, the innermost last */
    size_t depths[RTF_DATA_NESTED_MAX];            /* of their groups */
    size_t count;
    struct rtf_digits all; /* of the outermost */
    bool differs;          /* it has more than the strict reading */
    size_t max;            /* octets that either may have */
    bool failed;           /* no memory, or more in one another than there is room for */
    void *ctx;
    bool (*object)(void *ctx, struct slice octets); /* false: no more */
    bool stopped;
};

/* `max`: the document's length. The caller ends it in any case. */
struct rtf_data rtf_data_begin(size_t max, void *ctx, bool (*object)(void *, struct slice));

/* An object begins in the group of that depth; again: what there is of it is handed out. */
void rtf_data_open(struct rtf_data *data, size_t depth);

/* The group of that depth is closed. */
void rtf_data_close(struct rtf_data *data, size_t depth);

/* Text, and raw octets. `inside`: of the object's own group. */
void rtf_data_text(struct rtf_data *data, struct slice text, bool inside);
void rtf_data_raw(struct rtf_data *data, struct slice octets, bool inside);

/* \'hh, which is data for some. */
void rtf_data_octet(struct rtf_data *data, char octet);

/* Hands out what is still open, and gives back all memory. */
void rtf_data_end(struct rtf_data *data);

#endif
