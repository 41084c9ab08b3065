/* SPDX-License-Identifier: ISC
 * HTML, read only as far as it can point somewhere: text, and the values of attributes, with their
 * character references. What a reader's program may or may not show (conditional comments, styles,
 * scripts) counts as shown. */
#include "filters/html/html_reference.h"
#include "filters/html/html_tokens.h"
#include "filters/links/links_internal.h"

static bool holds_reference(struct slice name)
{
    static const char *const names[] = {"href",       "src",    "action", "formaction",
                                        "background", "poster", "data",   "xlink:href",
                                        "lowsrc",     "dynsrc", "cite",   "longdesc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(name, slice_of(names[i])))
            return true;
    return false;
}

static void take_attribute(struct links *links, const struct html_token *token, struct buf *room)
{
    struct slice value = html_decode(token->value, room);
    if (holds_reference(token->name))
        links_in_reference(links, value);
    else if (!slice_istarts(token->name, SLICE("xmlns"))) /* which names, and points nowhere */
        links_in_text(links, value);
}

/* Of what may be tags to some programs, and is text to others. */
static bool is_markup(const struct html_token *token)
{
    if (token->kind == HTML_COMMENT)
        return slice_istarts(token->value, SLICE("[if"));
    return token->kind == HTML_CDATA ||
           (token->kind == HTML_RAW && !slice_ieq(token->name, SLICE("style")) &&
            !slice_ieq(token->name, SLICE("script")));
}

/* Answers whether it is to be read as HTML of its own. */
static bool take_token(struct links *links, const struct html_token *token, struct buf *room)
{
    if (token->kind == HTML_ATTRIBUTE)
        take_attribute(links, token, room);
    else if (token->kind == HTML_TEXT)
        links_in_text(links, html_decode(token->value, room));
    else if (is_markup(token))
        return true;
    else if (token->kind == HTML_RAW)
        links_in_text(links, token->value);
    return false;
}

static void take_within(struct links *links, struct slice text, struct buf *room)
{
    struct html_tokens tokens = html_tokens_of(text, HTML_FLAT);
    struct html_token token;
    while (!links->cut && html_next(&tokens, &token))
        take_token(links, &token, room);
}

bool links_in_html(struct links *links, struct slice text)
{
    struct buf room = buf_init(2 * text.len + 1);
    struct html_tokens tokens = html_tokens_of(text, HTML_PAGE);
    struct html_token token;
    while (!links->cut && html_next(&tokens, &token))
        if (take_token(links, &token, &room))
            take_within(links, token.value, &room);
    bool enough = !room.failed;
    buf_release(&room);
    return enough;
}
