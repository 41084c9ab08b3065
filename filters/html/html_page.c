/* SPDX-License-Identifier: ISC */
#include "filters/html/html_page.h"

#include "filters/html/html_reference.h"

enum { BLUE = COLOUR_KNOWN | 0x0000ee };

/* ---- the style elements, which count wherever they stand ---- */

static bool is_for_some(struct slice media)
{
    media = css_trim(media);
    return media.len > 0 && !slice_ieq(media, SLICE("all")) && !slice_ieq(media, SLICE("screen"));
}

static struct html_sheet *read_sheet(struct slice text)
{
    struct html_tokens tokens = html_tokens_of(text, HTML_PAGE);
    struct html_sheet *sheet = NULL;
    struct html_token token;
    bool some = false;
    while (html_next(&tokens, &token)) {
        if (token.kind == HTML_TAG)
            some = false;
        if (token.kind == HTML_ATTRIBUTE && slice_ieq(token.name, SLICE("media")))
            some = is_for_some(token.value);
        if (token.kind != HTML_RAW || !slice_ieq(token.name, SLICE("style")))
            continue;
        if (!sheet)
            sheet = html_sheet_new();
        if (sheet)
            html_sheet_read(sheet, token.value, some);
    }
    return sheet;
}

static bool has_style_elements(struct slice text)
{
    for (size_t at = 0; at < text.len; at++) {
        at += slice_find(slice_from(text, at), '<');
        if (slice_istarts(slice_from(text, at), SLICE("<style")))
            return true;
    }
    return false;
}

/* ---- looks ---- */

static const struct html_look *look_around(const struct html_page *page)
{
    return page->nested ? &page->boxes[page->nested - 1].look : &html_look_outermost;
}

static void take_look(struct html_page *page, struct html_box *box)
{
    uint32_t doubt = 0;
    if (slice_ieq(box->name, SLICE("a")))
        html_style_set(&page->style, STYLE_COLOUR, BLUE, STYLE_OF_HTML);
    if (page->sheet)
        doubt = html_sheet_apply(page->sheet, box->name, page->classes, page->id, &page->style);
    box->look = *look_around(page);
    box->gap = html_look_take(&box->look, box->element, &page->style, doubt);
}

/* ---- elements ---- */

static void close_boxes(struct html_page *page, size_t keep)
{
    for (; page->nested > keep; page->nested--)
        if (page->boxes[page->nested - 1].gap > page->gap)
            page->gap = page->boxes[page->nested - 1].gap;
}

static unsigned traits_of(const struct html_box *box)
{
    return box->element ? box->element->traits : 0;
}

/* How deep in a table; 0: no part of one. */
static unsigned depth_in_table(unsigned traits)
{
    return traits & HTML_CELL ? 3 : traits & HTML_ROW ? 2 : traits & HTML_ROWS ? 1 : 0;
}

/* Whether an open element ends where the next begins, without a tag. */
static bool ends_before(const struct html_box *box, const struct html_box *next)
{
    unsigned traits = traits_of(next), depth = depth_in_table(traits);
    if (depth > 0)
        return depth_in_table(traits_of(box)) >= depth;
    bool paragraph = box->element && slice_eq(box->element->name, SLICE("p"));
    return (traits & HTML_BLOCK && paragraph) ||
           (traits & HTML_ALIKE && box->element == next->element);
}

/* Whether what is around this open element cannot end before the next. */
static bool shields(const struct html_box *box, unsigned next)
{
    unsigned traits = traits_of(box);
    bool of_tables = depth_in_table(next) || next & HTML_SCOPE; /* of which cells are parts */
    if (traits & HTML_SCOPE && !(traits & HTML_CELL && of_tables))
        return true;
    return traits & HTML_LIST && !depth_in_table(next);
}

static void close_alike(struct html_page *page, const struct html_box *next)
{
    unsigned traits = traits_of(next);
    size_t keep = page->nested;
    if (!(traits & (HTML_ALIKE | HTML_BLOCK)))
        return;
    for (size_t i = page->nested; i > 0; i--) {
        if (ends_before(&page->boxes[i - 1], next))
            keep = i - 1;
        else if (shields(&page->boxes[i - 1], traits))
            break;
    }
    close_boxes(page, keep);
}

static void begin_element(struct html_page *page, struct slice name)
{
    page->next = (struct html_box){.element = html_element(name), .name = name};
    page->style = (struct html_style){0};
    page->classes = page->id = (struct slice){"", 0};
    page->met = 0;
}

static void open_element(struct html_page *page)
{
    struct html_box *next = &page->next;
    close_alike(page, next);
    take_look(page, next);
    if (next->gap > page->gap)
        page->gap = next->gap;
    if (traits_of(next) & HTML_VOID)
        return;
    if (page->nested < HTML_NESTED_MAX)
        page->boxes[page->nested++] = *next;
    else
        page->lost = true;
}

static bool is_named(const struct html_box *box, const struct html_element *element,
                     struct slice name)
{
    return element ? box->element == element : !box->element && slice_ieq(box->name, name);
}

