/* SPDX-License-Identifier: ISC
 * The descriptors are kept for the life of the process,
 * since iconv_open reads files, which a jail forbids. */
#include "filters/mime/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* What mail says -> what iconv calls it. Empty: UTF-8 or a subset of it. */
static const struct {
    const char *name, *iconv;
} charsets[] = {
    {"utf-8", ""},
    {"utf8", ""},
    {"us-ascii", ""},
    {"ascii", ""},
    {"ansi_x3.4-1968", ""},
    {"iso-8859-1", "WINDOWS-1252"},
    {"iso8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"iso_8859-1", "WINDOWS-1252"},
    {"windows-1252", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "ISO-8859-11"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "WINDOWS-1250"},
    {"windows-1251", "WINDOWS-1251"},
    {"cp1251", "WINDOWS-1251"},
    {"windows-1253", "WINDOWS-1253"},
    {"windows-1254", "WINDOWS-1254"},
    {"windows-1255", "WINDOWS-1255"},
    {"windows-1256", "WINDOWS-1256"},
    {"windows-1257", "WINDOWS-1257"},
    {"windows-1258", "WINDOWS-1258"},
    {"windows-874", "CP874"},
    {"tis-620", "TIS-620"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"ibm437", "IBM437"},
    {"cp437", "IBM437"},
    {"ibm850", "IBM850"},
    {"cp850", "IBM850"},
    {"ibm852", "IBM852"},
    {"cp866", "IBM866"},
    {"ibm866", "IBM866"},
    {"macintosh", "MACINTOSH"},
    {"x-mac-roman", "MACINTOSH"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"cp936", "GB18030"},
    {"hz-gb-2312", "HZ"},
    {"big5", "BIG5-HKSCS"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"cp950", "BIG5-HKSCS"},
    {"euc-tw", "EUC-TW"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"x-sjis", "CP932"},
    {"cp932", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"iso-2022-jp", "ISO-2022-JP-2"},
    {"iso-2022-jp-2", "ISO-2022-JP-2"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"cp949", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
    {"utf-7", "UTF-7"},
    {"unicode-1-1-utf-7", "UTF-7"},
};

enum { COUNT = sizeof charsets / sizeof *charsets, CONVERT_STEP = 1024 };

_Static_assert((int)COUNT == (int)CHARSETS, "all have a number");

static iconv_t opened[COUNT];
static bool warm;

static int same_as_earlier(int i)
{
    for (int j = 0; j < i; j++)
        if (strcmp(charsets[i].iconv, charsets[j].iconv) == 0)
            return j;
    return i;
}

void charset_warm_up(void)
{
    if (warm)
        return;
    warm = true;
    for (int i = 0; i < COUNT; i++) {
        int twin = same_as_earlier(i);
        opened[i] = !*charsets[i].iconv ? (iconv_t)-1
                    : twin < i          ? opened[twin]
                                        : iconv_open("UTF-8", charsets[i].iconv);
        if (opened[i] == (iconv_t)-1)
            continue;
        /* the first conversion may load more tables: have it done now */
        char in[4] = "ab", out[16], *from = in, *to = out;
        size_t left = 2, room = sizeof out;
        iconv(opened[i], &from, &left, &to, &room);
    }
}

static int find(struct slice name)
{
    for (int i = 0; i < COUNT; i++)
        if (slice_ieq(name, slice_of(charsets[i].name)))
            return i;
    return -1;
}

int charset_number(struct slice name)
{
    return find(slice_trim(name));
}

const char *charset_name(int number)
{
    return charsets[number].name;
}

const char *charset_iconv(int number)
{
    return charsets[number].iconv;
}

enum charset_kind charset_kind(struct slice name)
{
    int i = charset_number(name);
    if (i < 0)
        return CHARSET_UNKNOWN;
    return strcmp(charsets[i].iconv, "UTF-7") == 0 ? CHARSET_UTF7 : CHARSET_KNOWN;
}

/* UTF-16 without a byte order mark: Latin text has its zeros on one side. */
static int utf16_order(int i, struct slice s)
{
    size_t zeros[2] = {0, 0};
    if (s.len < 2 || strcmp(charsets[i].iconv, "UTF-16") != 0)
        return i;
    if ((s.ptr[0] == '\xff' && s.ptr[1] == '\xfe') || (s.ptr[0] == '\xfe' && s.ptr[1] == '\xff'))
        return i;
    for (size_t k = 0; k < s.len; k++)
        zeros[k & 1] += s.ptr[k] == 0;
    return find(zeros[0] > zeros[1] ? SLICE("utf-16be") : SLICE("utf-16le"));
}

static bool convert(struct buf *out, iconv_t cd, struct slice s)
{
    char step[CONVERT_STEP];
    union { /* iconv does not write there, but its prototype says so */
        const char *in;
        char *out;
    } from = {.in = s.ptr};
    size_t left = s.len;
    iconv(cd, NULL, NULL, NULL, NULL);
    while (left > 0) {
        char *to = step;
        size_t room = sizeof step;
        size_t r = iconv(cd, &from.out, &left, &to, &room);
        int error = errno;
        if (!text_append(out, (struct slice){step, sizeof step - room}))
            return false;
        if (r == (size_t)-1 && error != E2BIG && left > 0) {
            text_append(out, (struct slice){from.in, 1});
            from.in++;
            left--;
        }
    }
    char *to = step;
    size_t room = sizeof step;
    iconv(cd, NULL, NULL, &to, &room);
    return text_append(out, (struct slice){step, sizeof step - room});
}

bool charset_append(struct buf *out, struct slice name, struct slice octets)
{
    charset_warm_up();
    int i = find(slice_trim(name));
    if (i >= 0)
        i = utf16_order(i, octets);
    if (i < 0 || opened[i] == (iconv_t)-1)
        return text_append(out, octets);
    return convert(out, opened[i], octets);
}
