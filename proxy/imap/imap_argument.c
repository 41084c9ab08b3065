/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_argument.h"

bool imap_is_quotable(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c >= 0x80 || *c == '\r' || *c == '\n')
            return false;
    return true;
}

void imap_quote(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_char(out, '\\');
        buf_char(out, *c);
    }
    buf_char(out, '"');
}
