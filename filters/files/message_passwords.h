/* SPDX-License-Identifier: ISC
 * The words of a message that may open what is attached to it. */
#ifndef FILTERS_FILES_MESSAGE_PASSWORDS_H
#define FILTERS_FILES_MESSAGE_PASSWORDS_H

#include "filters/archive/passwords.h"
#include "filters/mime/mime.h"

/* Those of its subject and the beginning of its texts, in `arena`. NULL when that is full. */
struct passwords *message_passwords(struct arena *arena, const struct mime_message *message);

#endif
