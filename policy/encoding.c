/* SPDX-License-Identifier: ISC */
#include "policy/encoding.h"

#include "base/utf8.h"

struct slice encoding_text(struct slice file)
{
    const struct slice mark = SLICE("\xef\xbb\xbf");
    return slice_starts(file, mark) ? slice_from(file, mark.len) : file;
}

/* By its mark, or since one byte of the first character is NUL, as in all Latin text. */
static bool is_utf16(struct slice text)
{
    return slice_starts(text, SLICE("\xff\xfe")) || slice_starts(text, SLICE("\xfe\xff")) ||
           (text.len >= 2 && !text.ptr[0] != !text.ptr[1]);
}

const char *encoding_fault(struct slice text, size_t *at)
{
    uint32_t code;
    *at = 0;
    if (is_utf16(text))
        return "this file is in UTF-16, as PowerShell's > and Out-File write it; expected UTF-8: "
               "use Set-Content -Encoding utf8 there, or iconv -f UTF-16 -t UTF-8 here";
    while (*at < text.len) {
        size_t n = utf8_next(slice_from(text, *at), &code);
        if (n == 0)
            return "this byte is not UTF-8 (is the file in Latin-1 or Windows-1252?); expected "
                   "UTF-8: iconv -f WINDOWS-1252 -t UTF-8 makes it so";
        if (code == 0)
            return "a NUL byte; expected text in UTF-8";
        *at += n;
    }
    return NULL;
}
