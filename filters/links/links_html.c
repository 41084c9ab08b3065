/* SPDX-License-Identifier: ISC
 * HTML, read only as far as it can point somewhere: text, and the values of attributes, with their
 * character references. What a reader's program may or may not show (conditional comments, styles,
 * scripts) counts as shown. */
#include "filters/html/html_page.h"
#include "filters/html/html_reference.h"
#include "filters/links/links_anchor.h"

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

static void take_attribute(struct links *links, struct anchor *anchor,
                           const struct html_token *token, struct buf *room)
{
    struct slice value = html_decode(token->value, room);
    if (holds_reference(token->name)) {
        links_in_reference(links, value);
        if (!anchor_takes(anchor, token, value))
            links_list_reference(links, value, (struct slice){NULL, 0});
    } else if (!slice_istarts(token->name, SLICE("xmlns"))) { /* which points nowhere */
        links_in_text(links, value);
    }
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

/* Answers whether it is to be read as HTML of its own. `hidden`: nobody sees its text. */
static bool take_token(struct links *links, struct anchor *anchor, const struct html_token *token,
                       bool hidden, struct buf *room)
{
    anchor_hears(anchor, token);
    if (token->kind == HTML_ATTRIBUTE)
        take_attribute(links, anchor, token, room);
    else if (token->kind == HTML_TEXT)
        anchor_reads(anchor, html_decode(token->value, room), hidden);
    else if (is_markup(token))
        return true;
    else if (token->kind == HTML_RAW)
        links_in_text(links, token->value);
    return false;
}

static void take_within(struct links *links, struct anchor *anchor, struct slice text,
                        struct buf *room)
{
    struct html_tokens tokens = html_tokens_of(text, HTML_FLAT);
    struct html_token token;
    while (!links_are_over(links) && html_next(&tokens, &token))
        take_token(links, anchor, &token, false, room);
}

static void take_page(struct links *links, struct slice text, struct buf *room)
{
    struct html_tokens tokens = html_tokens_of(text, HTML_PAGE);
    struct anchor anchor = {.links = links};
    struct html_token token;
    while (!links->cut && html_next(&tokens, &token))
        if (take_token(links, &anchor, &token, false, room))
            take_within(links, &anchor, token.value, room);
}

/* The same, with what is read of each link. */
static void list_page(struct links *links, struct slice text, struct buf *room)
{
    struct html_page page;
    struct html_token token;
    struct anchor anchor = {.links = links};
    html_page_open(&page, text);
    anchor_begin(&anchor);
    while (!links_are_over(links) && html_page_next(&page, &token)) {
        if (page.gap != HTML_NO_GAP)
            anchor_blank(&anchor);
        if (take_token(links, &anchor, &token, page.hidden, room))
            take_within(links, &anchor, token.value, room);
    }
    anchor_end(&anchor);
    html_page_close(&page);
}

bool links_in_html(struct links *links, struct slice text)
{
    struct buf room = buf_init(2 * text.len + 1);
    if (links->list && !links->unlisted)
        list_page(links, text, &room);
    else
        take_page(links, text, &room);
    bool enough = !room.failed;
    buf_release(&room);
    return enough;
}
