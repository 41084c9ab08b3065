/* SPDX-License-Identifier: ISC
 * Text for people: harmless whatever a message put into it, and as wide as the terminal. */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include "base/buf.h"

struct terminal {
    unsigned width; /* columns; 0: no limit (not a terminal) */
    bool colour;
};

/* Standard output as it is now. $COLUMNS goes before what the terminal says; $NO_COLOR and
 * TERM=dumb mean no colour. */
struct terminal terminal_of_output(void);

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WAIT, STYLE_BAD };

/* Whether a terminal is there that shows more than ASCII. */
bool terminal_has_utf8(const struct terminal *terminal);

void terminal_style(const struct terminal *terminal, struct buf *out, enum style style);

enum precision { TO_THE_DAY, TO_THE_MINUTE, TO_THE_SECOND };

/* Appends a local time; `seconds` since 1970. Nothing: no calendar has it. */
void terminal_time(struct buf *out, int64_t seconds, enum precision precision);

/* Appends untrusted text: what is not printable in this locale, or invisible, or turns text around,
 * becomes \xNN or \u{NNNN}. At most `columns` columns wide (0: no limit); what does not fit ends in
 * "..". Returns how many columns it took. */
size_t terminal_text(struct buf *out, struct slice text, size_t columns);

/* The same, words broken into lines of the terminal's width, each but the first after `indent`
 * blanks; the first begins in column `indent`. */
void terminal_wrap(const struct terminal *terminal, struct buf *out, struct slice text,
                   size_t indent);

#endif
