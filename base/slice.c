/* SPDX-License-Identifier: ISC */
#include "base/slice.h"

#include <errno.h>
#include <string.h>

struct slice slice_of(const char *cstr)
{
    return (struct slice){cstr, cstr ? strlen(cstr) : 0};
}

struct slice slice_sub(struct slice s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from > to)
        from = to;
    return (struct slice){s.len ? s.ptr + from : s.ptr, to - from};
}

struct slice slice_from(struct slice s, size_t from)
{
    return slice_sub(s, from, s.len);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool fold_eq(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

bool slice_ieq(struct slice a, struct slice b)
{
    return a.len == b.len && fold_eq(a.ptr, b.ptr, a.len);
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_istarts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && fold_eq(s.ptr, prefix.ptr, prefix.len);
}

bool slice_iends(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len && fold_eq(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len);
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool slice_is_ascii(struct slice s)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t words[4];
    while (s.len >= sizeof words) {
        memcpy(words, s.ptr, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & high)
            return false;
        s = (struct slice){s.ptr + sizeof words, s.len - sizeof words};
    }
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

size_t slice_find(struct slice s, char c)
{
    const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return hit ? (size_t)(hit - s.ptr) : s.len;
}

size_t slice_rfind(struct slice s, char c)
{
    const char *hit = s.len ? memrchr(s.ptr, c, s.len) : NULL;
    return hit ? (size_t)(hit - s.ptr) : s.len;
}

size_t slice_search(struct slice s, struct slice needle)
{
    const char *hit = s.len ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
    return hit ? (size_t)(hit - s.ptr) : s.len;
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_digit(s.ptr[i]))
            return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (n > (max - digit) / 10 || digit > max)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

bool slice_to_text(struct slice s, char *out, size_t size)
{
    if (s.len >= size)
        return false;
    memset(out, 0, size);
    if (s.len)
        memcpy(out, s.ptr, s.len);
    return true;
}

bool slice_to_path(struct slice s, char path[PATH_MAX])
{
    bool fits = s.len < PATH_MAX;
    if (!fits || slice_find(s, '\0') < s.len) {
        errno = fits ? EINVAL : ENAMETOOLONG;
        return false;
    }
    if (s.len)
        memcpy(path, s.ptr, s.len);
    path[s.len] = '\0';
    return true;
}

bool slice_cut(struct slice s, char sep, struct slice *head, struct slice *rest)
{
    size_t at = slice_find(s, sep);
    *head = slice_sub(s, 0, at);
    *rest = slice_from(s, at + 1);
    return at < s.len;
}

int hex_digit(char c)
{
    if (ascii_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void hex_text(struct slice s, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.len; i++) {
        *out++ = digits[(unsigned char)s.ptr[i] >> 4];
        *out++ = digits[s.ptr[i] & 15];
    }
    *out = '\0';
}
