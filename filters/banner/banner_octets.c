/* SPDX-License-Identifier: ISC
 * Transfer encodings as RFC 2045 wants them. */
#include "filters/banner/banner_internal.h"

#include <openssl/evp.h>

enum { QP_LINE = 76, BASE64_LINE = 57 /* octets, in 76 letters */ };

struct qp {
    struct buf *out;
    size_t column;
    bool utf8;
};

static bool goes_on(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

static bool needs_code(const struct qp *qp, unsigned char c, bool last)
{
    bool beginning = qp->column == 0 && (c == '-' || c == '.' || c == 'F' || c == ' ');
    return c < ' ' || c > '~' || c == '=' || beginning || (last && c == ' ');
}

/* Octets of one character, which no soft break shall cut. */
static size_t width_of(const struct qp *qp, struct slice rest)
{
    size_t n = 1;
    while (qp->utf8 && n < rest.len && n < 4 && goes_on((unsigned char)rest.ptr[n]))
        n++;
    return n;
}

static void put_octet(struct qp *qp, unsigned char c, bool last)
{
    if (needs_code(qp, c, last)) {
        buf_printf(qp->out, "=%02X", c);
        qp->column += 3;
    } else {
        buf_char(qp->out, (char)c);
        qp->column++;
    }
}

static void put_line(struct qp *qp, struct slice line)
{
    for (size_t i = 0; i < line.len;) {
        size_t n = width_of(qp, slice_from(line, i));
        if (qp->column + 3 * n >= QP_LINE) {
            buf_cstr(qp->out, "=\r\n");
            qp->column = 0;
        }
        for (size_t end = i + n; i < end; i++)
            put_octet(qp, (unsigned char)line.ptr[i], i + 1 == line.len);
    }
}

void banner_qp(struct buf *out, struct slice text, bool utf8)
{
    struct qp qp = {.out = out, .utf8 = utf8};
    while (text.len > 0) {
        size_t crlf = slice_search(text, SLICE("\r\n"));
        put_line(&qp, slice_sub(text, 0, crlf));
        if (crlf < text.len)
            buf_cstr(out, "\r\n");
        qp.column = 0;
        text = slice_from(text, crlf + 2);
    }
}

void banner_base64(struct buf *out, struct slice octets)
{
    unsigned char letters[4 * (BASE64_LINE / 3) + 1];
    for (size_t at = 0; at < octets.len; at += BASE64_LINE) {
        struct slice line = slice_sub(octets, at, at + BASE64_LINE);
        int n = EVP_EncodeBlock(letters, (const unsigned char *)line.ptr, (int)line.len);
        buf_append(out, (struct slice){(const char *)letters, (size_t)n});
        buf_cstr(out, "\r\n");
    }
}
