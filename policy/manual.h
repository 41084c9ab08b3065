/* SPDX-License-Identifier: ISC
 * The tables of gatepost.conf(5), in mdoc, from the .def files. */
#ifndef POLICY_MANUAL_H
#define POLICY_MANUAL_H

#include "base/buf.h"

void manual_settings(struct buf *out);
void manual_facts(struct buf *out);
void manual_records(struct buf *out); /* the fields of attachments and the words of enums */
void manual_actions(struct buf *out);

#endif
