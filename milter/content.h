/* SPDX-License-Identifier: ISC
 * libmilter's callbacks of a message, and what the mail server is told to do with it. DATA is none of them: mail servers
 * tell of that before their client has sent the message, which may take long, and hand all of it over afterwards. */
#ifndef MILTER_CONTENT_H
#define MILTER_CONTENT_H

#include <libmilter/mfapi.h>

sfsistat content_on_field(SMFICTX *ctx, char *name, char *value);
sfsistat content_on_end_of_fields(SMFICTX *ctx);
sfsistat content_on_body(SMFICTX *ctx, unsigned char *octets, size_t len);
sfsistat content_on_end(SMFICTX *ctx);

#endif
