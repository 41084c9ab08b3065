/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_response.h"

#include <string.h>

const char pop3_more_behind[] = "more stands behind a response";

static enum pop3_status status_of(struct slice line)
{
    bool ok = line.len >= 3 && slice_ieq(slice_sub(line, 0, 3), SLICE("+OK")) &&
              (line.len == 3 || line.ptr[3] == ' ');
    bool challenge = slice_eq(line, SLICE("+")) || slice_starts(line, SLICE("+ "));
    return ok ? POP3_OK : challenge ? POP3_CHALLENGE : POP3_ERR;
}

static size_t no_line(struct slice bytes, const char *why, struct pop3_line *out)
{
    *out = (struct pop3_line){.why = why};
    return bytes.len;
}

/* A status line begins with '+' or '-'; whatever else comes where one is due is of something that
 * was not framed as we think. */
size_t pop3_status_line(struct slice bytes, struct pop3_line *out)
{
    const char *lf = memchr(bytes.ptr, '\n', bytes.len);
    size_t used = lf ? (size_t)(lf - bytes.ptr) + 1 : 0;
    if (bytes.ptr[0] != '+' && bytes.ptr[0] != '-')
        return no_line(bytes, "something else stands where a status line is due", out);
    if (!lf && bytes.len < POP3_STATUS_MAX)
        return 0;
    if (!lf || used > POP3_STATUS_MAX)
        return no_line(bytes, "a status line without an end", out);
    struct slice line = slice_sub(bytes, 0, used - 1);
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    *out = (struct pop3_line){
        .status = status_of(line), .text = line, .rest = slice_from(bytes, used)};
    return used;
}

/* A server that gives up says so unasked, as Dovecot does. */
bool pop3_stands_alone(const struct pop3_line *line)
{
    return line->rest.len == 0 || slice_starts(line->rest, SLICE("-ERR"));
}
