/* SPDX-License-Identifier: ISC
 * Where an encoded text ends, so that it can go on there. */
#include "filters/banner/banner_internal.h"
#include "filters/mime/transfer.h"

#include <string.h>

enum { GROUP = 4 };

static struct slice trim_end(struct slice text)
{
    while (text.len > 0 && strchr("\r\n\t ", text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* A soft break behind which nothing stands would join what is written there to its line. */
static bool ends_in_soft_break(struct slice content)
{
    struct slice text = trim_end(content);
    return text.len > 0 && text.ptr[text.len - 1] == '=';
}

/* So many letters, and the padding behind them. */
static bool is_padded(struct slice group, size_t letters)
{
    for (size_t i = 0; i < group.len; i++)
        if (i < letters ? !base64_letter(group.ptr[i]) : group.ptr[i] != '=')
            return false;
    return group.len == GROUP;
}

static bool base64_end(struct slice content, size_t octets, size_t *at, unsigned *kept)
{
    struct slice letters = trim_end(content);
    *kept = octets % 3;
    *at = letters.len;
    if (letters.len == 0)
        return octets == 0;
    if (*kept == 0)
        return octets > 0 && base64_letter(letters.ptr[letters.len - 1]);
    *at = letters.len < GROUP ? 0 : letters.len - GROUP;
    return is_padded(slice_from(letters, *at), *kept + 1);
}

bool banner_end(const struct mime_part *part, struct slice text, size_t *at, unsigned *kept)
{
    *at = part->content.len;
    *kept = 0;
    return part->encoding == MIME_BASE64 ? base64_end(part->content, text.len, at, kept)
           : part->encoding == MIME_QP   ? !ends_in_soft_break(part->content)
                                         : true;
}

bool banner_stands_before(struct slice before, struct slice words)
{
    struct slice text = trim_end(before), last = trim_end(words);
    if (text.len > 0 && text.ptr[text.len - 1] == '=') /* a soft break */
        text.len--;
    while (last.len > 0 && strchr("=\r\n", last.ptr[0]))
        last = slice_from(last, 1);
    struct slice tail = slice_from(text, text.len < last.len ? text.len : text.len - last.len);
    return last.len > 0 && slice_eq(tail, last) && text.len > last.len &&
           text.ptr[text.len - last.len - 1] == '\n';
}
