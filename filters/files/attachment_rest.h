/* SPDX-License-Identifier: ISC
 * The record that stands for attachments that a list has no room for. A list that is cut leaves
 * rules undecided, so that a message would be deferred again and again: but it gets no shorter by
 * waiting. With this record, what refuses attachments that cannot be checked decides. */
#ifndef FILTERS_FILES_ATTACHMENT_REST_H
#define FILTERS_FILES_ATTACHMENT_REST_H

#include "policy/value.h"

/* Unscannable, and named for a person to read. A constant. */
const struct value *attachment_rest(void);

/* A list of it alone, cut. */
struct value attachment_rest_alone(void);

#endif
