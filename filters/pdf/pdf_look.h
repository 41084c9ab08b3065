/* SPDX-License-Identifier: ISC
 * Shared by pdf_look.c and pdf_collect.c only: an object that is looked at. Its nodes are in `tree`. */
#ifndef FILTERS_PDF_PDF_LOOK_H
#define FILTERS_PDF_PDF_LOOK_H

#include "filters/pdf/pdf_internal.h"

struct look {
    struct pdf *pdf;
    struct pdf_tree *tree;
    uint32_t object;
    bool follow;
};

/* What a node is, at most PDF_VALUES_MAX. Where references are not followed yet, none, and the object is
 * to be looked at again. */
size_t look_values_of(struct look *l, uint32_t node, struct pdf_value *out);

/* The strings that a node is. */
void look_push_strings(struct look *l, struct pdf_list *list, uint32_t node);
/* The files that it tells: a string, or a dictionary with several for one. */
void look_push_target(struct look *l, struct pdf_list *list, uint32_t node);
/* The number of the object that it refers to; of all within it. */
void look_push_number(struct look *l, struct pdf_list *list, uint32_t node);
void look_push_references(struct look *l, struct pdf_list *list, uint32_t node);
/* The streams of the last specification's file: one for each name, or for all. */
void look_push_files(struct look *l, uint32_t node);

#endif
