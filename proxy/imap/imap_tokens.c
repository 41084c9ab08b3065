/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_tokens.h"

size_t imap_client_literal(struct slice text, uint64_t *octets)
{
    size_t at = slice_starts(text, SLICE("~{")) ? 2 : slice_starts(text, SLICE("{")) ? 1 : 0;
    size_t digits = at;
    uint64_t n = 0;
    if (at == 0)
        return 0;
    for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
        n = n * 10 + (uint64_t)(text.ptr[at] - '0');
        if (n > UINT32_MAX)
            return 0;
    }
    if (at == digits)
        return 0;
    at += at < text.len && text.ptr[at] == '+';
    if (!slice_starts(slice_from(text, at), SLICE("}\r\n")))
        return 0;
    *octets = n;
    return at + 3;
}

/* Behind the closing quote; SIZE_MAX: there is none in this line. */
static size_t quoted_end(struct slice text)
{
    for (size_t i = 1; i < text.len && text.ptr[i] != '\r' && text.ptr[i] != '\n'; i++) {
        if (text.ptr[i] == '"')
            return i + 1;
        i += text.ptr[i] == '\\';
    }
    return SIZE_MAX;
}

/* Behind the literal; SIZE_MAX: it is none, or not all is there. */
static size_t literal_end(struct slice text, size_t *begins)
{
    uint64_t octets;
    *begins = imap_client_literal(text, &octets);
    return *begins && octets <= text.len - *begins ? *begins + (size_t)octets : SIZE_MAX;
}

/* Behind "]"; what stands between may be strings with brackets. */
static size_t brackets_end(struct slice text)
{
    size_t i = 1, begins;
    while (i < text.len && text.ptr[i] != ']') {
        struct slice rest = slice_from(text, i);
        size_t end = text.ptr[i] == '"'   ? quoted_end(rest)
                     : text.ptr[i] == '{' ? literal_end(rest, &begins)
                     : text.ptr[i] == '[' || text.ptr[i] == '\r' || text.ptr[i] == '\n' ? SIZE_MAX
                                                                                        : 1;
        if (end == SIZE_MAX)
            return SIZE_MAX;
        i += end;
    }
    return i < text.len ? i + 1 : SIZE_MAX;
}

static bool ends_atom(char c)
{
    return c == ' ' || c == '(' || c == ')' || c == '"' || (unsigned char)c < ' ' || c == 0x7f;
}

static size_t atom_end(struct slice text, bool brackets)
{
    size_t i = 0;
    while (i < text.len && !ends_atom(text.ptr[i])) {
        bool opens = brackets && text.ptr[i] == '[';
        size_t end = opens ? brackets_end(slice_from(text, i)) : 1;
        if (end == SIZE_MAX)
            return SIZE_MAX;
        i += end;
    }
    return i ? i : SIZE_MAX;
}

static enum imap_token kind_of(struct slice text)
{
    uint64_t octets;
    if (text.len == 0)
        return IMAP_TOKEN_END;
    return text.ptr[0] == '('                   ? IMAP_TOKEN_OPEN
           : text.ptr[0] == ')'                 ? IMAP_TOKEN_CLOSE
           : text.ptr[0] == '"'                 ? IMAP_TOKEN_QUOTED
           : imap_client_literal(text, &octets) ? IMAP_TOKEN_LITERAL
                                                : IMAP_TOKEN_ATOM;
}

/* What one reader takes for two tokens is one to another: x"y" */
static bool is_apart(enum imap_token kind, struct slice rest)
{
    if (rest.len == 0 || rest.ptr[0] == ' ' || rest.ptr[0] == ')')
        return true;
    return kind == IMAP_TOKEN_ATOM ? rest.ptr[0] == '(' : kind < IMAP_TOKEN_ATOM;
}

static enum imap_token token_of(struct slice *rest, struct slice *text, bool brackets)
{
    enum imap_token kind = kind_of(*rest);
    size_t begins = 0, cut = 0, end = 1;
    if (kind == IMAP_TOKEN_END)
        return kind;
    if (kind == IMAP_TOKEN_QUOTED) {
        end = quoted_end(*rest);
        begins = cut = 1;
    } else if (kind == IMAP_TOKEN_LITERAL) {
        end = literal_end(*rest, &begins);
    } else if (kind == IMAP_TOKEN_ATOM) {
        end = atom_end(*rest, brackets);
    }
    if (end == SIZE_MAX || !is_apart(kind, slice_from(*rest, end)))
        return IMAP_TOKEN_BROKEN;
    *text = slice_sub(*rest, begins, end - cut);
    *rest = slice_from(*rest, end);
    while (rest->len && rest->ptr[0] == ' ')
        *rest = slice_from(*rest, 1);
    return kind;
}

enum imap_token imap_token(struct slice *rest, struct slice *text)
{
    return token_of(rest, text, false);
}

enum imap_token imap_fetch_token(struct slice *rest, struct slice *text)
{
    return token_of(rest, text, true);
}
