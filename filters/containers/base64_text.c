/* SPDX-License-Identifier: ISC */
#include "filters/containers/base64_text.h"

#include "filters/mime/headers.h"
#include "filters/mime/transfer.h"

#define BEGIN SLICE("-----BEGIN ")
#define END SLICE("-----END ")

enum { LETTERS_MIN = 8 };

static bool is_line(struct slice line)
{
    line = slice_trim(line);
    for (size_t i = 0; i < line.len; i++)
        if (!base64_letter(line.ptr[i]) && line.ptr[i] != '=')
            return false;
    return true;
}

struct slice base64_text_find(struct slice text)
{
    struct line line;
    size_t lead = slice_starts(text, SLICE("\xef\xbb\xbf")) ? 3 : 0;
    text = slice_trim(slice_from(text, lead));
    if (slice_starts(text, BEGIN) && line_at(text, 0, &line))
        text = slice_from(text, line.next);
    for (size_t at = 0; line_at(text, at, &line); at = line.next) {
        if (slice_starts(line.text, END))
            text = slice_sub(text, 0, at);
        else if (!is_line(line.text))
            return (struct slice){NULL, 0};
    }
    return text.len < LETTERS_MIN ? (struct slice){NULL, 0} : text;
}

size_t base64_text_decode(struct slice letters, char *out)
{
    struct base64 state = {0};
    size_t n = base64_decode(&state, letters, out);
    return n + base64_finish(&state, out + n);
}
