/* SPDX-License-Identifier: ISC
 * As in charset.c the descriptors are kept: iconv_open reads files. A character at a time is converted, so that what one
 * charset has not costs that character alone. */
#include "filters/mime/charset_encode.h"

#include "base/utf8.h"
#include "filters/mime/charset.h"

#include <iconv.h>
#include <string.h>

enum { CHARACTER_MAX = 32 /* octets, with its escapes */ };

/* Where what mail calls so has less than what it is read as. */
static const struct {
    const char *name, *iconv;
} strict[] = {
    {"iso-8859-1", "ISO-8859-1"},
    {"iso8859-1", "ISO-8859-1"},
    {"latin1", "ISO-8859-1"},
    {"iso_8859-1", "ISO-8859-1"},
    {"gb2312", "GBK"},
    {"gbk", "GBK"},
    {"cp936", "GBK"},
    {"euc-kr", "EUC-KR"},
    {"ks_c_5601-1987", "EUC-KR"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"iso-2022-jp-2", "ISO-2022-JP"},
};

static iconv_t opened[CHARSETS];
static bool warm;

static const char *written_as(int number)
{
    for (size_t i = 0; i < sizeof strict / sizeof *strict; i++)
        if (strcmp(strict[i].name, charset_name(number)) == 0)
            return strict[i].iconv;
    return charset_iconv(number);
}

enum charset_form charset_form(int number)
{
    static const char *const never[] = {"UTF-16", "UTF-16LE", "UTF-16BE",
                                        "UTF-7",  "HZ",       "ISO-2022-KR"};
    if (number < 0 || number >= CHARSETS)
        return CHARSET_NEVER;
    const char *iconv_name = charset_iconv(number);
    if (!*iconv_name)
        return strncmp(charset_name(number), "utf", 3) == 0 ? CHARSET_UTF8 : CHARSET_ASCII;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strcmp(iconv_name, never[i]) == 0)
            return CHARSET_NEVER;
    return strncmp(iconv_name, "ISO-2022-JP", 11) == 0 ? CHARSET_JAPAN : CHARSET_OCTETS;
}

/* Twins share one: what is left in it of a conversion is taken back at its end. */
static iconv_t open_once(int number)
{
    for (int i = 0; i < number; i++)
        if (opened[i] != (iconv_t)-1 && strcmp(written_as(i), written_as(number)) == 0)
            return opened[i];
    return iconv_open(written_as(number), "UTF-8");
}

static size_t convert(iconv_t cd, struct slice text, char out[static CHARACTER_MAX])
{
    union { /* iconv does not write there, but its prototype says so */
        const char *in;
        char *out;
    } from = {.in = text.ptr};
    char *to = out;
    size_t left = text.len, room = CHARACTER_MAX;
    bool whole = iconv(cd, text.ptr ? &from.out : NULL, &left, &to, &room) == 0 && left == 0;
    return whole ? CHARACTER_MAX - room : 0;
}

/* Some charsets wait whether a mark comes next: it does not. */
static size_t convert_alone(enum charset_form form, iconv_t cd, struct slice text,
                            char out[static CHARACTER_MAX])
{
    size_t n = convert(cd, text, out);
    return n > 0 || form == CHARSET_JAPAN ? n : convert(cd, (struct slice){NULL, 0}, out);
}

void charset_encode_warm_up(void)
{
    char out[CHARACTER_MAX];
    if (warm)
        return;
    warm = true;
    for (int i = 0; i < CHARSETS; i++) {
        enum charset_form form = charset_form(i);
        bool needs = form == CHARSET_OCTETS || form == CHARSET_JAPAN;
        opened[i] = needs ? open_once(i) : (iconv_t)-1;
        if (opened[i] != (iconv_t)-1)
            convert(opened[i], SLICE("a"), out);
    }
}

static void put(struct buf *out, iconv_t cd, struct slice text)
{
    char octets[CHARACTER_MAX];
    for (size_t i = 0; i < text.len; i++) {
        size_t n = cd == (iconv_t)-1 ? 0 : convert(cd, slice_sub(text, i, i + 1), octets);
        buf_append(out, n ? (struct slice){octets, n} : slice_sub(text, i, i + 1));
    }
}

/* The euro of GBK is one octet to some, two to others, and none to the rest. */
static bool is_doubtful(int number, uint32_t code)
{
    return code == 0x20ac && strcmp(written_as(number), "GBK") == 0;
}

/* False: it is lost. */
static bool encode_one(struct buf *out, int number, iconv_t cd, struct slice one, uint32_t code)
{
    enum charset_form form = charset_form(number);
    char octets[CHARACTER_MAX];
    bool as_it_is = code < 0x80 ? form != CHARSET_JAPAN : form == CHARSET_UTF8;
    bool converts = !as_it_is && cd != (iconv_t)-1 && !is_doubtful(number, code);
    size_t n = converts ? convert_alone(form, cd, one, octets) : 0;
    if (as_it_is || n > 0) {
        buf_append(out, n ? (struct slice){octets, n} : one);
        return true;
    }
    struct slice near = charset_near(code);
    put(out, cd, near.ptr ? near : SLICE("?"));
    return near.ptr != NULL;
}

bool charset_encode(struct buf *out, int number, struct slice text, size_t *lost, size_t *all)
{
    char octets[CHARACTER_MAX];
    charset_encode_warm_up();
    enum charset_form form = charset_form(number);
    iconv_t cd = form == CHARSET_NEVER ? (iconv_t)-1 : opened[number];
    while (text.len > 0) {
        uint32_t code = '?';
        size_t n = utf8_next(text, &code);
        struct slice one = n ? slice_sub(text, 0, n) : SLICE("?");
        *all += code > ' ';
        *lost += !encode_one(out, number, cd, one, code);
        text = slice_from(text, n ? n : 1);
    }
    if (form == CHARSET_JAPAN && cd != (iconv_t)-1)
        buf_append(out, (struct slice){octets, convert(cd, (struct slice){NULL, 0}, octets)});
    return !out->failed;
}
