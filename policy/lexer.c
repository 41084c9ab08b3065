/* SPDX-License-Identifier: ISC */
#include "policy/lexer.h"

#include "policy/foreign.h"

#include <stdio.h>

/* Up to here a double counts exactly. */
#define WHOLE_MAX 9007199254740992.0

struct lexer lexer_of_file(struct sources *sources, uint16_t file)
{
    return (struct lexer){.sources = sources, .text = sources->files[file]->text, .file = file};
}

struct lexer lexer_of_text(struct sources *sources, struct slice text, struct span at)
{
    struct slice file = sources->files[at.file]->text;
    struct lexer lexer = {.sources = sources, .text = text, .file = at.file, .pin = at};
    lexer.pinned = text.ptr < file.ptr || text.ptr > file.ptr + file.len;
    if (lexer.pinned)
        return lexer;
    lexer.at = (uint32_t)(text.ptr - file.ptr);
    lexer.text = slice_sub(file, 0, lexer.at + text.len);
    return lexer;
}

static char peek(const struct lexer *lexer, uint32_t ahead)
{
    return lexer->at + ahead < lexer->text.len ? lexer->text.ptr[lexer->at + ahead] : '\0';
}

static bool at_end(const struct lexer *lexer)
{
    return lexer->at >= lexer->text.len;
}

static struct slice lexed(const struct lexer *lexer, uint32_t from)
{
    return slice_sub(lexer->text, from, lexer->at);
}

static void skip_blanks(struct lexer *lexer, struct token *token)
{
    token->line_start = token->column_one = lexer->at == 0;
    while (!at_end(lexer)) {
        char c = peek(lexer, 0);
        if (c == '#') {
            while (!at_end(lexer) && peek(lexer, 0) != '\n')
                lexer->at++;
            continue;
        }
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            return;
        token->column_one = c == '\n';
        token->line_start |= c == '\n';
        lexer->at++;
    }
}

static bool word_char(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '_';
}

static void refuse(struct lexer *lexer, struct token *token, uint32_t at, const char *why)
{
    token->kind = TOKEN_ERROR;
    struct span place = {at, at + 1, lexer->file};
    if (lexer->silent)
        return;
    source_error(lexer->sources, lexer->pinned ? lexer->pin : place, "%s", why);
}

static void lex_word(struct lexer *lexer, struct token *token)
{
    token->kind = TOKEN_WORD;
    while (word_char(peek(lexer, 0)) ||
           (peek(lexer, 0) == '.' && (ascii_alpha(peek(lexer, 1)) || peek(lexer, 1) == '_')))
        lexer->at++;
}

static const struct unit {
    const char *word;
    double factor;
    enum token_kind kind;
} units[] = {
    {"ms", 1, TOKEN_DURATION},     {"s", 1e3, TOKEN_DURATION},     {"min", 60e3, TOKEN_DURATION},
    {"h", 3600e3, TOKEN_DURATION}, {"d", 86400e3, TOKEN_DURATION}, {"B", 1, TOKEN_SIZE},
    {"KB", 1e3, TOKEN_SIZE},       {"MB", 1e6, TOKEN_SIZE},        {"GB", 1e9, TOKEN_SIZE},
    {"KiB", 1024, TOKEN_SIZE},     {"MiB", 1048576, TOKEN_SIZE},   {"GiB", 1073741824, TOKEN_SIZE},
};

/* NULL: there is none of that name. */
static const struct unit *find_unit(struct slice name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (slice_eq(name, slice_of(units[i].word)))
            return &units[i];
    return NULL;
}

static void lex_unit(struct lexer *lexer, struct token *token)
{
    uint32_t from = lexer->at;
    while (word_char(peek(lexer, 0)))
        lexer->at++;
    const struct unit *unit = find_unit(lexed(lexer, from));
    if (!unit) {
        refuse(lexer, token, from,
               "unknown unit; expected one of ms, s, min, h, d, B, KB, MB, GB, KiB, MiB, GiB");
        return;
    }
    token->kind = unit->kind;
    token->number *= unit->factor;
    if (token->number > WHOLE_MAX || token->number != (double)(int64_t)token->number)
        refuse(lexer, token, token->at.from, "expected a whole number of bytes or milliseconds");
}

