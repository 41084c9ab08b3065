/* SPDX-License-Identifier: ISC
 * QR codes (ISO/IEC 18004) in a picture, by libzbar's decoder. */
#ifndef FILTERS_PICTURES_QR_H
#define FILTERS_PICTURES_QR_H

#include "filters/pictures/grey.h"

/* Loads what is loaded lazily. Once a process, before the jail. */
bool qr_warm_up(void);

/* Calls `found` with what each code says, octets of any kind: of those that are dark on light, or if
 * there are none of those that are light on dark, for which the picture is inverted. NULL, or why not
 * all of it was read: "memory", CPU_BUDGET_SPENT, "too intricate". */
const char *qr_read(struct grey *grey, void (*found)(void *ctx, struct slice text), void *ctx);

#endif
