/* SPDX-License-Identifier: ISC
 * gatepostctl dkim check --message: the signatures of a message that is there, verified. */
#ifndef CONSOLE_DKIM_DKIM_MESSAGE_H
#define CONSOLE_DKIM_DKIM_MESSAGE_H

#include "console/dkim/dkim_options.h"

/* The exit status: fine when there are signatures and all of them pass. */
int dkim_message(const struct dkim_options *options, struct config *config, struct arena *arena);

#endif
