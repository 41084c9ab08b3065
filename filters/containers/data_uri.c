/* SPDX-License-Identifier: ISC */
#include "filters/containers/data_uri.h"

#include "filters/mime/transfer.h"

#include <string.h>

enum { HEAD_MAX = 512 };

/* What may stand before the comma: a media type and its parameters. */
static bool is_head(struct slice head)
{
    for (size_t i = 0; i < head.len; i++)
        if (!ascii_alpha(head.ptr[i]) && !ascii_digit(head.ptr[i]) &&
            (head.ptr[i] == '\0' || !strchr("/;=\"+-._ \\!#$&^*'%", head.ptr[i])))
            return false;
    return true;
}

static struct slice trim_marks(struct slice s)
{
    s = slice_trim(s);
    while (s.len && s.ptr[s.len - 1] == '\\')
        s = slice_trim(slice_sub(s, 0, s.len - 1));
    return s;
}

bool data_uri_parse(struct slice behind, struct data_uri *out)
{
    size_t comma = slice_find(slice_sub(behind, 0, HEAD_MAX), ',');
    struct slice head = slice_sub(behind, 0, comma), rest;
    if (comma >= behind.len || comma == HEAD_MAX || !is_head(head))
        return false;
    head = trim_marks(head);
    size_t last = slice_rfind(head, ';');
    struct slice word =
        last < head.len ? slice_trim(slice_from(head, last + 1)) : (struct slice){0};
    *out = (struct data_uri){.base64 = slice_ieq(word, SLICE("base64")),
                             .payload = slice_from(behind, comma + 1)};
    slice_cut(head, ';', &out->type, &rest);
    out->type = trim_marks(out->type);
    return out->type.len == 0 || slice_find(out->type, '/') < out->type.len;
}

static size_t percent_decode(struct slice in, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        struct slice hex = slice_sub(in, i + 1, i + 3);
        bool escape = in.ptr[i] == '%' && hex.len == 2 && hex_digit(hex.ptr[0]) >= 0 &&
                      hex_digit(hex.ptr[1]) >= 0;
        out[n++] = escape ? (char)(hex_digit(hex.ptr[0]) << 4 | hex_digit(hex.ptr[1])) : in.ptr[i];
        i += escape ? 2 : 0;
    }
    return n;
}

size_t data_uri_decode(const struct data_uri *uri, char *out)
{
    size_t len = percent_decode(uri->payload, out);
    if (!uri->base64)
        return len;
    /* in place: of base64 nothing is written before what stands there was read */
    struct base64 state = {0};
    size_t n = base64_decode(&state, (struct slice){out, len}, out);
    return n + base64_finish(&state, out + n);
}
