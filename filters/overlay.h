/* SPDX-License-Identifier: ISC
 * Something else written over a part of a message, without a change of any length: octets a line,
 * decoded octets, dots that have to be doubled on the wire. Pure; whatever the range says, nothing
 * outside the message is touched, and no line begins or ends elsewhere. */
#ifndef FILTERS_OVERLAY_H
#define FILTERS_OVERLAY_H

#include "base/slice.h"

enum overlay_encoding { OVERLAY_IDENTITY, OVERLAY_BASE64, OVERLAY_QP, OVERLAY_ENCODINGS };

struct overlay_range {
    uint64_t from, to; /* octets of the message */
    enum overlay_encoding encoding;
};

/* Writes the notice (printable ASCII; else '?'), as the encoding decodes it, over the range of a
 * message of `size` octets; what is left is blank. CR and LF stay, and a dot at the beginning of a
 * line; of base64 padding and what is no letter; of quoted-printable soft breaks and blanks before
 * the end of a line. */
void overlay(char *message, size_t size, struct overlay_range range, struct slice notice);

#endif
