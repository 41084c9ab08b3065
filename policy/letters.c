/* SPDX-License-Identifier: ISC */
#include "policy/letters.h"

#include "base/utf8.h"

#include <unicase.h>

enum { NOT_UNICODE = 0x110000 /* and above: an octet that is no UTF-8 */ };

/* What all cases of a letter become: a final sigma, a long s, and the Kelvin sign have small letters
 * of their own, and capitals that they share. */
static uint32_t folded(uint32_t letter)
{
    return letter < 0x80 ? (uint32_t)(unsigned char)ascii_lower((char)letter)
                         : (uint32_t)uc_tolower(uc_toupper(letter));
}

/* The letter at the start of *text, which is not empty, folded; *text is what follows. */
static uint32_t next_letter(struct slice *text)
{
    uint32_t letter;
    size_t length = utf8_next(*text, &letter);
    if (length == 0)
        letter = NOT_UNICODE + (unsigned char)text->ptr[0];
    *text = slice_from(*text, length ? length : 1);
    return letter < NOT_UNICODE ? folded(letter) : letter;
}

bool letters_start(struct slice text, struct slice part)
{
    while (part.len > 0)
        if (text.len == 0 || next_letter(&text) != next_letter(&part))
            return false;
    return true;
}

bool letters_same(struct slice a, struct slice b)
{
    while (a.len > 0 && b.len > 0)
        if (next_letter(&a) != next_letter(&b))
            return false;
    return a.len == b.len;
}

bool letters_hold(struct slice text, struct slice part)
{
    if (part.len == 0)
        return true;
    uint32_t first = next_letter(&part);
    while (text.len > 0)
        if (next_letter(&text) == first && letters_start(text, part))
            return true;
    return false;
}

/* How long the letter is that ends at `end`. */
static size_t length_before(struct slice text, size_t end)
{
    uint32_t letter;
    for (size_t length = 1; length <= 4 && length <= end; length++)
        if (utf8_next(slice_sub(text, end - length, end), &letter) == length)
            return length;
    return 1;
}

bool letters_end(struct slice text, struct slice part)
{
    size_t at = text.len;
    for (struct slice rest = part; rest.len > 0; next_letter(&rest)) {
        if (at == 0)
            return false;
        at -= length_before(text, at);
    }
    return letters_same(slice_from(text, at), part);
}

void letters_fold(struct buf *out, struct slice text)
{
    while (text.len > 0) {
        uint32_t letter = next_letter(&text);
        if (letter < NOT_UNICODE)
            utf8_append(out, letter);
        else
            buf_char(out, (char)(letter - NOT_UNICODE));
    }
}