/* Whether the end of an element does not count because another, that it stands in, is still open. */
static bool holds_back(const struct html_box *box, unsigned closing)
{
    bool plain = !(closing & ~(unsigned)HTML_ALIKE);
    return shields(box, closing) || (plain && traits_of(box) & (HTML_BLOCK | HTML_CELL));
}

static void close_element(struct html_page *page, struct slice name)
{
    const struct html_element *element = html_element(name);
    unsigned traits = element ? element->traits : 0;
    for (size_t i = page->nested; i > 0; i--) {
        if (is_named(&page->boxes[i - 1], element, name)) {
            close_boxes(page, i - 1);
            return;
        }
        if (holds_back(&page->boxes[i - 1], traits))
            break;
    }
    if (traits & (HTML_BLOCK | HTML_VOID))
        page->gap = look_around(page)->gone ? HTML_NO_GAP : html_gap_of(element, STYLE_UNSET);
}

/* ---- attributes ---- */

/* Without references that stand for what they do; empty when it is too long to be decoded. */
static struct slice plain_value(struct html_page *page, struct slice value)
{
    struct buf room = buf_over(page->room, sizeof page->room);
    struct slice plain = html_decode(value, &room);
    return room.failed ? SLICE("") : plain;
}

enum attribute { STYLE, CLASS, ID, HIDDEN, BGCOLOR, BACKGROUND, COLOR, TEXT, SIZE, ATTRIBUTES };

static enum attribute attribute_of(struct slice name)
{
    static const struct slice names[ATTRIBUTES] = {
        [STYLE] = SLICE("style"),     [CLASS] = SLICE("class"),
        [ID] = SLICE("id"),           [HIDDEN] = SLICE("hidden"),
        [BGCOLOR] = SLICE("bgcolor"), [BACKGROUND] = SLICE("background"),
        [COLOR] = SLICE("color"),     [TEXT] = SLICE("text"),
        [SIZE] = SLICE("size")};
    enum attribute i = 0;
    while (i < ATTRIBUTES && !slice_ieq(name, names[i]))
        i++;
    return i;
}

static void set_by_html(struct html_page *page, enum html_property property, uint32_t value)
{
    html_style_set(&page->style, property, value, STYLE_OF_HTML);
}

static void use_attribute(struct html_page *page, enum attribute attribute, struct slice value)
{
    switch (attribute) {
    case STYLE:
        html_style_declare(&page->style, plain_value(page, value), STYLE_OWN);
        return;
    case CLASS:
        page->classes = value;
        return;
    case ID:
        page->id = value;
        return;
    case HIDDEN:
        set_by_html(page, STYLE_DISPLAY, DISPLAY_NONE);
        return;
    case BGCOLOR:
        set_by_html(page, STYLE_BACKGROUND, html_colour(value, true));
        return;
    case BACKGROUND:
        set_by_html(page, STYLE_IMAGE, STYLE_HIDES);
        return;
    case SIZE: /* of a font: from 1 to 7, and all can be read */
        if (slice_ieq(page->next.name, SLICE("font")))
            set_by_html(page, STYLE_SIZE, SIZE_LEGIBLE);
        return;
    default: /* of a font, or of the body */
        set_by_html(page, STYLE_COLOUR, html_colour(value, true));
    }
}

static void take_attribute(struct html_page *page, const struct html_token *token)
{
    enum attribute attribute = attribute_of(token->name);
    if (attribute == ATTRIBUTES || page->met >> attribute & 1)
        return;
    page->met |= 1U << attribute;
    use_attribute(page, attribute, token->value);
}

/* ---- the page ---- */

void html_page_open(struct html_page *page, struct slice text)
{
    *page = (struct html_page){.tokens = html_tokens_of(text, HTML_PAGE)};
    if (has_style_elements(text))
        page->sheet = read_sheet(text);
}

void html_page_close(struct html_page *page)
{
    html_sheet_free(&page->sheet);
}

static bool raw_is_shown(struct slice name)
{
    static const struct slice unseen[] = {SLICE("style"),  SLICE("script"),  SLICE("title"),
                                          SLICE("iframe"), SLICE("noembed"), SLICE("noframes")};
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (slice_ieq(name, unseen[i]))
            return false;
    return true;
}

bool html_page_next(struct html_page *page, struct html_token *out)
{
    page->gap = HTML_NO_GAP;
    if (!html_next(&page->tokens, out))
        return false;
    if (out->kind == HTML_TAG)
        begin_element(page, out->name);
    else if (out->kind == HTML_ATTRIBUTE)
        take_attribute(page, out);
    else if (out->kind == HTML_TAG_END)
        open_element(page);
    else if (out->kind == HTML_CLOSING)
        close_element(page, out->name);
    page->hidden = (!page->lost && !html_look_is_seen(look_around(page))) ||
                   (out->kind == HTML_RAW && !raw_is_shown(out->name));
    return true;
}
