/* SPDX-License-Identifier: ISC */
#include "filters/overlay.h"

#include "filters/mime/transfer.h"

/* Where it is written, and what is due. */
struct pen {
    char *message;
    size_t size, from, to;
    struct slice notice;
};

static char due(struct pen *pen)
{
    char c = ' ';
    if (pen->notice.len) {
        c = pen->notice.ptr[0];
        pen->notice = slice_from(pen->notice, 1);
    }
    return c >= 0x20 && c < 0x7f ? c : '?';
}

static bool is_break(char c)
{
    return c == '\r' || c == '\n';
}

static bool begins_line(const struct pen *pen, size_t i)
{
    return i == 0 || pen->message[i - 1] == '\n';
}

static bool ends_line(const struct pen *pen, size_t i)
{
    return i + 1 >= pen->size || is_break(pen->message[i + 1]);
}

/* A dot at the beginning of a line is doubled on the wire: so it stays one, and nothing else becomes
 * one. No line ends with a blank, which some would take away. */
static void put(struct pen *pen, size_t i, char c)
{
    bool dots = c == '.' && begins_line(pen, i), blank = c == ' ' && ends_line(pen, i);
    pen->message[i] = dots || blank ? '-' : c;
}

static bool is_kept_dot(const struct pen *pen, size_t i)
{
    return pen->message[i] == '.' && begins_line(pen, i);
}

static void over_text(struct pen *pen)
{
    for (size_t i = pen->from; i < pen->to; i++)
        if (!is_break(pen->message[i]) && !is_kept_dot(pen, i))
            put(pen, i, due(pen));
}

/* ---- base64 ---- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A quantum of one to four letters decodes to none to three octets. */
static void over_quantum(struct pen *pen, const size_t at[static 4], size_t count)
{
    uint32_t bits = 0;
    for (size_t octet = 0; octet < 3; octet++)
        bits = bits << 8 | (octet + 1 < count ? (unsigned char)due(pen) : 0);
    for (size_t i = 0; i < count; i++)
        pen->message[at[i]] = letters[bits >> (18 - 6 * i) & 63];
}

static void over_base64(struct pen *pen)
{
    size_t at[4], count = 0;
    for (size_t i = pen->from; i < pen->to; i++) {
        bool letter = base64_letter(pen->message[i]);
        if (letter)
            at[count++] = i;
        if (count == 4 || (count && pen->message[i] == '=')) {
            over_quantum(pen, at, count);
            count = 0;
        }
    }
    over_quantum(pen, at, count);
}

/* ---- quoted-printable ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_escape(const struct pen *pen, size_t i)
{
    return i + 2 < pen->to && is_hex(pen->message[i + 1]) && is_hex(pen->message[i + 2]);
}

static void over_escape(struct pen *pen, size_t i)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char octet = (unsigned char)due(pen);
    pen->message[i + 1] = hex[octet >> 4];
    pen->message[i + 2] = hex[octet & 15];
}

/* Behind a '=' that means nothing nothing may come that gives it a meaning. */
static void over_literal(struct pen *pen, size_t i, bool behind_equals, bool last)
{
    char c = due(pen);
    bool gives_meaning = behind_equals && (is_hex(c) || c == ' ');
    put(pen, i, c == '=' || gives_meaning || (last && c == ' ') ? '-' : c);
}

/* A line without its end, and without the blanks before that: they are no content. */
static void over_qp_line(struct pen *pen, size_t from, size_t to)
{
    bool behind_equals = false;
    for (size_t i = from; i < to; i++) {
        bool equals = pen->message[i] == '=', escape = equals && is_escape(pen, i);
        if (escape)
            over_escape(pen, i);
        else if (!equals && !is_kept_dot(pen, i))
            over_literal(pen, i, behind_equals, i + 1 == to);
        i += escape ? 2 : 0;
        behind_equals = equals && !escape;
    }
}

static void over_qp(struct pen *pen)
{
    for (size_t from = pen->from; from < pen->to; from++) {
        size_t end = from, content;
        while (end < pen->to && !is_break(pen->message[end]))
            end++;
        for (content = end; content > from && is_blank(pen->message[content - 1]);)
            content--;
        over_qp_line(pen, from, content);
        from = end;
    }
}

void overlay(char *message, size_t size, struct overlay_range range, struct slice notice)
{
    struct pen pen = {.message = message,
                      .size = size,
                      .from = range.from < size ? (size_t)range.from : size,
                      .to = range.to < size ? (size_t)range.to : size,
                      .notice = notice};
    if (range.encoding == OVERLAY_BASE64)
        over_base64(&pen);
    else if (range.encoding == OVERLAY_QP)
        over_qp(&pen);
    else
        over_text(&pen);
}
