/* SPDX-License-Identifier: ISC */
#include "filters/documents/rtf.h"

#include "filters/cpu_budget.h"
#include "filters/documents/rtf_data.h"

enum { DEPTH_MAX = 10000, TEXT_MAX = 64 << 10 };

struct group {
    uint8_t place;
    bool begins;   /* nothing stands in it yet */
    bool optional; /* it begins with \*: to be ignored by who does not know it */
    bool own;      /* its place is not merely the outer group's */
};

struct reading {
    const struct rtf_visitor *visitor;
    struct group *groups;
    size_t depth;  /* of the group that is open */
    size_t excess; /* groups within that, too deep to be told apart */
    struct rtf_data data;
    struct buf text;   /* of a place that has one, until its group ends */
    unsigned fallback; /* octets to be passed over that stand for a character of Unicode */
    unsigned uc;       /* how many each has */
    bool too_deep;
};

static const struct {
    struct slice word;
    enum rtf_place place;
} places[] = {
    {SLICE("objdata"), RTF_DATA},      {SLICE("objclass"), RTF_CLASS},
    {SLICE("template"), RTF_TEMPLATE}, {SLICE("fldinst"), RTF_FIELD},
    {SLICE("htmltag"), RTF_HTML},      {SLICE("fonttbl"), RTF_PASSED},
    {SLICE("colortbl"), RTF_PASSED},   {SLICE("stylesheet"), RTF_PASSED},
    {SLICE("info"), RTF_PASSED},       {SLICE("pict"), RTF_PASSED},
    {SLICE("result"), RTF_PASSED},     {SLICE("objname"), RTF_PASSED},
    {SLICE("objtime"), RTF_PASSED},    {SLICE("header"), RTF_PASSED},
    {SLICE("footer"), RTF_PASSED},     {SLICE("footnote"), RTF_PASSED},
    {SLICE("comment"), RTF_PASSED},    {SLICE("author"), RTF_PASSED},
    {SLICE("title"), RTF_PASSED},      {SLICE("subject"), RTF_PASSED},
    {SLICE("keywords"), RTF_PASSED},   {SLICE("fldrslt"), RTF_ELSEWHERE},
};

static bool has_text(enum rtf_place place)
{
    return place > RTF_DATA;
}

static struct group *current(struct reading *r)
{
    return &r->groups[r->depth];
}

static void give_text(struct reading *r, enum rtf_place place)
{
    if (r->visitor->text && buf_len(&r->text))
        r->visitor->text(r->visitor->ctx, place, buf_slice(&r->text));
    buf_clear(&r->text);
}

static void enter(struct reading *r, enum rtf_place place)
{
    struct group *g = current(r);
    if (has_text(g->place))
        give_text(r, g->place);
    g->place = place;
    g->own = true;
    if (place == RTF_DATA)
        rtf_data_open(&r->data, r->depth);
}

static void open_group(struct reading *r)
{
    if (r->depth == DEPTH_MAX) {
        r->too_deep = true;
        r->excess++;
        return;
    }
    struct group inner = {.place = current(r)->place, .begins = true};
    current(r)->begins = false;
    r->groups[++r->depth] = inner;
    r->fallback = 0;
}

static void close_group(struct reading *r)
{
    if (r->excess) {
        r->excess--;
        return;
    }
    struct group *g = current(r);
    if (g->own && has_text(g->place))
        give_text(r, g->place);
    rtf_data_close(&r->data, r->depth);
    if (r->depth > 0) /* what closes more than was open closes nothing */
        r->depth--;
    r->fallback = 0;
}

static void add_text(struct reading *r, struct slice text)
{
    if (has_text(current(r)->place) && buf_len(&r->text) + text.len <= TEXT_MAX)
        buf_append(&r->text, text);
}

