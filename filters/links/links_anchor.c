/* SPDX-License-Identifier: ISC */
#include "filters/links/links_anchor.h"

enum { URL_MAX = 64 * 1024 };

/* Up to LINK_TEXT_MAX octets of it, and no part of a character. */
static void keep_words(void *ctx, struct slice text)
{
    struct anchor *anchor = ctx;
    if (anchor->text_full)
        return;
    size_t blank = anchor->text_len > 0, room = sizeof anchor->text - anchor->text_len;
    size_t n = text.len + blank < room ? text.len : room > blank ? room - blank : 0;
    while (n > 0 && n < text.len && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
        n--;
    anchor->text_full = n < text.len;
    if (n > 0 && blank)
        anchor->text[anchor->text_len++] = ' ';
    memcpy(anchor->text + anchor->text_len, text.ptr, n);
    anchor->text_len += n;
}

/* The link ends. */
static void finish(struct anchor *anchor)
{
    if (!anchor->open)
        return;
    paragraphs_end(&anchor->words);
    struct slice text = {anchor->text, anchor->text_len};
    links_list_reference(anchor->links, buf_slice(&anchor->url), text);
    anchor->open = anchor->text_full = false;
    anchor->text_len = 0;
}

void anchor_begin(struct anchor *anchor)
{
    anchor->listing = true;
    anchor->url = buf_init(URL_MAX);
    anchor->words.take = keep_words;
    anchor->words.ctx = anchor;
}

void anchor_end(struct anchor *anchor)
{
    finish(anchor);
    buf_release(&anchor->url);
}

void anchor_hears(struct anchor *anchor, const struct html_token *token)
{
    if (!anchor->listing)
        return;
    bool link = slice_ieq(token->name, SLICE("a"));
    if (token->kind == HTML_CLOSING && link)
        finish(anchor);
    if (token->kind == HTML_TAG) {
        if (link)
            finish(anchor);
        anchor->of_tag = link;
    }
}

bool anchor_takes(struct anchor *anchor, const struct html_token *token, struct slice value)
{
    if (!anchor->of_tag || anchor->open || !slice_ieq(token->name, SLICE("href")))
        return false;
    buf_clear(&anchor->url);
    anchor->open = buf_append(&anchor->url, value);
    return anchor->open;
}

void anchor_reads(struct anchor *anchor, struct slice text, bool hidden)
{
    struct links *links = anchor->links;
    bool unlisted = links->unlisted;
    links->unlisted |= anchor->open; /* it is read of the link, and is none itself */
    links_in_text(links, text);
    links->unlisted = unlisted;
    if (anchor->open && !hidden)
        paragraphs_add(&anchor->words, text);
}

void anchor_blank(struct anchor *anchor)
{
    if (anchor->open)
        paragraphs_blank(&anchor->words);
}
