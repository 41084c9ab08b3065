/* SPDX-License-Identifier: ISC
 * The names of a part. Each value that any client could come to is kept,
 * and variants that a file system or a person would make of it:
 * cut at NUL, without its path, without what cannot be seen. */
#include "base/buf.h"
#include "base/utf8.h"
#include "filters/mime/charset.h"
#include "filters/mime/mime_internal.h"
#include "filters/mime/words.h"

enum { NAME_MAX_OCTETS = 4096, EXTENSION_MAX = 12 };

static const struct slice NUL_PICTURE = {"\xe2\x90\x80", 3};

static bool is_bidi_override(uint32_t c)
{
    return c == 0x202d || c == 0x202e;
}

static bool is_invisible(uint32_t c)
{
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || c == 0xad || c == 0x180e || c == 0x115f ||
           c == 0x1160 || c == 0x3164 || (c >= 0xe0000 && c <= 0xe007f);
}

static uint32_t fold_width(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e)
        return c - 0xff01 + '!';
    if (c == 0x2024 || c == 0xfe52)
        return '.';
    return c;
}

static void add(struct names *names, struct slice text, enum mime_name_source source)
{
    if (text.len == 0)
        return;
    for (size_t i = 0; i < names->n; i++)
        if (slice_eq(names->list[i].text, text))
            return;
    if (names->n == names->max) {
        malformations_add(names->odd, MALFORMATION_TOO_MANY_NAMES);
        return;
    }
    names->list[names->n++] = (struct mime_name){text, source};
}

/* The name as it looks: nothing invisible, wide letters narrow. */
static struct slice looks_like(struct names *names, struct slice text)
{
    struct buf out = buf_init((size_t)NAME_MAX_OCTETS * 4);
    uint32_t c = 0;
    for (struct slice s = text; s.len;) {
        size_t n = utf8_next(s, &c);
        if (n == 0)
            break;
        if (is_bidi_override(c))
            malformations_add(names->odd, MALFORMATION_NAME_BIDI);
        if (is_invisible(c))
            malformations_add(names->odd, MALFORMATION_NAME_INVISIBLE);
        else
            utf8_append(&out, fold_width(c));
        if (c > 0x2400 && c <= 0x2421)
            malformations_add(names->odd, MALFORMATION_NAME_CONTROL);
        s = slice_from(s, n);
    }
    struct slice copy = arena_copy(names->arena, buf_slice(&out));
    buf_release(&out);
    return copy.ptr ? copy : text;
}

static struct slice base_name(struct slice text)
{
    for (size_t i = text.len; i-- > 0;)
        if (text.ptr[i] == '/' || text.ptr[i] == '\\')
            return slice_from(text, i + 1);
    return text;
}

/* The file name of a URL: without query and fragment. */
static struct slice of_location(struct slice url)
{
    url = slice_sub(url, 0, slice_find(url, '?'));
    url = slice_sub(url, 0, slice_find(url, '#'));
    return base_name(url);
}

void names_add(struct names *names, struct slice raw, enum mime_name_source source)
{
    raw = slice_sub(raw, 0, NAME_MAX_OCTETS);
    struct slice text = words_decode(names->arena, raw, names->odd);
    if (source == MIME_NAME_LOCATION)
        text = of_location(text);
    add(names, text, source);
    size_t nul = slice_search(text, NUL_PICTURE);
    if (nul < text.len)
        malformations_add(names->odd, MALFORMATION_NAME_NUL);
    add(names, slice_sub(text, 0, nul), MIME_NAME_VARIANT);
    struct slice seen = looks_like(names, text);
    add(names, seen, MIME_NAME_VARIANT);
    add(names, base_name(text), MIME_NAME_VARIANT);
    add(names, base_name(seen), MIME_NAME_VARIANT);
}

static struct slice extension(struct slice name)
{
    while (name.len && (name.ptr[name.len - 1] == '.' || name.ptr[name.len - 1] == ' ' ||
                        name.ptr[name.len - 1] == '"'))
        name.len--;
    size_t dot = slice_rfind(name, '.');
    struct slice ext = slice_from(name, dot + 1);
    return ext.len > EXTENSION_MAX ? slice_sub(ext, 0, 0) : ext;
}

bool names_conflict(const struct names *names)
{
    struct slice first = {"", 0};
    for (size_t i = 0; i < names->n; i++) {
        enum mime_name_source source = names->list[i].source;
        struct slice ext = extension(names->list[i].text);
        if (ext.len == 0 || source == MIME_NAME_LOCATION || source == MIME_NAME_VARIANT)
            continue;
        if (first.len && !slice_ieq(first, ext))
            return true;
        first = ext;
    }
    return false;
}