static void add_character(struct reading *r, uint32_t c)
{
    char octets[3];
    size_t len = 0;
    if (c < 0x80)
        octets[len++] = (char)c;
    else if (c < 0x800)
        octets[len++] = (char)(0xc0 | c >> 6);
    else {
        octets[len++] = (char)(0xe0 | c >> 12);
        octets[len++] = (char)(0x80 | (c >> 6 & 0x3f));
    }
    if (c >= 0x80)
        octets[len++] = (char)(0x80 | (c & 0x3f));
    add_text(r, (struct slice){octets, len});
    r->fallback = r->uc;
}

/* A word that begins a group gives it its place; \objdata does wherever it stands. */
static void take_word(struct reading *r, const struct rtf_token *t)
{
    struct group *g = current(r);
    bool begins = g->begins;
    g->begins = false;
    if (r->visitor->word)
        r->visitor->word(r->visitor->ctx, t->text);
    if (slice_eq(t->text, SLICE("u")) && t->numbered)
        add_character(r, (uint32_t)t->number & 0xffff);
    else if (slice_eq(t->text, SLICE("uc")) && t->number >= 0 && t->number < 10)
        r->uc = (unsigned)t->number;
    for (size_t i = 0; (begins || t->text.len > 6) && i < sizeof places / sizeof *places; i++)
        if (slice_eq(t->text, places[i].word)) {
            if (begins || places[i].place == RTF_DATA)
                enter(r, places[i].place);
            return;
        }
    if (begins && g->optional)
        enter(r, RTF_PASSED);
}

static void take_text(struct reading *r, struct slice text)
{
    struct group *g = current(r);
    rtf_data_text(&r->data, text, g->place == RTF_DATA);
    if (slice_trim(text).len)
        g->begins = false;
    size_t over = r->fallback < text.len ? r->fallback : text.len;
    r->fallback -= (unsigned)over;
    add_text(r, slice_from(text, over));
}

static void take_octet(struct reading *r, char octet)
{
    current(r)->begins = false;
    rtf_data_octet(&r->data, octet);
    if (r->fallback)
        r->fallback--;
    else
        add_text(r, (struct slice){&octet, 1});
}

static void take_symbol(struct reading *r, char octet)
{
    struct group *g = current(r);
    if (octet == '*' && g->begins)
        g->optional = true;
    else
        g->begins = false;
    if (octet == '\\' || octet == '{' || octet == '}')
        add_text(r, (struct slice){&octet, 1});
}

static void take_token(struct reading *r, const struct rtf_token *t)
{
    switch (t->kind) {
    case RTF_OPEN:
        open_group(r);
        break;
    case RTF_CLOSE:
        close_group(r);
        break;
    case RTF_WORD:
        take_word(r, t);
        break;
    case RTF_SYMBOL:
        take_symbol(r, t->octet);
        break;
    case RTF_OCTET:
        take_octet(r, t->octet);
        break;
    case RTF_TEXT:
        take_text(r, t->text);
        break;
    case RTF_RAW:
        rtf_data_raw(&r->data, t->text, current(r)->place == RTF_DATA);
        break;
    case RTF_END:
        break;
    }
}

static bool no_object(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
    return false;
}

const char *rtf_read(struct arena *scratch, struct slice content, const struct rtf_visitor *visitor)
{
    struct rtf_tokens tokens = {.text = content};
    struct reading r = {
        .visitor = visitor,
        .groups = arena_array(scratch, DEPTH_MAX + 1, sizeof *r.groups),
        .data = rtf_data_begin(content.len, visitor->ctx,
                               visitor->object ? visitor->object : no_object),
        .text = buf_init(TEXT_MAX),
        .uc = 1,
    };
    if (!r.groups)
        return "memory";
    for (;;) {
        struct rtf_token token = rtf_next(&tokens);
        if (token.kind == RTF_END || cpu_budget_spent(token.text.len + 1))
            break;
        take_token(&r, &token);
    }
    rtf_data_end(&r.data);
    bool failed = r.data.failed || r.text.failed;
    buf_release(&r.text);
    return r.too_deep        ? "limit: depth"
           : failed          ? "limit: objects"
           : tokens.doubtful ? "corrupt"
                             : NULL;
}
