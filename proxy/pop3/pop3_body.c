/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_body.h"

#include <stdint.h>
#include <string.h>

/* What stands behind a dot at the beginning of a line. Says whether the dot was content. */
static bool take_behind_dot(struct pop3_body *body, char c)
{
    bool doubled = c == '.', ends = c == '\r';
    body->ambiguous |= !doubled && !ends && body->first;
    body->state = ends                         ? POP3_BODY_DOT_CR
                  : doubled || body->ambiguous ? POP3_BODY_MIDDLE
                                               : POP3_BODY_BROKEN;
    return doubled;
}

/* One octet at the beginning of a line, or in what may be its end. Says whether a dot was content. */
static bool take_dot(struct pop3_body *body, char c)
{
    if (body->state == POP3_BODY_DOT)
        return take_behind_dot(body, c);
    if (body->state == POP3_BODY_DOT_CR) {
        body->state = c == '\n' ? POP3_BODY_END : POP3_BODY_BROKEN;
        return false;
    }
    body->first = !body->going;
    body->state = POP3_BODY_DOT;
    return false;
}

/* From a line's middle to the beginning of the next, or as far as the octets go. */
static size_t rest_of_line(struct pop3_body *body, struct slice bytes)
{
    size_t i = 0;
    while (i < bytes.len) {
        const char *lf = memchr(bytes.ptr + i, '\n', bytes.len - i);
        size_t end = lf ? (size_t)(lf - bytes.ptr) + 1 : bytes.len;
        bool after_cr = end - i > 1 ? bytes.ptr[end - 2] == '\r' : body->state == POP3_BODY_CR;
        i = end;
        if (lf && after_cr) {
            body->state = POP3_BODY_LINE;
            return i;
        }
        body->state = !lf && bytes.ptr[end - 1] == '\r' ? POP3_BODY_CR : POP3_BODY_MIDDLE;
    }
    return i;
}

static bool in_line(const struct pop3_body *body)
{
    return body->state == POP3_BODY_MIDDLE || body->state == POP3_BODY_CR;
}

/* Content that stands in one piece: until a dot at the beginning of a line. */
static size_t run(struct pop3_body *body, struct slice bytes)
{
    size_t i = 0;
    while (i < bytes.len) {
        if (body->state == POP3_BODY_LINE) {
            if (bytes.ptr[i] == '.')
                break;
            body->state = POP3_BODY_MIDDLE;
        }
        i += rest_of_line(body, slice_from(bytes, i));
    }
    return i;
}

size_t pop3_body_feed(struct pop3_body *body, struct slice bytes, pop3_body_sink *sink, void *ctx)
{
    size_t i = 0;
    while (i < bytes.len && body->state < POP3_BODY_END) {
        size_t from = i;
        bool in_run = in_line(body) || (body->state == POP3_BODY_LINE && bytes.ptr[i] != '.');
        if (in_run)
            i += run(body, slice_from(bytes, i));
        else if (!take_dot(body, bytes.ptr[i++]))
            continue;
        body->going = true;
        struct slice content = slice_sub(bytes, from, i);
        if (!in_run)
            content = body->stuffed ? SLICE("..") : SLICE(".");
        if (!sink(ctx, content))
            return SIZE_MAX;
    }
    return i;
}
