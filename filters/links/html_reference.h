/* SPDX-License-Identifier: ISC
 * Character references of HTML, those that matter: numbers, and the names of a few. */
#ifndef FILTERS_LINKS_HTML_REFERENCE_H
#define FILTERS_LINKS_HTML_REFERENCE_H

#include "base/slice.h"

/* The length of the character reference at the start of s, which begins with '&', and in *code what
 * it stands for, which may be a control; 0: none. */
size_t html_reference(struct slice s, uint32_t *code);

#endif
