/* SPDX-License-Identifier: ISC */
#include "filters/documents/page.h"

#include "filters/cpu_budget.h"
#include "filters/documents/page_values.h"
#include "filters/html/html_encoding.h"
#include "filters/html/html_reference.h"
#include "filters/html/html_tokens.h"

struct page {
    struct buf room; /* of what is decoded */
    struct slice element;
    struct slice script_type; /* of the element; in the text */
    bool typed;               /* it has one */
    bool refresh, goes;       /* of a meta element */
    bool
        shifts; /* an element was there in which others hold tags, though they hold text elsewhere */
    bool entities; /* are declared */
    bool shown;    /* by a browser that reads XML: elements of HTML or SVG may be there */
    bool active;
};

static bool is_one_of(struct slice word, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(word, list[i]))
            return true;
    return false;
}

/* Without the prefix of XML. */
static struct slice local_name(struct slice name)
{
    size_t colon = slice_rfind(name, ':');
    return colon < name.len ? slice_from(name, colon + 1) : name;
}

static bool is_frame(struct slice element)
{
    static const struct slice names[] = {
        SLICE("iframe"), SLICE("frame"),  SLICE("object"),      SLICE("embed"),
        SLICE("applet"), SLICE("portal"), SLICE("fencedframe"), SLICE("hta:application")};
    return is_one_of(element, names, sizeof names / sizeof *names);
}

static bool is_shift(struct slice element)
{
    static const struct slice names[] = {SLICE("svg"), SLICE("math"), SLICE("select"),
                                         SLICE("frameset")};
    return is_one_of(element, names, sizeof names / sizeof *names);
}

/* Data, which no browser runs. */
static bool is_data_block(struct slice type)
{
    static const struct slice types[] = {
        SLICE("application/ld+json"), SLICE("application/json"),
        SLICE("text/template"),       SLICE("text/x-template"),
        SLICE("text/html"),           SLICE("text/plain"),
        SLICE("text/x-handlebars"),   SLICE("text/x-handlebars-template"),
    };
    return is_one_of(slice_trim(type), types, sizeof types / sizeof *types);
}

static void begin_element(struct page *page, struct slice name)
{
    page->element = local_name(name);
    page->typed = page->refresh = page->goes = false;
    page->active = page->active || is_frame(page->element) || is_frame(name);
    page->shifts = page->shifts || is_shift(page->element);
}

static void end_tag(struct page *page)
{
    bool script = slice_ieq(page->element, SLICE("script"));
    if (script && !(page->typed && is_data_block(html_decode(page->script_type, &page->room))))
        page->active = true;
    if (slice_ieq(page->element, SLICE("meta")) && page->refresh && page->goes)
        page->active = true;
}

/* Attributes that a click, a form or an animation takes to be where to go. */
static bool leads_on(const struct page *page, struct slice name)
{
    static const struct slice names[] = {SLICE("href"), SLICE("action"), SLICE("formaction"),
                                         SLICE("to"),   SLICE("from"),   SLICE("values")};
    static const struct slice pictures[] = {SLICE("link"), SLICE("image"), SLICE("feImage")};
    return is_one_of(name, names, sizeof names / sizeof *names) &&
           !is_one_of(page->element, pictures, sizeof pictures / sizeof *pictures);
}

/* Words for people: nothing goes where they say. */
static bool is_prose(struct slice name)
{
    static const struct slice names[] = {SLICE("title"), SLICE("alt"),         SLICE("content"),
                                         SLICE("label"), SLICE("placeholder"), SLICE("summary")};
    return is_one_of(name, names, sizeof names / sizeof *names);
}

static void look_at_meta(struct page *page, struct slice name, struct slice value)
{
    if (slice_ieq(name, SLICE("http-equiv")))
        page->refresh = page->refresh || slice_ieq(slice_trim(value), SLICE("refresh"));
    if (slice_ieq(name, SLICE("content")))
        page->goes = page->goes || page_refresh_goes(value);
}

