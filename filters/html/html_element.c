/* SPDX-License-Identifier: ISC */
#include "filters/html/html_element.h"

enum {
    BLOCK = HTML_BLOCK,
    ITEM = HTML_BLOCK | HTML_ALIKE,
    CELL = HTML_CELL | HTML_ALIKE | HTML_SCOPE,
    LIST = HTML_BLOCK | HTML_LIST,
    ROWS = HTML_BLOCK | HTML_ALIKE | HTML_ROWS,
    NAME_LONGEST = 10,
};

/* In the order of their names. */
static const struct html_element elements[] = {
    {SLICE("a"), HTML_FORM},
    {SLICE("address"), BLOCK},
    {SLICE("area"), HTML_VOID},
    {SLICE("article"), BLOCK},
    {SLICE("aside"), BLOCK},
    {SLICE("b"), HTML_FORM},
    {SLICE("base"), HTML_VOID},
    {SLICE("basefont"), HTML_VOID},
    {SLICE("bgsound"), HTML_VOID},
    {SLICE("big"), HTML_FORM},
    {SLICE("blockquote"), BLOCK},
    {SLICE("body"), BLOCK},
    {SLICE("br"), HTML_VOID},
    {SLICE("caption"), BLOCK | HTML_SCOPE},
    {SLICE("center"), BLOCK},
    {SLICE("code"), HTML_FORM},
    {SLICE("col"), HTML_VOID},
    {SLICE("datalist"), HTML_UNSEEN},
    {SLICE("dd"), ITEM},
    {SLICE("details"), BLOCK},
    {SLICE("dir"), LIST},
    {SLICE("div"), BLOCK},
    {SLICE("dl"), LIST},
    {SLICE("dt"), ITEM},
    {SLICE("em"), HTML_FORM},
    {SLICE("embed"), HTML_VOID},
    {SLICE("fieldset"), BLOCK},
    {SLICE("figcaption"), BLOCK},
    {SLICE("figure"), BLOCK},
    {SLICE("font"), HTML_FORM},
    {SLICE("footer"), BLOCK},
    {SLICE("form"), BLOCK},
    {SLICE("frame"), HTML_VOID},
    {SLICE("h1"), BLOCK},
    {SLICE("h2"), BLOCK},
    {SLICE("h3"), BLOCK},
    {SLICE("h4"), BLOCK},
    {SLICE("h5"), BLOCK},
    {SLICE("h6"), BLOCK},
    {SLICE("head"), BLOCK},
    {SLICE("header"), BLOCK},
    {SLICE("hgroup"), BLOCK},
    {SLICE("hr"), BLOCK | HTML_VOID},
    {SLICE("html"), BLOCK},
    {SLICE("i"), HTML_FORM},
    {SLICE("img"), HTML_VOID},
    {SLICE("input"), HTML_VOID},
    {SLICE("legend"), BLOCK},
    {SLICE("li"), ITEM},
    {SLICE("link"), HTML_VOID},
    {SLICE("main"), BLOCK},
    {SLICE("menu"), LIST},
    {SLICE("meta"), HTML_VOID},
    {SLICE("nav"), BLOCK},
    {SLICE("nobr"), HTML_FORM},
    {SLICE("object"), HTML_SCOPE},
    {SLICE("ol"), LIST},
    {SLICE("optgroup"), ITEM},
    {SLICE("option"), ITEM},
    {SLICE("p"), ITEM},
    {SLICE("param"), HTML_VOID},
    {SLICE("pre"), BLOCK},
    {SLICE("rp"), HTML_UNSEEN | HTML_ALIKE},
    {SLICE("s"), HTML_FORM},
    {SLICE("search"), BLOCK},
    {SLICE("section"), BLOCK},
    {SLICE("small"), HTML_FORM},
    {SLICE("source"), HTML_VOID},
    {SLICE("spacer"), HTML_VOID},
    {SLICE("strike"), HTML_FORM},
    {SLICE("strong"), HTML_FORM},
    {SLICE("summary"), BLOCK},
    {SLICE("table"), BLOCK | HTML_SCOPE},
    {SLICE("tbody"), ROWS},
    {SLICE("td"), CELL},
    {SLICE("template"), HTML_UNSEEN | HTML_SCOPE},
    {SLICE("tfoot"), ROWS},
    {SLICE("th"), CELL},
    {SLICE("thead"), ROWS},
    {SLICE("tr"), ITEM | HTML_ROW},
    {SLICE("track"), HTML_VOID},
    {SLICE("tt"), HTML_FORM},
    {SLICE("u"), HTML_FORM},
    {SLICE("ul"), LIST},
    {SLICE("wbr"), HTML_VOID},
};

const struct html_element *html_element(struct slice name)
{
    char room[NAME_LONGEST];
    size_t from = 0, to = sizeof elements / sizeof *elements;
    if (name.len > NAME_LONGEST)
        return NULL;
    for (size_t i = 0; i < name.len; i++)
        room[i] = ascii_lower(name.ptr[i]);
    struct slice lower = {room, name.len};
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = slice_cmp(lower, elements[middle].name);
        if (order == 0)
            return &elements[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}
