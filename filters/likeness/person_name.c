/* SPDX-License-Identifier: ISC */
#include "filters/likeness/person_name.h"

#include "base/utf8.h"

/* What an octet or letter does in a folded name. */
enum role { IN_WORD, LEFT_OUT, ENDS_WORD, ENDS_PIECE };

static const struct slice titles[] = {
#define TITLE(word) {word, sizeof word - 1},
#include "filters/likeness/titles.def"
#undef TITLE
};

/* Words that end a piece. */
static const struct slice between[] = {{"via", 3},    {"at", 2}, {"from", 4}, {"for", 3},
                                       {"behalf", 6}, {"by", 2}, {"and", 3},  {"und", 3}};

static bool is_one_of(struct slice word, const struct slice *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(words[i], word))
            return true;
    return false;
}

static bool is_title(struct slice word)
{
    return is_one_of(word, titles, sizeof titles / sizeof *titles);
}

static bool is_between(struct slice word)
{
    return is_one_of(word, between, sizeof between / sizeof *between);
}

/* ---- addresses in it ---- */

static bool surrounds_address(char c)
{
    return (unsigned char)c <= ' ' || strchr("<>()[]{}\"',;|", c);
}

void person_key_address(struct slice address, struct person_key *out)
{
    size_t at = slice_rfind(address, '@');
    size_t plus = slice_find(slice_sub(address, 0, at), '+');
    out->len = 0;
    for (size_t i = 0; i < address.len && out->len < sizeof out->text; i++)
        if (i >= at || plus == 0 || i < plus)
            out->text[out->len++] = ascii_lower(address.ptr[i]);
}

bool person_address(struct slice *rest, struct slice *address)
{
    for (size_t i = 0, end; i < rest->len; i = end) {
        for (; i < rest->len && surrounds_address(rest->ptr[i]); i++)
            ;
        for (end = i; end < rest->len && !surrounds_address(rest->ptr[end]); end++)
            ;
        *address = slice_sub(*rest, i, end);
        size_t at = slice_rfind(*address, '@');
        if (at > 0 && at + 1 < address->len) {
            *rest = slice_from(*rest, end);
            return true;
        }
    }
    return false;
}

/* The name with a bar for each address. */
static struct slice without_addresses(struct slice name, char room[static PERSON_NAME_READ])
{
    struct buf out = buf_over(room, PERSON_NAME_READ);
    struct slice address, rest = slice_sub(name, 0, PERSON_NAME_READ);
    for (struct slice before = rest; person_address(&rest, &address); before = rest) {
        buf_append(&out, slice_sub(before, 0, (size_t)(address.ptr - before.ptr)));
        buf_char(&out, '|');
    }
    buf_append(&out, rest);
    return buf_slice(&out);
}

/* ---- pieces and words ---- */

static enum role role_of_ascii(struct slice text, size_t i)
{
    char c = text.ptr[i];
    if (ascii_alpha(c) || ascii_digit(c))
        return IN_WORD;
    if (c == '\'' || c == '`')
        return LEFT_OUT;
    if (c == '-')
        return i > 0 && text.ptr[i - 1] == ' ' ? ENDS_PIECE : ENDS_WORD;
    return strchr("()[]{}<>|/\\,;:&+=*~", c) && c ? ENDS_PIECE : ENDS_WORD;
}

/* Punctuation and blanks beyond ASCII, pictures. */
static enum role role_of(uint32_t code)
{
    if (code == 0x2018 || code == 0x2019 || code == 0x2bc || code == 0xb4)
        return LEFT_OUT;
    if (code == 0xb7 || code == 0x2013 || code == 0x2014 || code == 0x2022 || code == 0xff5c ||
        code == 0xff08 || code == 0xff09)
        return ENDS_PIECE;
    bool blank = code == 0xa0 || (code >= 0x2000 && code <= 0x206f) || code == 0x3000;
    bool picture = (code >= 0x2190 && code <= 0x2bff) || code >= 0x1f000;
    return blank || picture ? ENDS_WORD : IN_WORD;
}

struct words {
    struct person_reading *out;
    struct person_piece *piece; /* the one that is being read */
    char *word;                 /* where the present word begins in out->text, */
    size_t len;                 /* and ends */
    size_t total;               /* words of the piece, more than there is room for */
};

static void end_piece(struct words *in, bool comma)
{
    struct person_piece *piece = in->piece;
    piece->comma = comma;
    if (in->total > PERSON_WORDS_MAX)
        piece->count = 0;
    in->total = 0;
    if (piece->count > 0 && in->out->count < PERSON_PIECES_MAX - 1)
        in->piece = &in->out->pieces[++in->out->count];
    in->piece->count = 0;
}