static void take_attribute(struct page *page, const struct html_token *token)
{
    struct slice name = local_name(token->name);
    struct slice value = html_decode(token->value, &page->room);
    if (slice_istarts(token->name, SLICE("xmlns")))
        page->shown = page->shown || page_is_namespace(value) ||
                      page_has_entity(token->value, token->value.len);
    if (page_is_handler(token->name) && slice_trim(value).len)
        page->active = true;
    if ((page_value_runs(value) && !is_prose(name)) ||
        (leads_on(page, name) && page_value_is_page(value)))
        page->active = true;
    if (page->entities && leads_on(page, name) && page_hides_scheme(token->value))
        page->active = true;
    if (slice_ieq(name, SLICE("type")) && !page->typed) {
        page->typed = true;
        page->script_type = token->value;
    }
    if (slice_ieq(page->element, SLICE("meta")))
        look_at_meta(page, name, value);
}

static void take_declaration(struct page *page, struct slice declaration, enum html_syntax syntax)
{
    if (slice_istarts(declaration, SLICE("?xml-stylesheet")) &&
        page_transforms(html_decode(declaration, &page->room)))
        page->active = page->shown = true;
    if (syntax != HTML_XML || !slice_istarts(declaration, SLICE("!DOCTYPE")))
        return;
    struct page_doctype found = page_doctype(declaration, &page->room);
    page->entities = page->entities || found.entities;
    page->shown = page->shown || found.shown;
    page->active = page->active || found.active;
}

/* Text that may be tags to others: what it would be then. Where it ends within one, those see other
 * tags behind it than are seen here. */
static void take_doubtful(struct page *page, struct slice text, bool any_tag)
{
    struct html_tokens tokens = html_tokens_of(text, HTML_FLAT);
    struct html_token token;
    struct slice outer = page->element;
    while (html_next(&tokens, &token)) {
        if (token.kind == HTML_TAG)
            begin_element(page, token.name);
        else if (token.kind == HTML_ATTRIBUTE)
            take_attribute(page, &token);
        else if (token.kind == HTML_TAG_END)
            end_tag(page);
        page->active = page->active || (any_tag && token.kind == HTML_TAG);
    }
    page->active = page->active || ((any_tag || page->shifts) && tokens.open_end);
    page->element = outer;
}

static void take_raw(struct page *page, const struct html_token *token)
{
    bool script = slice_ieq(token->name, SLICE("script"));
    bool noscript = slice_ieq(token->name, SLICE("noscript"));
    /* Within a comment a script's end may be none. */
    if (script && slice_search(token->value, SLICE("<!--")) < token->value.len)
        page->active = true;
    if (page->shifts || noscript)
        take_doubtful(page, token->value, !script && !noscript);
}

static void take_token(struct page *page, const struct html_token *token, enum html_syntax syntax)
{
    switch (token->kind) {
    case HTML_TAG:
        begin_element(page, token->name);
        break;
    case HTML_ATTRIBUTE:
        take_attribute(page, token);
        break;
    case HTML_TAG_END:
        end_tag(page);
        break;
    case HTML_RAW:
        take_raw(page, token);
        break;
    case HTML_CDATA:
        if (syntax != HTML_XML)
            take_doubtful(page, token->value, true);
        break;
    case HTML_DECLARATION:
        take_declaration(page, token->value, syntax);
        break;
    case HTML_TEXT:
    case HTML_CLOSING:
    case HTML_COMMENT:
        break;
    }
}

static bool is_active_as(struct slice text, enum html_syntax syntax)
{
    struct page page = {.room = buf_init(2 * text.len + 1), .shown = syntax != HTML_XML};
    struct html_tokens tokens = html_tokens_of(text, syntax);
    struct html_token token;
    size_t before = 0;
    while (!(page.active && page.shown) && html_next(&tokens, &token)) {
        take_token(&page, &token, syntax);
        if (cpu_budget_spent(tokens.at - before))
            break;
        before = tokens.at;
    }
    bool active = (page.active && page.shown) || page.room.failed;
    buf_release(&page.room);
    return active;
}

bool page_is_active(struct arena *scratch, struct slice content, unsigned readings)
{
    struct slice texts[HTML_READINGS_MAX];
    size_t count = html_readings(scratch, content, texts);
    bool active = count == 0;
    for (size_t i = 0; i < count && !active; i++)
        active = (readings & PAGE_HTML && is_active_as(texts[i], HTML_PAGE)) ||
                 (readings & PAGE_XML && is_active_as(texts[i], HTML_XML));
    return active;
}
