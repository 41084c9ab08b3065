/* SPDX-License-Identifier: ISC
 * The body after DATA, as it comes off the wire: dot-stuffing undone in place,
 * the end found, what is not CRLF noticed.
 * Only CRLF "." CRLF ends it. Pure; fast where nothing happens (most bytes). */
#ifndef PROXY_SMTP_SMTP_DATA_H
#define PROXY_SMTP_SMTP_DATA_H

#include "base/slice.h"

enum smtp_data_state { DATA_LINE_START, DATA_MIDDLE, DATA_CR, DATA_DOT, DATA_DOT_CR, DATA_END };

struct smtp_data {
    enum smtp_data_state state;
    bool bare_cr, bare_lf, nul, high; /* seen so far; high: a byte over 127 */
    bool dots;      /* a line of the content begins with a dot: it must be stuffed again */
    bool chunked;   /* BDAT: dots mean nothing, the length ends it (RFC 3030) */
    bool normalise; /* bare CR and bare LF become CRLF, instead of being only noticed */
};

/* The body begins as if after CRLF. */
void smtp_data_begin(struct smtp_data *data, bool chunked, bool normalise);

/* Takes one run of content, a piece of the input or a literal. */
typedef bool smtp_data_sink(void *ctx, struct slice content);

/* Feeds bytes. Content goes to `sink` in runs. Returns how many bytes were used: all, unless the
 * end (data->state == DATA_END) came first. SIZE_MAX: the sink refused. */
size_t smtp_data_feed(struct smtp_data *data, struct slice bytes, smtp_data_sink *sink, void *ctx);

/* After the last chunk: a CR that waited for its LF goes out, and CRLF is put behind a last line
 * that has none. */
bool smtp_data_finish(struct smtp_data *data, smtp_data_sink *sink, void *ctx);

/* Length of a run at the front in which nothing happens: no NUL, no bare CR or LF, no line that
 * begins with a dot. `line_start` tells whether it begins a line, and on return whether it ended
 * with CRLF. *high is set when a byte over 127 is in it. */
size_t smtp_data_plain_run(struct slice bytes, bool *line_start, bool *high);

#endif
