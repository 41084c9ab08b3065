/* SPDX-License-Identifier: ISC */
#include "filters/pdf/pdf_filters.h"

#include "filters/archive/unpack.h"
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_syntax.h"

enum { RUN_END = 128, GROUP = 5 };

bool pdf_ascii_hex(struct slice in, struct buf *out)
{
    int high = -1;
    for (size_t i = 0; i < in.len && in.ptr[i] != '>'; i++) {
        int digit = hex_digit(in.ptr[i]);
        if (digit < 0 && !pdf_is_space(in.ptr[i]))
            return false;
        if (digit < 0)
            continue;
        if (high >= 0 && !buf_char(out, (char)(high << 4 | digit)))
            return false;
        high = high < 0 ? digit : -1;
    }
    return high < 0 || buf_char(out, (char)(high << 4));
}

/* Five digits to the base of 85 are four octets, `count` of them count - 1. */
static bool put_group(struct buf *out, const uint8_t *digits, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < GROUP; i++)
        value = value * 85 + (i < count ? digits[i] : 84);
    for (unsigned i = 0; i + 1 < count; i++)
        if (!buf_char(out, (char)(value >> (24 - 8 * i))))
            return false;
    return true;
}

bool pdf_ascii_85(struct slice in, struct buf *out)
{
    uint8_t digits[GROUP];
    unsigned count = 0;
    if (slice_starts(slice_trim(in), SLICE("<~")))
        in = slice_from(in, slice_find(in, '~') + 1);
    for (size_t i = 0; i < in.len && in.ptr[i] != '~'; i++) {
        char c = in.ptr[i];
        if (pdf_is_space(c))
            continue;
        bool zeros = c == 'z' && count == 0;
        if (zeros && !buf_append(out, SLICE("\0\0\0\0")))
            return false;
        if (zeros)
            continue;
        if (c < '!' || c > 'u')
            return false;
        digits[count++] = (uint8_t)(c - '!');
        if (count == GROUP && !put_group(out, digits, count))
            return false;
        count %= GROUP;
    }
    return count == 0 || put_group(out, digits, count);
}

bool pdf_run_length(struct slice in, struct buf *out)
{
    for (size_t at = 0; at < in.len;) {
        unsigned length = (unsigned char)in.ptr[at++];
        if (length == RUN_END)
            return true;
        size_t octets = length < RUN_END ? length + 1 : 257 - length;
        if (cpu_budget_spent(octets))
            return false;
        if (length < RUN_END) {
            if (!buf_append(out, slice_sub(in, at, at + octets)))
                return false;
            at += octets;
            continue;
        }
        for (size_t i = 0; at < in.len && i < octets; i++)
            if (!buf_char(out, in.ptr[at]))
                return false;
        at++;
    }
    return true;
}

static bool flate(struct slice in, struct buf *out)
{
    bool whole;
    if (in.len == 0)
        return true;
    unpack_zlib(in, out, &whole);
    return whole;
}

const char *pdf_unfilter(const struct pdf_step *step, struct slice in, struct buf *out)
{
    bool whole = true;
    switch (step->filter) {
    case PDF_FLATE:
        whole = flate(in, out);
        break;
    case PDF_LZW:
        whole = pdf_lzw(in, step->late_change, out);
        break;
    case PDF_ASCII_HEX:
        whole = pdf_ascii_hex(in, out);
        break;
    case PDF_ASCII_85:
        whole = pdf_ascii_85(in, out);
        break;
    case PDF_RUN_LENGTH:
        whole = pdf_run_length(in, out);
        break;
    case PDF_CRYPT:
        whole = buf_append(out, in);
        break;
    case PDF_DCT:
    case PDF_OTHER_PICTURE:
    case PDF_UNKNOWN:
        return "unsupported";
    }
    if (out->failed)
        return "limit: bytes";
    bool packed = step->filter == PDF_FLATE || step->filter == PDF_LZW;
    return (!packed || pdf_unpredict(step, out)) && whole ? NULL : "corrupt";
}
