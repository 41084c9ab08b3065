/* SPDX-License-Identifier: ISC
 * How a page is built: its tags one after the other, each with the names of its attributes and the
 * form of the path that it leads to. What it says, and to whom it leads, is left out. */
#include "filters/html/html_tokens.h"
#include "filters/spam/campaign_minima.h"
#include "filters/spam/campaign_sketch.h"

enum { PATH_MOST = 40 };

static bool leads_somewhere(struct slice name)
{
    return slice_ieq(name, SLICE("href")) || slice_ieq(name, SLICE("src"));
}

/* "https://host/a/b-7?c=d" is "/a/b-7". */
static struct slice path_of(struct slice url)
{
    size_t host = slice_search(url, SLICE("://"));
    url = host < url.len ? slice_from(url, host + 3) : url;
    url = slice_from(url, slice_find(url, '/'));
    return slice_sub(url, 0, slice_find(url, '?'));
}

/* "/a/b-7.gif" is "/x/x.x": marks are others in each copy, and how long they are. */
static void say_form(struct spam_phrase *tag, struct slice path)
{
    bool mark = false;
    for (size_t i = 0; i < path.len && i < PATH_MOST; i++) {
        bool before = mark;
        mark = path.ptr[i] != '/' && path.ptr[i] != '.';
        if (!mark)
            spam_say(tag, slice_sub(path, i, i + 1));
        else if (!before)
            spam_say(tag, SLICE("x"));
    }
}

static void say_lower(struct spam_phrase *tag, struct slice name)
{
    for (size_t i = 0; i < name.len && i < PATH_MOST; i++) {
        char c = ascii_lower(name.ptr[i]);
        spam_say(tag, (struct slice){&c, 1});
    }
}

static void take_token(struct campaign_minima *minima, struct spam_phrase *tag,
                       const struct html_token *token)
{
    if (token->kind == HTML_TAG) {
        tag->len = 0;
        say_lower(tag, token->name);
    } else if (token->kind == HTML_ATTRIBUTE) {
        spam_say(tag, SLICE(" "));
        say_lower(tag, token->name);
        if (leads_somewhere(token->name))
            say_form(tag, path_of(token->value));
    } else if (token->kind == HTML_TAG_END) {
        campaign_minima_take(minima, (struct slice){tag->room, tag->len});
    }
}

void campaign_take_html(struct campaign_minima *minima, struct slice html)
{
    struct html_tokens tokens = html_tokens_of(html, HTML_PAGE);
    struct html_token token;
    struct spam_phrase tag = {.len = 0};
    while (minima->pieces < CAMPAIGN_TAGS_MAX && html_next(&tokens, &token))
        take_token(minima, &tag, &token);
}