static void end_word(struct words *in)
{
    struct slice word = {in->word, in->len};
    in->word += in->len;
    in->len = 0;
    if (word.len == 0)
        return;
    if (is_between(word)) {
        end_piece(in, false);
        return;
    }
    if (in->total++ < PERSON_WORDS_MAX)
        in->piece->words[in->piece->count++] = word;
}

/* Neither a title nor an initial. */
static bool counts(struct slice word)
{
    return word.len > 1 && !is_title(word);
}

/* Those that count, if they are two at least; else all. */
static void reduce(struct person_piece *piece)
{
    struct person_piece kept = {.comma = piece->comma};
    for (size_t i = 0; i < piece->count; i++)
        if (counts(piece->words[i]))
            kept.words[kept.count++] = piece->words[i];
    if (kept.count >= 2)
        *piece = kept;
}

static void take(struct words *in, struct slice folded, size_t i, size_t n, enum role role)
{
    if (role == IN_WORD) {
        memmove(in->word + in->len, folded.ptr + i, n);
        in->len += n;
        return;
    }
    if (role == LEFT_OUT)
        return;
    end_word(in);
    if (role == ENDS_PIECE)
        end_piece(in, folded.ptr[i] == ',');
}

void person_read(struct slice name, enum look_by by, struct person_reading *out)
{
    char plain[PERSON_NAME_READ], text[2 * PERSON_NAME_READ];
    struct buf buf = buf_over(text, sizeof text);
    look_fold(&buf, without_addresses(name, plain), by);
    struct slice folded = buf_slice(&buf);
    struct words in = {.out = out, .piece = out->pieces, .word = out->text};
    out->count = 0;
    out->pieces[0].count = 0;
    for (size_t i = 0, n; i < folded.len; i += n) {
        uint32_t code = 0;
        n = utf8_next(slice_from(folded, i), &code);
        enum role role = n > 1 ? role_of(code) : role_of_ascii(folded, i);
        n = n ? n : 1;
        take(&in, folded, i, n, role);
    }
    end_word(&in);
    end_piece(&in, false);
    for (size_t i = 0; i < out->count; i++)
        reduce(&out->pieces[i]);
}

/* ---- keys ---- */

/* "ae" is a; what is taken for one another is one (look.h). */
static void append_word(struct person_key *key, struct slice word)
{
    for (size_t i = 0; i < word.len && key->len < sizeof key->text; i++) {
        char c = word.ptr[i];
        key->text[key->len++] = look_letter_narrow(c);
        if ((c == 'a' || c == 'o' || c == 'u') && i + 1 < word.len && word.ptr[i + 1] == 'e')
            i++;
    }
}

static void insert_sorted(struct slice *sorted, size_t count, struct slice word)
{
    size_t at = count;
    for (; at > 0 && slice_cmp(word, sorted[at - 1]) < 0; at--)
        sorted[at] = sorted[at - 1];
    sorted[at] = word;
}

/* "Example, Dr. Anna B.": of two around a comma all that count, if they are two at least. */
static size_t words_of(const struct person_piece *piece, const struct person_piece *next,
                       struct slice words[static 2 * PERSON_WORDS_MAX])
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < piece->count; i++)
        words[count++] = piece->words[i];
    for (size_t i = 0; next && i < next->count; i++)
        words[count++] = next->words[i];
    for (size_t i = 0; next && i < count; i++)
        kept += counts(words[i]);
    if (kept < 2)
        return count;
    kept = 0;
    for (size_t i = 0; i < count; i++)
        if (counts(words[i]))
            words[kept++] = words[i];
    return kept;
}

void person_key_sorted(const struct person_piece *piece, const struct person_piece *next,
                       struct person_key *out)
{
    struct person_key room = {.len = 0};
    struct slice words[2 * PERSON_WORDS_MAX], sorted[2 * PERSON_WORDS_MAX];
    size_t count = words_of(piece, next, words);
    for (size_t i = 0; i < count; i++) {
        size_t from = room.len;
        append_word(&room, words[i]);
        insert_sorted(sorted, i, (struct slice){room.text + from, room.len - from});
    }
    struct buf text = buf_over(out->text, sizeof out->text);
    for (size_t i = 0; i < count; i++) {
        buf_append(&text, i ? SLICE(" ") : SLICE(""));
        buf_append(&text, sorted[i]);
    }
    out->len = buf_len(&text);
}

void person_key_joined(const struct person_piece *piece, size_t first, struct person_key *out)
{
    out->len = 0;
    for (size_t i = 0; i < piece->count; i++)
        append_word(out, piece->words[(first + i) % piece->count]);
}
