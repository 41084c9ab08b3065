/* SPDX-License-Identifier: ISC */
#include "filters/mime/words.h"

#include "base/buf.h"
#include "filters/mime/charset.h"
#include "filters/mime/transfer.h"

enum { CHARSET_NAME_MAX = 64, OCTETS_MAX = 256 * 1024, TEXT_MAX = 1024 * 1024 };

struct word {
    struct slice charset, text;
    char encoding; /* 'b' or 'q' */
    size_t length; /* of the whole word */
};

/* Words in one charset that touch are one text, since they may be split within a character. */
struct words_state {
    struct buf out, octets;
    struct slice charset;
    struct malformations *odd;
    bool no_more_ends;
};

void words_warm_up(void)
{
    charset_warm_up();
}

bool words_present(struct slice text)
{
    return slice_search(text, SLICE("=?")) < text.len;
}

/* s begins with "=?". */
static bool parse_word(struct words_state *st, struct slice s, struct word *word)
{
    struct slice charset, rest, language;
    if (st->no_more_ends || !slice_cut(slice_sub(s, 2, CHARSET_NAME_MAX), '?', &charset, &rest))
        return false;
    size_t at = 2 + charset.len + 1;
    if (at + 2 > s.len || s.ptr[at + 1] != '?' || slice_find(charset, ' ') < charset.len)
        return false;
    word->encoding = ascii_lower(s.ptr[at]);
    if (word->encoding != 'b' && word->encoding != 'q')
        return false;
    slice_cut(charset, '*', &word->charset, &language);
    struct slice text = slice_from(s, at + 2);
    size_t end = slice_search(text, SLICE("?="));
    if (end == text.len) {
        st->no_more_ends = true;
        return false;
    }
    word->text = slice_sub(text, 0, end);
    word->length = at + 2 + end + 2;
    return true;
}

static void append_q(struct words_state *st, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '=' && i + 2 < text.len && hex_digit(text.ptr[i + 1]) >= 0 &&
            hex_digit(text.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(text.ptr[i + 1]) << 4 | hex_digit(text.ptr[i + 2]));
            i += 2;
        } else if (c == '=') {
            malformations_add(st->odd, MALFORMATION_WORD_BROKEN);
        } else if (c == '_') {
            c = ' ';
        }
        buf_char(&st->octets, c);
    }
}

static void append_b(struct words_state *st, struct slice text)
{
    struct base64 b = {0};
    char piece[1024];
    for (size_t at = 0; at < text.len; at += 1000) {
        size_t n = base64_decode(&b, slice_sub(text, at, at + 1000), piece);
        buf_append(&st->octets, (struct slice){piece, n});
    }
    buf_append(&st->octets, (struct slice){piece, base64_finish(&b, piece)});
    if (b.found & ~(unsigned)BASE64_NO_PADDING)
        malformations_add(st->odd, MALFORMATION_WORD_BROKEN);
}

static void flush(struct words_state *st)
{
    if (buf_len(&st->octets) == 0)
        return;
    enum charset_kind kind = charset_kind(st->charset);
    if (kind == CHARSET_UTF7)
        malformations_add(st->odd, MALFORMATION_CHARSET_UTF7);
    if (kind == CHARSET_UNKNOWN)
        malformations_add(st->odd, MALFORMATION_CHARSET_UNKNOWN);
    charset_append(&st->out, st->charset, buf_slice(&st->octets));
    buf_clear(&st->octets);
}

static void append_word(struct words_state *st, const struct word *word)
{
    if (!slice_ieq(word->charset, st->charset))
        flush(st);
    st->charset = word->charset;
    if (word->encoding == 'b')
        append_b(st, word->text);
    else
        append_q(st, word->text);
}

static bool only_blanks(struct slice s)
{
    return slice_trim(s).len == 0;
}

static void decode(struct words_state *st, struct slice text)
{
    bool after_word = false;
    struct word word;
    while (text.len) {
        size_t at = slice_search(text, SLICE("=?"));
        while (at < text.len && !parse_word(st, slice_from(text, at), &word)) {
            size_t next = st->no_more_ends
                              ? text.len
                              : slice_search(slice_from(text, at + 2), SLICE("=?")) + at + 2;
            at = next < text.len ? next : text.len;
        }
        struct slice before = slice_sub(text, 0, at);
        bool joins = after_word && at < text.len && only_blanks(before);
        if (!joins) {
            flush(st);
            text_append(&st->out, before);
        }
        if (at >= text.len)
            break;
        append_word(st, &word);
        after_word = true;
        text = slice_from(text, at + word.length);
    }
    flush(st);
}

struct slice words_decode(struct arena *arena, struct slice text, struct malformations *odd)
{
    struct words_state st = {.out = buf_init(TEXT_MAX), .octets = buf_init(OCTETS_MAX), .odd = odd};
    decode(&st, text);
    if (st.out.failed || st.octets.failed)
        malformations_add(odd, MALFORMATION_HEADER_TOO_LARGE);
    struct slice copy = arena_copy(arena, buf_slice(&st.out));
    buf_release(&st.out);
    buf_release(&st.octets);
    return copy;
}
