/* SPDX-License-Identifier: ISC
 * Where objects stand: behind each "obj", be it in a comment, a string or a stream, since a table may
 * lead a viewer there. */
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"
#include "filters/pdf/pdf_internal.h"

enum { COMMENT_MAX = 256, SPACE_MAX = 64 };

/* The beginning of the comment that ends where the line before `at` does; `at` without one. */
static size_t before_comment(struct slice text, size_t at)
{
    size_t from = at > COMMENT_MAX ? at - COMMENT_MAX : 0, end = at - 1, found = at;
    for (size_t i = end; i > from && text.ptr[i - 1] != '\n' && text.ptr[i - 1] != '\r'; i--)
        if (text.ptr[i - 1] == '%')
            found = i - 1;
    return found;
}

static size_t before_space(struct slice text, size_t at)
{
    while (at > 0 && pdf_is_space(text.ptr[at - 1])) {
        bool line = text.ptr[at - 1] == '\n' || text.ptr[at - 1] == '\r';
        size_t comment = line ? before_comment(text, at) : at;
        at = comment < at ? comment : at - 1;
    }
    return at;
}

/* The digits that end at *at, which is then where they begin. */
static bool number_before(struct slice text, size_t *at, uint32_t *out)
{
    size_t end = *at;
    uint64_t value;
    while (*at > 0 && ascii_digit(text.ptr[*at - 1]))
        --*at;
    bool ok = slice_to_u64(slice_sub(text, *at, end), PDF_NUMBERLESS - 1, &value);
    *out = ok ? (uint32_t)value : PDF_NUMBERLESS;
    return ok;
}

static bool begins_dict(struct slice text, size_t at)
{
    size_t end = at + SPACE_MAX;
    while (at < end && at < text.len && pdf_is_space(text.ptr[at]))
        at++;
    return bytes_are(text, at, SLICE("<<"));
}

/* "obj" stands at `at`. Behind it is the value, before it number and generation. */
static void add_located(struct pdf *pdf, size_t at)
{
    struct slice text = pdf->content;
    uint32_t number = PDF_NUMBERLESS, generation = 0;
    uint8_t before = at ? bytes_u8(text, at - 1) : ' ', behind = bytes_u8(text, at + 3);
    if (ascii_alpha((char)before) || ascii_alpha((char)behind) || ascii_digit((char)behind))
        return;
    size_t place = before_space(text, at);
    if (number_before(text, &place, &generation)) {
        size_t end = before_space(text, place);
        if (end < place)
            number_before(text, &end, &number);
    }
    if (number != PDF_NUMBERLESS || begins_dict(text, at + 3))
        pdf_add_object(pdf, number, generation, 0, at + 3);
}

void pdf_locate(struct pdf *pdf)
{
    struct slice text = pdf->content;
    const char *end = text.ptr + text.len, *from = text.ptr;
    for (const char *j; (j = memchr(from, 'j', (size_t)(end - from))); from = j + 1) {
        if (j - text.ptr >= 2 && j[-1] == 'b' && j[-2] == 'o')
            add_located(pdf, (size_t)(j - text.ptr) - 2);
        if (cpu_budget_spent((size_t)(j - from) + 1) || arena_failed(pdf->arena))
            return;
    }
}
