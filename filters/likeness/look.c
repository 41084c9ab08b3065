/* SPDX-License-Identifier: ISC */
#include "filters/likeness/look.h"

#include "base/utf8.h"

struct look {
    uint32_t code, small;
    char text[4];
};

static const struct look looks[] = {
#define LOOK(code, look, small) {code, small, look},
#include "filters/likeness/looks.def"
#undef LOOK
};
enum { LOOKS = sizeof looks / sizeof *looks };

/* Whole alphabets in order, one behind the other: the circled, the fullwidth, the mathematical. */
static const struct alphabet {
    uint32_t first, last;
    const char *letters;
} alphabets[] = {
    {0x249c, 0x24b5, "abcdefghijklmnopqrstuvwxyz"},
    {0x24b6, 0x24e9, "abcdefghijklmnopqrstuvwxyz"},
    {0xff10, 0xff19, "0123456789"},
    {0xff21, 0xff3a, "abcdefghijklmnopqrstuvwxyz"},
    {0xff41, 0xff5a, "abcdefghijklmnopqrstuvwxyz"},
    {0x1d400, 0x1d6a3, "abcdefghijklmnopqrstuvwxyz"},
    {0x1d7ce, 0x1d7ff, "0123456789"},
    {0x1f130, 0x1f149, "abcdefghijklmnopqrstuvwxyz"},
    {0x1f150, 0x1f169, "abcdefghijklmnopqrstuvwxyz"},
    {0x1f170, 0x1f189, "abcdefghijklmnopqrstuvwxyz"},
};

/* Combining marks; blanks of no width, marks of order and direction, variation selectors, tags. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0xad, 0xad},     {0x300, 0x36f},   {0x483, 0x489},     {0x61c, 0x61c},   {0x115f, 0x1160},
    {0x180b, 0x180e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},   {0x200b, 0x200f}, {0x202a, 0x202e},
    {0x2060, 0x206f}, {0x20d0, 0x20ff}, {0x3164, 0x3164},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xe0000, 0xe0fff},
};

static bool is_unseen(uint32_t code)
{
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (code >= unseen[i].first && code <= unseen[i].last)
            return true;
    return false;
}

static const struct look *find(uint32_t code)
{
    size_t low = 0, high = LOOKS;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (looks[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < LOOKS && looks[low].code == code ? &looks[low] : NULL;
}

/* '\0': it is of none. */
static char letter_of_alphabet(uint32_t code)
{
    for (size_t i = 0; i < sizeof alphabets / sizeof *alphabets; i++)
        if (code >= alphabets[i].first && code <= alphabets[i].last)
            return alphabets[i].letters[(code - alphabets[i].first) % strlen(alphabets[i].letters)];
    return '\0';
}

static void fold_letter(struct buf *out, uint32_t code, enum look_by by)
{
    const struct look *look = find(code);
    if (look && look->small && (by == LOOK_BY_CASE || !look->text[0])) {
        code = look->small;
        look = find(code);
    }
    char letter = look ? '\0' : letter_of_alphabet(code);
    if (look && look->text[0])
        buf_cstr(out, look->text);
    else if (letter)
        buf_char(out, letter);
    else if (!is_unseen(code))
        utf8_append(out, code);
}

void look_fold(struct buf *out, struct slice text, enum look_by by)
{
    while (text.len > 0) {
        uint32_t code = 0;
        size_t n = utf8_next(text, &code);
        if (n == 1)
            buf_char(out, ascii_lower((char)code));
        else if (n > 1)
            fold_letter(out, code, by);
        text = slice_from(text, n ? n : 1);
    }
}

char look_letter_narrow(char c)
{
    return (char)(c == '0' ? 'o' : c == '1' || c == 'i' ? 'l' : c);
}

char look_letter(char c)
{
    static const char digits[] = "olzeasgtbg";
    return ascii_digit(c) ? digits[c - '0'] : look_letter_narrow(c);
}
