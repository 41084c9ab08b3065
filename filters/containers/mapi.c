/* SPDX-License-Identifier: ISC */
#include "filters/containers/mapi.h"

#include "base/buf.h"
#include "filters/mime/charset.h"

enum { TEXT_MAX = 4096 };

struct slice mapi_charset(uint32_t page)
{
    static const struct {
        uint32_t page;
        const char *charset;
    } pages[] = {{932, "cp932"},         {936, "gbk"},           {949, "cp949"},
                 {950, "big5"},          {1250, "windows-1250"}, {1251, "windows-1251"},
                 {1253, "windows-1253"}, {1254, "windows-1254"}, {1255, "windows-1255"},
                 {1256, "windows-1256"}, {1257, "windows-1257"}, {1258, "windows-1258"},
                 {65001, "utf-8"}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pages[i].page == page)
            return slice_of(pages[i].charset);
    return SLICE("windows-1252");
}

struct slice mapi_text(struct arena *arena, struct slice raw, struct slice charset)
{
    struct buf text = buf_init((size_t)TEXT_MAX * 4);
    bool wide = slice_eq(charset, MAPI_UNICODE);
    raw = slice_sub(raw, 0, TEXT_MAX);
    while (raw.len >= 1 && raw.ptr[raw.len - 1] == 0 &&
           (!wide || (raw.len >= 2 && raw.ptr[raw.len - 2] == 0)))
        raw.len -= wide ? 2 : 1;
    charset_append(&text, charset, raw);
    struct slice copy = arena_copy(arena, buf_slice(&text));
    buf_release(&text);
    return copy;
}
