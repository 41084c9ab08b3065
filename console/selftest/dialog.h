/* SPDX-License-Identifier: ISC
 * Commands and answers with a target of the selftest, in SMTP, POP3 or IMAP alike. */
#ifndef CONSOLE_SELFTEST_DIALOG_H
#define CONSOLE_SELFTEST_DIALOG_H

#include "console/selftest/selftest.h"
#include "console/selftest/wire.h"

struct dialog {
    const struct play *play;
    struct wire wire;
    struct slice lines; /* of the last answer, a newline behind each; in the run's arena */
    struct slice said;  /* its last line */
    unsigned code;      /* SMTP's; of the others 200 is yes, 500 no; 0: there was no answer */
};

/* Connects and hears the greeting; TLS first where that is how it begins. Where it or what follows
 * gives false there was no answer, and d->wire.trouble says why. It is to be closed in any case. */
bool dialog_open(struct dialog *d, const struct play *play);
/* The same, with this TLS where that comes first. */
bool dialog_open_with(struct dialog *d, const struct play *play, const struct wire_tls *tls);
void dialog_close(struct dialog *d);

/* Says a command (IMAP: with the tag "a") and hears its answer. */
bool dialog_ask(struct dialog *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Hears the next answer. */
bool dialog_hear(struct dialog *d);

/* The last answer was a yes. */
bool dialog_yes(const struct dialog *d);

/* What was said last, or why nothing was; for people, in the run's arena. */
struct slice dialog_said(const struct dialog *d);

/* Asks for TLS, where it is offered: true when it is due now. */
bool dialog_starttls(struct dialog *d);

/* The command that begins it. */
const char *dialog_starttls_command(const struct dialog *d);

/* Whether it may be said: in SMTP EHLO tells, elsewhere one tries. */
bool dialog_offers_tls(const struct dialog *d);

/* Begins TLS now. */
bool dialog_secure(struct dialog *d, const struct wire_tls *tls);

/* EHLO, in SMTP; true elsewhere. */
bool dialog_greet(struct dialog *d);

/* Whether the answer to EHLO has that keyword. */
bool dialog_offers(const struct dialog *d, const char *keyword);

/* Opens and greets, with TLS when it is offered: as whoever brings mail does. */
bool dialog_ready(struct dialog *d, const struct play *play);

#endif
