/* SPDX-License-Identifier: ISC
 * Images of disks and of the file systems on them, which nothing here opens: by what systems and
 * unpackers look for when they are given one, under whatever name. */
#ifndef FILTERS_ARCHIVE_DISK_IMAGE_H
#define FILTERS_ARCHIVE_DISK_IMAGE_H

#include "base/slice.h"

/* A type such as "application/x-fat-image"; empty when it is none. Their marks are seldom in the
 * first octets, so the same file may be something else as well, a CD's image (iso.h) for one. */
struct slice disk_image_type(struct slice content);

#endif
