/* SPDX-License-Identifier: ISC
 * The words of the language. */
#ifndef POLICY_LEXER_H
#define POLICY_LEXER_H

#include "policy/source.h"

enum token_kind {
    TOKEN_END,
    TOKEN_ERROR,  /* reported by the lexer already */
    TOKEN_WORD,   /* rule, client.ip, a.extension */
    TOKEN_STRING, /* "..." */
    TOKEN_REGEX,  /* /.../i */
    TOKEN_NUMBER, /* 10, 2.5, -3 */
    TOKEN_DURATION,
    TOKEN_SIZE,
    TOKEN_CODE,  /* 5.7.1 */
    TOKEN_PUNCT, /* ( ) [ ] { } , .. -> */
    TOKEN_COMPARE,
};

enum compare { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };

struct token {
    enum token_kind kind;
    struct span at;
    /* Of a string: what it stands for; of a regex: what is between the slashes. */
    struct slice text;
    double number; /* of a duration in ms, of a size in bytes */
    enum compare compare;
    bool line_start; /* first on its line */
    bool column_one; /* and not indented: where recovery may start again */
    bool fold;       /* regex with i */
};

struct lexer {
    bool silent; /* of what is wrong */
    struct sources *sources;
    struct slice text;
    uint16_t file;
    uint32_t at;
    bool pinned; /* text does not stand in the file: whatever is found there is at `pin` */
    struct span pin;
};

struct lexer lexer_of_file(struct sources *sources, uint16_t file);

/* Of what stands within a string at `at`. */
struct lexer lexer_of_text(struct sources *sources, struct slice text, struct span at);

/* The next token; TOKEN_END for ever after the last. */
struct token lexer_next(struct lexer *lexer);

/* What a person would call it: "the word 'foo'", "the end of the file". Writes at most `size` bytes
 * with the NUL. */
void token_describe(const struct token *token, char *out, size_t size);

#endif
