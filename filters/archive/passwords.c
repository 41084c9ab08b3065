/* SPDX-License-Identifier: ISC */
#include "filters/archive/passwords.h"

#include "filters/mime/extension.h"

/* Words behind one for password that may be the one: "the password is: x", "Passwort für die Datei lautet x". */
enum { FOLLOWING = 5 };

static const struct slice keywords[] = {
    SLICE("password"),
    SLICE("passwort"),
    SLICE("passcode"),
    SLICE("passphrase"),
    SLICE("pwd"),
    SLICE("pass"),
    SLICE("code"),
    SLICE("pin"),
    SLICE("kennwort"),
    SLICE("passe"),
    SLICE("contrase\xc3\xb1"
          "a"),
    SLICE("clave"),
    SLICE("senha"),
    SLICE("wachtwoord"),
    SLICE("has\xc5\x82o"),
    SLICE("heslo"),
    SLICE("\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c"),             /* пароль */
    SLICE("\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c"),             /* Пароль */
    SLICE("\xe5\xaf\x86\xe7\xa0\x81"),                                     /* 密码 */
    SLICE("\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89"), /* パスワード */
};

/* What may stand around a word, and is no part of it. */
static const struct slice marks[] = {
    SLICE("\""),
    SLICE("'"),
    SLICE("("),
    SLICE(")"),
    SLICE("["),
    SLICE("]"),
    SLICE("<"),
    SLICE(">"),
    SLICE(","),
    SLICE("."),
    SLICE(":"),
    SLICE(";"),
    SLICE("="),
    SLICE("!"),
    SLICE("?"),
    SLICE("*"),
    SLICE("`"),
    SLICE("\xe2\x80\x9c"),
    SLICE("\xe2\x80\x9d"),
    SLICE("\xe2\x80\x9e"),
    SLICE("\xe2\x80\x98"),
    SLICE("\xe2\x80\x99"),
    SLICE("\xc2\xab"),
    SLICE("\xc2\xbb"),
    SLICE("\xef\xbc\x9a"), /* the wide colon */
};

struct passwords passwords_none(void)
{
    return (struct passwords){.tries = PASSWORDS_TRIES};
}

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

static size_t mark_before(struct slice s)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (slice_starts(s, marks[i]))
            return marks[i].len;
    return 0;
}

static size_t mark_behind(struct slice s)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (slice_iends(s, marks[i]))
            return marks[i].len;
    return 0;
}

static struct slice without_marks(struct slice word)
{
    size_t n;
    while ((n = mark_before(word)) > 0)
        word = slice_from(word, n);
    while ((n = mark_behind(word)) > 0)
        word.len -= n;
    return word;
}

static void add(struct slice *list, size_t *count, size_t most, struct slice word)
{
    if (word.len < PASSWORD_MIN || word.len > PASSWORD_MAX || *count == most)
        return;
    for (size_t i = 0; i < *count; i++)
        if (slice_eq(list[i], word))
            return;
    list[(*count)++] = word;
}

/* Marks may be parts of it after all. */
static void add_likely(struct passwords *p, struct slice word)
{
    add(p->likely, &p->n_likely, PASSWORDS_LIKELY_MAX, without_marks(word));
    add(p->likely, &p->n_likely, PASSWORDS_LIKELY_MAX, word);
}

static bool has_digit(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (ascii_digit(word.ptr[i]))
            return true;
    return false;
}

static void add_other(struct passwords *p, struct slice word)
{
    struct slice plain = without_marks(word);
    bool quoted = mark_before(word) && plain.len + 2 <= word.len && plain.ptr > word.ptr;
    if (!quoted && !has_digit(word))
        return;
    add(p->others, &p->n_others, PASSWORDS_OTHERS_MAX, plain);
    if (plain.len < word.len)
        add(p->others, &p->n_others, PASSWORDS_OTHERS_MAX, word);
}

/* Does a word for password begin here? *after is what follows it in the same word. */
static bool is_keyword(struct slice word, struct slice *after)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (!slice_istarts(word, keywords[i]))
            continue;
        *after = slice_from(word, keywords[i].len);
        bool goes_on = after->len && ascii_alpha(after->ptr[0]);
        if (!goes_on)
            return true;
    }
    return false;
}

static struct slice take_word(struct slice *text)
{
    size_t from = 0, to;
    while (from < text->len && is_space(text->ptr[from]))
        from++;
    for (to = from; to < text->len && !is_space(text->ptr[to]);)
        to++;
    struct slice word = slice_sub(*text, from, to);
    *text = slice_from(*text, to);
    return word;
}

/* What stands in quotes may have blanks. */
static void read_quoted(struct passwords *p, struct slice text)
{
    for (size_t at = slice_find(text, '"'); at < text.len;) {
        struct slice inside = slice_sub(text, at + 1, at + 2 + PASSWORD_MAX);
        size_t len = slice_find(inside, '"');
        bool closed = len < inside.len && slice_find(slice_sub(inside, 0, len), '\n') == len;
        if (closed)
            add(p->others, &p->n_others, PASSWORDS_OTHERS_MAX, slice_sub(inside, 0, len));
        at += 1 + (closed ? len + 1 : 0);
        at += slice_find(slice_from(text, at), '"');
    }
}

void passwords_read(struct passwords *p, struct slice text)
{
    unsigned following = 0;
    struct slice after;
    read_quoted(p, text);
    while (text.len) {
        struct slice word = take_word(&text);
        if (is_keyword(without_marks(word), &after)) {
            following = FOLLOWING;
            add_likely(p, without_marks(after));
        } else if (following > 0 && without_marks(word).len > 0) {
            following--;
            add_likely(p, word);
        }
        add_other(p, word);
    }
}

static void add_all(struct slice *list, size_t *count, const struct slice *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(list, count, PASSWORDS_MAX, words[i]);
}

size_t passwords_list(const struct passwords *p, struct slice name,
                      struct slice list[PASSWORDS_MAX])
{
    static const struct slice usual[] = {SLICE("infected"), SLICE("1234"), SLICE("123456")};
    struct slice stem = extension_basename(name);
    size_t count = 0;
    add_all(list, &count, p->likely, p->n_likely);
    add_all(list, &count, usual, sizeof usual / sizeof *usual);
    stem = slice_sub(stem, 0, slice_rfind(stem, '.'));
    add_all(list, &count, &stem, 1);
    add_all(list, &count, p->others, p->n_others);
    return count;
}
