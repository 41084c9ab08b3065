/* SPDX-License-Identifier: ISC */
#ifndef FILTERS_REDACTION_DOUBT_H
#define FILTERS_REDACTION_DOUBT_H

#include "filters/mime/mime.h"

/* Whether there can be octets among those that stay which some program shows as content: a cap was
 * reached, or what is a boundary or the header of a part here may be text elsewhere. */
bool redaction_in_doubt(const struct mime_message *message);

#endif
