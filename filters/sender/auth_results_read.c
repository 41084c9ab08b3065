/* SPDX-License-Identifier: ISC
 * Authentication-Results that others wrote (RFC 8601 2.2):
 *   authserv-id [version] *( ";" method ["/" version] "=" result ... )
 * with comments and folding between all of these. */
#include "filters/sender/auth_results.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_';
}

/* Past a comment or a quoted string that begins here, or one octet. */
static size_t past_item(struct slice text)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\' && (quoted || depth))
            i++;
        else if (c == '"' && depth == 0)
            quoted = !quoted;
        else if (c == '(' && !quoted)
            depth++;
        else if (c == ')' && !quoted && depth)
            depth--;
        if (!quoted && depth == 0)
            return i + 1;
    }
    return text.len;
}

static void skip_blanks(struct slice *text)
{
    while (text->len && (is_blank(text->ptr[0]) || text->ptr[0] == '('))
        *text = slice_from(*text, text->ptr[0] == '(' ? past_item(*text) : 1);
}

static struct slice take_word(struct slice *text)
{
    size_t len = 0;
    skip_blanks(text);
    while (len < text->len && is_word(text->ptr[len]))
        len++;
    struct slice word = slice_sub(*text, 0, len);
    *text = slice_from(*text, len);
    return word;
}

static bool take_char(struct slice *text, char c)
{
    skip_blanks(text);
    if (text->len == 0 || text->ptr[0] != c)
        return false;
    *text = slice_from(*text, 1);
    return true;
}

/* Up to and with the next semicolon; false at the end. */
static bool skip_result(struct slice *text)
{
    while (text->len && text->ptr[0] != ';')
        *text = slice_from(*text, past_item(*text));
    return take_char(text, ';');
}

static struct slice result_of(struct slice *text, struct slice method)
{
    bool fits = slice_ieq(take_word(text), method);
    if (take_char(text, '/'))
        take_word(text);
    return take_char(text, '=') && fits ? take_word(text) : (struct slice){NULL, 0};
}

struct slice auth_results_read(struct slice value, struct slice method)
{
    struct slice found = {NULL, 0};
    while (skip_result(&value)) {
        struct slice result = result_of(&value, method);
        if (result.len && found.len && !slice_ieq(result, found))
            return (struct slice){NULL, 0};
        if (result.len)
            found = result;
    }
    return found;
}
