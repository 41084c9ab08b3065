/* SPDX-License-Identifier: ISC */
#include "filters/documents/rtf_tokens.h"

#define BYTE_ORDER_MARK SLICE("\xef\xbb\xbf")

enum { BLANKS_MAX = 1 << 20 };

static struct slice take(struct rtf_tokens *t, size_t len)
{
    struct slice taken = slice_sub(t->text, 0, len);
    t->text = slice_from(t->text, len);
    return taken;
}

static bool next_is(const struct rtf_tokens *t, char c)
{
    return t->text.len > 0 && t->text.ptr[0] == c;
}

static void take_number(struct rtf_tokens *t, struct rtf_token *word)
{
    bool negative = next_is(t, '-') && t->text.len > 1 && ascii_digit(t->text.ptr[1]);
    size_t i = negative;
    int64_t number = 0;
    for (; i < t->text.len && ascii_digit(t->text.ptr[i]); i++)
        number = number > INT32_MAX ? number : number * 10 + (t->text.ptr[i] - '0');
    word->numbered = i > negative;
    if (number > INT32_MAX)
        number = INT32_MAX;
    word->number = (int32_t)(negative ? -number : number);
    take(t, i);
}

/* The octets behind \bin and one blank. What ends elsewhere for others, or holds what they would
 * read, is doubtful. */
static void begin_raw(struct rtf_tokens *t, const struct rtf_token *word, bool delimited)
{
    if (word->number == 0)
        return;
    if (word->number < 0 || !delimited || (size_t)word->number > t->text.len) {
        t->doubtful = true;
        return;
    }
    t->raw = (size_t)word->number;
    struct slice raw = slice_sub(t->text, 0, t->raw);
    if (slice_search(raw, SLICE("\\objdata")) < raw.len)
        t->doubtful = true;
}

static struct rtf_token take_word(struct rtf_tokens *t)
{
    struct rtf_token word = {.kind = RTF_WORD};
    size_t len = 0;
    while (len < t->text.len && ascii_alpha(t->text.ptr[len]))
        len++;
    word.text = take(t, len);
    take_number(t, &word);
    bool delimited = next_is(t, ' ');
    take(t, delimited);
    if (slice_eq(word.text, SLICE("bin")))
        begin_raw(t, &word, delimited);
    return word;
}

static struct rtf_token take_control(struct rtf_tokens *t)
{
    take(t, 1);
    if (t->text.len == 0)
        return (struct rtf_token){.kind = RTF_SYMBOL};
    char c = t->text.ptr[0];
    if (ascii_alpha(c))
        return take_word(t);
    int high = t->text.len > 2 ? hex_digit(t->text.ptr[1]) : -1;
    int low = t->text.len > 2 ? hex_digit(t->text.ptr[2]) : -1;
    bool octet = c == '\'' && high >= 0 && low >= 0;
    take(t, octet ? 3 : 1);
    return octet ? (struct rtf_token){.kind = RTF_OCTET, .octet = (char)(high << 4 | low)}
                 : (struct rtf_token){.kind = RTF_SYMBOL, .octet = c};
}

static size_t text_len(struct slice text)
{
    size_t i = 0;
    while (i < text.len && text.ptr[i] != '\\' && text.ptr[i] != '{' && text.ptr[i] != '}')
        i++;
    return i;
}

struct rtf_token rtf_next(struct rtf_tokens *t)
{
    if (t->raw) {
        size_t raw = t->raw;
        t->raw = 0;
        return (struct rtf_token){.kind = RTF_RAW, .text = take(t, raw)};
    }
    if (t->text.len == 0)
        return (struct rtf_token){.kind = RTF_END};
    switch (t->text.ptr[0]) {
    case '{':
        return (struct rtf_token){.kind = RTF_OPEN, .text = take(t, 1)};
    case '}':
        return (struct rtf_token){.kind = RTF_CLOSE, .text = take(t, 1)};
    case '\\':
        return take_control(t);
    default:
        return (struct rtf_token){.kind = RTF_TEXT, .text = take(t, text_len(t->text))};
    }
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool rtf_is(struct slice content)
{
    if (slice_starts(content, BYTE_ORDER_MARK))
        content = slice_from(content, BYTE_ORDER_MARK.len);
    size_t i = 0;
    while (i < BLANKS_MAX && i < content.len && is_blank(content.ptr[i]))
        i++;
    return slice_starts(slice_from(content, i), SLICE("{\\rt"));
}
