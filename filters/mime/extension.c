/* SPDX-License-Identifier: ISC */
#include "filters/mime/extension.h"

#include <string.h>

/* Longer names are cut at the front: only their end decides. */
#define NAME_MAX_BYTES 4096

static const struct {
    struct slice id;
    struct slice extension;
} classes[] = {
    {SLICE("{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}"), SLICE("hta")},
    {SLICE("{06290bd1-48aa-11d2-8432-006008c3fbfc}"), SLICE("sct")},
    {SLICE("{06290bd2-48aa-11d2-8432-006008c3fbfc}"), SLICE("sct")},
    {SLICE("{06290bd3-48aa-11d2-8432-006008c3fbfc}"), SLICE("sct")},
    {SLICE("{00021401-0000-0000-c000-000000000046}"), SLICE("lnk")},
    {SLICE("{f414c260-6ac0-11cf-b6d1-00aa00bbbb58}"), SLICE("js")},
    {SLICE("{b54f3741-5b07-11cf-a4b0-00aa004a55e8}"), SLICE("vbs")},
    {SLICE("{85131630-480c-11d2-b1f9-00c04f86c324}"), SLICE("jse")},
    {SLICE("{85131631-480c-11d2-b1f9-00c04f86c324}"), SLICE("vbe")},
    {SLICE("{0cf774d0-f077-11d1-b1bc-00c04f86c324}"), SLICE("html")},
};

struct slice extension_basename(struct slice path)
{
    path = slice_sub(path, 0, slice_find(path, '\0'));
    size_t end = path.len;
    while (end > 0 && (path.ptr[end - 1] == '/' || path.ptr[end - 1] == '\\'))
        end--;
    size_t from = end;
    while (from > 0 && path.ptr[from - 1] != '/' && path.ptr[from - 1] != '\\')
        from--;
    return slice_sub(path, from, end);
}

/* One character of UTF-8 at s[0]; its length. Bytes that are no UTF-8 stand for themselves. */
static size_t decode(struct slice s, uint32_t *code)
{
    unsigned char c = (unsigned char)s.ptr[0];
    size_t len = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
    *code = c;
    if (len == 1 || len > s.len)
        return 1;
    uint32_t value = c & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | ((unsigned char)s.ptr[i] & 0x3f);
    }
    *code = value;
    return len;
}

/* Soft hyphen, zero-width and direction marks, byte order mark,
 * variation selectors, tags: nothing is seen. */
static bool invisible(uint32_t code)
{
    return code == 0xad || code == 0x34f || code == 0x61c || code == 0x180e ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || (code >= 0xfe00 && code <= 0xfe0f) ||
           code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) || code >= 0xe0000;
}

static bool blank(uint32_t code)
{
    return code <= 0x20 || code == 0x7f || code == 0x85 || code == 0xa0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
           code == 0x202f || code == 0x205f || code == 0x3000;
}

/* Compatibility forms of ASCII (fullwidth) and of the full stop. */
static uint32_t fold(uint32_t code)
{
    if (code == 0x2024 || code == 0x3002 || code == 0xfe52 || code == 0xff61)
        return '.';
    if (code >= 0xff01 && code <= 0xff5e)
        code -= 0xfee0;
    return code >= 'A' && code <= 'Z' ? code + 32 : code;
}

static bool utf8_lead(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* The name as it acts: what is invisible gone, blanks one kind, compatibility forms folded. */
static struct slice normalise(struct arena *arena, struct slice name)
{
    if (name.len > NAME_MAX_BYTES) {
        name = slice_from(name, name.len - NAME_MAX_BYTES);
        while (name.len > 0 && !utf8_lead(name.ptr[0]))
            name = slice_from(name, 1);
    }
    char *out = arena_alloc(arena, name.len + 1);
    if (!out)
        return (struct slice){0};
    size_t n = 0;
    while (name.len > 0) {
        uint32_t code;
        size_t len = decode(name, &code);
        uint32_t folded = fold(code);
        if (folded < 0x80 && !blank(code))
            out[n++] = (char)folded;
        else if (len > 1 ? blank(code) : code <= 0x20 || code == 0x7f)
            out[n++] = ' ';
        else if (len == 1 || !invisible(code)) {
            memcpy(out + n, name.ptr, len);
            n += len;
        }
        name = slice_from(name, len);
    }
    return (struct slice){out, n};
}

static struct slice strip_end(struct slice s)
{
    while (s.len > 0 && (s.ptr[s.len - 1] == '.' || s.ptr[s.len - 1] == ' ' ||
                         s.ptr[s.len - 1] == '"' || s.ptr[s.len - 1] == '\''))
        s.len--;
    return s;
}

/* "setup.exe:stream:$DATA" is a stream of setup.exe. A drive letter's colon is not one. */
static struct slice strip_stream(struct slice s)
{
    if (s.len > 2 && s.ptr[1] == ':' && ascii_alpha(s.ptr[0]))
        s = slice_from(s, 2);
    size_t colon = slice_find(s, ':');
    return colon > 0 ? slice_sub(s, 0, colon) : s;
}

static struct slice class_extension(struct slice id)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (slice_eq(classes[i].id, id))
            return classes[i].extension;
    return id;
}

struct slice extension_of(struct arena *arena, struct slice name)
{
    struct slice last = normalise(arena, extension_basename(name));
    last = strip_end(strip_stream(extension_basename(last)));
    size_t dot = slice_rfind(last, '.');
    if (dot >= last.len)
        return (struct slice){0};
    struct slice extension = slice_trim(slice_from(last, dot + 1));
    if (extension.len > 2 && extension.ptr[0] == '{')
        return class_extension(extension);
    return extension;
}
