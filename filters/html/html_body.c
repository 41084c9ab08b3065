/* SPDX-License-Identifier: ISC
 * Browsers open a body by themselves where something comes that cannot stand in a head, and a
 * <body> behind that opens none: what stands before it would be shown first. */
#include "filters/html/html_body.h"

#include "filters/html/html_tokens.h"

static bool stands_in_head(struct slice element)
{
    static const struct slice names[] = {SLICE("html"),  SLICE("head"),  SLICE("title"),
                                         SLICE("meta"),  SLICE("link"),  SLICE("base"),
                                         SLICE("style"), SLICE("script")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(element, names[i]))
            return true;
    return false;
}

static bool is_space(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_blank(text.ptr[i]) && text.ptr[i] != '\r' && text.ptr[i] != '\n' &&
            text.ptr[i] != '\f')
            return false;
    return true;
}

/* Whether a body begins at the latest before this token. */
static bool opens_body(const struct html_token *token)
{
    switch (token->kind) {
    case HTML_TEXT:
        return !is_space(token->value);
    case HTML_CDATA:
        return true;
    case HTML_TAG:
        return !stands_in_head(token->name);
    case HTML_CLOSING:
        return !stands_in_head(token->name) || slice_ieq(token->name, SLICE("html"));
    default:
        return false;
    }
}

/* What stands within its tag ends. */
static bool pass_tag(struct html_tokens *tokens)
{
    struct html_token token;
    while (tokens->in_tag && html_next(tokens, &token))
        ;
    return !tokens->open_end;
}

size_t html_body_place(struct slice page)
{
    struct html_tokens tokens = html_tokens_of(page, HTML_PAGE);
    struct html_token token;
    size_t at = 0, first = SIZE_MAX;
    while (html_next(&tokens, &token)) {
        if (token.kind == HTML_TAG && first > at)
            first = at;
        if (token.kind == HTML_TAG && slice_ieq(token.name, SLICE("body")))
            return pass_tag(&tokens) ? tokens.at : at;
        if (opens_body(&token))
            return at;
        if (token.kind == HTML_TAG && !pass_tag(&tokens))
            break;
        at = tokens.at;
    }
    return first < page.len ? first : 0;
}
