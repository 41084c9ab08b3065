/* SPDX-License-Identifier: ISC
 * libmilter's callbacks of what comes before a message: HELO, MAIL, RCPT. */
#ifndef MILTER_ENVELOPE_H
#define MILTER_ENVELOPE_H

#include <libmilter/mfapi.h>

sfsistat envelope_on_helo(SMFICTX *ctx, char *name);
sfsistat envelope_on_mail(SMFICTX *ctx, char **argv);
sfsistat envelope_on_recipient(SMFICTX *ctx, char **argv);

#endif
