/* SPDX-License-Identifier: ISC
 * Browsers open a body by themselves where something comes that cannot stand in a head, and a <body> behind that opens none:
 * what stands before it would be shown first. Outlook reads what others take for comments, and passes over what
 * stands between such comments: so neither may hold what is shown, or what is shown later. */
#include "filters/html/html_body.h"

#include "filters/html/html_tokens.h"

struct body_search {
    struct html_tokens tokens;
    size_t at;    /* behind the last token that can stand before a body */
    size_t first; /* tag of all */
    size_t since; /* where a condition begins that has not ended */
    bool conditional;
};

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

static bool is_body(struct slice element)
{
    return slice_ieq(element, SLICE("body"));
}

static bool is_space(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_blank(text.ptr[i]) && text.ptr[i] != '\r' && text.ptr[i] != '\n' &&
            text.ptr[i] != '\f')
            return false;
    return true;
}

/* ---- conditions: <!--[if mso]> ... <![endif]-->, <!--[if !mso]><!-->, <![if !mso]> ---- */

/* Settings for Office: <xml>, <o:AllowPNG/>. */
static bool is_for_office(struct slice element)
{
    return slice_ieq(element, SLICE("xml")) || slice_find(element, ':') < element.len;
}

/* Whether what only Outlook reads is shown, or has what follows in it. */
static bool shows(struct slice html)
{
    struct html_tokens tokens = html_tokens_of(html, HTML_PAGE);
    struct html_token token;
    size_t settings = 0;
    bool raw = false;
    while (html_next(&tokens, &token)) {
        raw = token.kind == HTML_RAW;
        bool office = token.name.len && is_for_office(token.name);
        if (token.kind == HTML_TAG && office)
            settings++;
        if ((token.kind == HTML_TAG || token.kind == HTML_CLOSING) && !office &&
            !stands_in_head(token.name) && !is_body(token.name))
            return true;
        if (token.kind == HTML_TEXT && !is_space(token.value) && settings == 0)
            return true;
    }
    return raw || tokens.open_end;
}

static bool ends_condition(struct slice value)
{
    return slice_search(value, SLICE("[endif]")) < value.len;
}

/* Of a comment or declaration: whether the body must begin before it. */
static bool shows_in_outlook(struct body_search *s, struct slice value)
{
    bool begins =
        slice_istarts(slice_trim(value), SLICE("[if")) || slice_istarts(value, SLICE("![if"));
    if (!begins) {
        s->conditional = s->conditional && !ends_condition(value);
        return false;
    }
    if (ends_condition(value)) {
        struct slice within = slice_from(value, slice_find(value, '>') + 1);
        return shows(slice_sub(within, 0, slice_search(within, SLICE("<![endif]"))));
    }
    if (!s->conditional)
        s->since = s->at;
    s->conditional = true;
    return false;
}

/* ---- the search ---- */

/* Whether a body begins at the latest before this token. */
static bool opens_body(struct body_search *s, const struct html_token *token)
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
    case HTML_COMMENT:
    case HTML_DECLARATION:
        return shows_in_outlook(s, token->value);
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

static size_t found(const struct body_search *s, size_t at)
{
    return s->conditional ? s->since : at;
}

static size_t search(struct body_search *s)
{
    struct html_token token;
    while (html_next(&s->tokens, &token)) {
        if (token.kind == HTML_TAG && s->first > s->at)
            s->first = s->at;
        if (token.kind == HTML_TAG && is_body(token.name))
            return found(s, pass_tag(&s->tokens) ? s->tokens.at : s->at);
        if (opens_body(s, &token))
            return found(s, s->at);
        if (token.kind == HTML_TAG && !pass_tag(&s->tokens))
            break;
        s->at = s->tokens.at;
    }
    return s->first < s->tokens.text.len ? s->first : 0;
}

size_t html_body_place(struct slice page)
{
    size_t mark = slice_starts(page, SLICE("\xef\xbb\xbf")) ? 3 : 0;
    struct body_search s = {.tokens = html_tokens_of(slice_from(page, mark), HTML_PAGE),
                            .first = SIZE_MAX};
    return mark + search(&s);
}

/* ---- the end ---- */

/* Whether nothing of it is shown, and nothing in it is for Outlook alone. */
static bool stands_behind_body(const struct html_token *token)
{
    bool comment = token->kind == HTML_COMMENT || token->kind == HTML_DECLARATION;
    return comment ? !slice_istarts(slice_trim(token->value), SLICE("[if")) &&
                         !slice_istarts(token->value, SLICE("![")) && !ends_condition(token->value)
                   : token->kind == HTML_TEXT && is_space(token->value);
}

static bool closes_body(const struct html_token *token)
{
    return token->kind == HTML_CLOSING &&
           (is_body(token->name) || slice_ieq(token->name, SLICE("html")));
}

/* No tag ends it. */
static bool raw_for_good(const struct html_token *token)
{
    return token->kind == HTML_TAG && slice_ieq(token->name, SLICE("plaintext"));
}

bool html_body_end(struct slice page, size_t *place)
{
    struct html_tokens tokens = html_tokens_of(page, HTML_PAGE);
    struct html_token token;
    bool closed = false, raw = false;
    for (size_t from = 0; html_next(&tokens, &token); from = tokens.at) {
        if (raw_for_good(&token))
            return false;
        raw = token.kind == HTML_RAW;
        if (closes_body(&token)) {
            *place = closed ? *place : from;
            closed = true;
        } else if (!stands_behind_body(&token)) {
            closed = false;
        }
    }
    if (!closed)
        *place = page.len;
    return !raw && !tokens.open_end;
}