/* 10 MiB */
static void refuse_lone_unit(struct lexer *lexer, struct token *token)
{
    uint32_t from = lexer->at, number_end = lexer->at;
    while (peek(lexer, from - number_end) == ' ')
        from++;
    uint32_t to = from;
    while (word_char(peek(lexer, to - number_end)))
        to++;
    if (from == number_end || !find_unit(slice_sub(lexer->text, from, to)))
        return;
    lexer->at = to;
    refuse(lexer, token, from, "expected the unit right after its number, without a blank: 10MiB");
}

static uint32_t lex_digits(struct lexer *lexer, double *value)
{
    uint32_t from = lexer->at;
    for (*value = 0; ascii_digit(peek(lexer, 0)); lexer->at++)
        *value = *value * 10 + (peek(lexer, 0) - '0');
    return lexer->at - from;
}

/* 5.7.1, after its first two numbers. */
static void lex_code(struct lexer *lexer, struct token *token)
{
    double part;
    lexer->at++;
    token->kind = TOKEN_CODE;
    lex_digits(lexer, &part);
    if (word_char(peek(lexer, 0)) || peek(lexer, 0) == '.')
        refuse(lexer, token, lexer->at,
               "expected an enhanced code of three numbers, such as 5.7.1");
}

static void lex_number(struct lexer *lexer, struct token *token)
{
    bool negative = peek(lexer, 0) == '-';
    lexer->at += negative;
    double whole, part;
    uint32_t digits = lex_digits(lexer, &whole);
    token->kind = TOKEN_NUMBER;
    token->number = whole;
    if (peek(lexer, 0) == '.' && ascii_digit(peek(lexer, 1))) {
        lexer->at++;
        uint32_t places = lex_digits(lexer, &part);
        digits += places;
        for (uint32_t i = 0; i < places; i++)
            part /= 10;
        token->number += part;
        if (peek(lexer, 0) == '.' && ascii_digit(peek(lexer, 1)) && !negative) {
            lex_code(lexer, token);
            return;
        }
    }
    if (digits > 15) {
        refuse(lexer, token, token->at.from, "too many digits");
        return;
    }
    if (word_char(peek(lexer, 0)))
        lex_unit(lexer, token);
    else
        refuse_lone_unit(lexer, token);
    if (negative)
        token->number = -token->number;
}

/* A copy without the backslashes. */
static struct slice unescape(struct lexer *lexer, struct slice body)
{
    char *copy = source_alloc(lexer->sources, body.len + 1, 1);
    size_t n = 0;
    for (size_t i = 0; copy && i < body.len; i++) {
        i += body.ptr[i] == '\\';
        copy[n++] = body.ptr[i];
    }
    return (struct slice){copy, n};
}

static bool control(char c)
{
    return (unsigned char)c < ' ' || c == 127;
}

static void lex_string(struct lexer *lexer, struct token *token)
{
    uint32_t from = ++lexer->at;
    bool escaped = false;
    token->kind = TOKEN_STRING;
    for (; !at_end(lexer) && peek(lexer, 0) != '"'; lexer->at++) {
        char c = peek(lexer, 0);
        if (c == '\\') {
            escaped = true;
            lexer->at++;
            c = peek(lexer, 0);
            if (c != '"' && c != '\\') {
                refuse(lexer, token, lexer->at - 1,
                       "expected \\\" or \\\\ after a backslash in a string");
                lexer->at--;
            }
        } else if (c == '\n' || c == '\r') {
            break;
        } else if (control(c) && token->kind != TOKEN_ERROR) {
            refuse(lexer, token, lexer->at, "a control character in a string");
        }
    }
    token->text = lexed(lexer, from);
    if (peek(lexer, 0) != '"') {
        if (token->kind != TOKEN_ERROR)
            refuse(lexer, token, token->at.from, "this string is not closed on its line");
        return;
    }
    lexer->at++;
    if (escaped && token->kind == TOKEN_STRING)
        token->text = unescape(lexer, token->text);
}

