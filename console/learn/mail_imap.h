/* SPDX-License-Identifier: ISC
 * A mailbox on a server of IMAP: opened with EXAMINE and read with BODY.PEEK[], so that nothing is
 * marked as read. */
#ifndef CONSOLE_LEARN_MAIL_IMAP_H
#define CONSOLE_LEARN_MAIL_IMAP_H

#include "console/learn/imap_url.h"
#include "console/learn/mail.h"
#include "policy/config.h"

/* Logs in and looks how much there is. Everything that is given must outlive it; *reason lives in
 * `arena`. NULL: *reason. */
struct mail_source *mail_imap_open(const struct config *config, const struct imap_url *url,
                                   const char *password, uint64_t max, struct arena *arena,
                                   const char **reason);

#endif