static void lex_regex(struct lexer *lexer, struct token *token)
{
    uint32_t from = ++lexer->at;
    token->kind = TOKEN_REGEX;
    while (!at_end(lexer) && !control(peek(lexer, 0)) && peek(lexer, 0) != '/')
        lexer->at += peek(lexer, 0) == '\\' && !control(peek(lexer, 1)) ? 2 : 1;
    token->text = lexed(lexer, from);
    if (peek(lexer, 0) != '/') {
        refuse(lexer, token, token->at.from, "this pattern is not closed by a slash on its line");
        return;
    }
    lexer->at++;
    if (peek(lexer, 0) == 'i') {
        token->fold = true;
        lexer->at++;
    }
    if (word_char(peek(lexer, 0)))
        refuse(lexer, token, lexer->at,
               "the only letter after a pattern is i (without regard to case)");
}

static void lex_compare(struct lexer *lexer, struct token *token)
{
    char c = peek(lexer, 0);
    bool equal = peek(lexer, 1) == '=';
    token->kind = TOKEN_COMPARE;
    lexer->at += equal ? 2 : 1;
    if (c == '<')
        token->compare = equal ? COMPARE_LE : COMPARE_LT;
    else if (c == '>')
        token->compare = equal ? COMPARE_GE : COMPARE_GT;
    else if (equal)
        token->compare = c == '=' ? COMPARE_EQ : COMPARE_NE;
    else
        refuse(lexer, token, token->at.from,
               c == '=' ? "expected == to compare" : "expected != or the word not");
}

static void lex_other(struct lexer *lexer, struct token *token)
{
    switch (peek(lexer, 0)) {
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
    case ',':
        token->kind = TOKEN_PUNCT;
        lexer->at++;
        return;
    case '.':
        if (peek(lexer, 1) != '.')
            break;
        token->kind = TOKEN_PUNCT;
        lexer->at += 2;
        return;
    case '-':
        if (peek(lexer, 1) != '>')
            break;
        token->kind = TOKEN_PUNCT;
        lexer->at += 2;
        return;
    case '=':
    case '!':
    case '<':
    case '>':
        lex_compare(lexer, token);
        return;
    default:
        break;
    }
    size_t len;
    refuse(lexer, token, lexer->at, foreign_hint(slice_from(lexer->text, lexer->at), &len));
    lexer->at += (uint32_t)len;
}

struct token lexer_next(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_END};
    skip_blanks(lexer, &token);
    token.at = (struct span){lexer->at, lexer->at, lexer->file};
    char c = peek(lexer, 0);
    if (at_end(lexer)) {
        token.at = lexer->pinned ? lexer->pin : token.at;
        return token;
    }
    if (ascii_alpha(c) || c == '_')
        lex_word(lexer, &token);
    else if (ascii_digit(c) || (c == '-' && ascii_digit(peek(lexer, 1))))
        lex_number(lexer, &token);
    else if (c == '"')
        lex_string(lexer, &token);
    else if (c == '/')
        lex_regex(lexer, &token);
    else
        lex_other(lexer, &token);
    token.at.to = lexer->at;
    if (token.kind != TOKEN_STRING && token.kind != TOKEN_REGEX)
        token.text = lexed(lexer, token.at.from);
    if (lexer->pinned)
        token.at = lexer->pin;
    return token;
}

void token_describe(const struct token *token, char *out, size_t size)
{
    if (token->kind == TOKEN_END)
        snprintf(out, size, "the end of the file");
    else if (token->kind == TOKEN_STRING)
        snprintf(out, size, "the string \"%.*s\"", SHOWN(token->text));
    else if (token->kind == TOKEN_REGEX)
        snprintf(out, size, "the pattern /%.*s/", SHOWN(token->text));
    else
        snprintf(out, size, "'%.*s'", SHOWN(token->text));
}
