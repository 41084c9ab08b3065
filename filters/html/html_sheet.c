/* SPDX-License-Identifier: ISC */
#include "filters/html/html_sheet.h"

#include "filters/html/css_value.h"

#include <stdlib.h>

enum {
    CSS_MAX = 256 * 1024, /* octets of all style elements */
    ENTRIES_MAX = 512,
    BUCKETS = 1024,
    CHAIN_MAX = 16,      /* entries that share a bucket */
    CLASSES_MAX = 16,    /* of one element */
    SELECTORS_MAX = 256, /* of one rule */
};

/* What rules say of elements with this class, this id, or of this tag; where `tag` stands beside a
 * class or id, of those alone. */
struct entry {
    enum html_origin kind;
    struct slice name, tag;
    struct html_style style;
    uint32_t doubt;
    uint16_t next; /* in its bucket: index + 1 */
};

struct html_sheet {
    struct entry entries[ENTRIES_MAX];
    uint16_t buckets[BUCKETS]; /* index + 1 */
    size_t count, left;
    uint32_t doubt; /* of all elements */
    bool distrusted;
};

struct html_sheet *html_sheet_new(void)
{
    struct html_sheet *sheet = calloc(1, sizeof *sheet);
    if (sheet)
        sheet->left = CSS_MAX;
    return sheet;
}

void html_sheet_free(struct html_sheet **sheet)
{
    free(*sheet);
    *sheet = NULL;
}

/* ---- entries ---- */

static uint16_t *bucket_of(struct html_sheet *sheet, enum html_origin kind, struct slice name)
{
    uint32_t hash = 2166136261u ^ (uint32_t)kind;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)ascii_lower(name.ptr[i])) * 16777619u;
    return &sheet->buckets[hash % BUCKETS];
}

/* Classes and ids are compared as pages without a doctype compare them, which mail mostly is. */
static bool is_same(const struct entry *entry, enum html_origin kind, struct slice name)
{
    return entry->kind == kind && slice_ieq(entry->name, name);
}

/* NULL: there is no room. */
static struct entry *entry_for(struct html_sheet *sheet, enum html_origin kind, struct slice name,
                               struct slice tag)
{
    uint16_t *at = bucket_of(sheet, kind, name);
    size_t steps = 0;
    for (; *at; at = &sheet->entries[*at - 1].next, steps++)
        if (is_same(&sheet->entries[*at - 1], kind, name) &&
            slice_ieq(sheet->entries[*at - 1].tag, tag))
            return &sheet->entries[*at - 1];
    if (sheet->count == ENTRIES_MAX || steps == CHAIN_MAX)
        return NULL;
    struct entry *entry = &sheet->entries[sheet->count++];
    *entry = (struct entry){.kind = kind, .name = name, .tag = tag};
    *at = (uint16_t)sheet->count;
    return entry;
}

/* ---- selectors ---- */

static bool in_name(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_' || (c & 0x80);
}

static struct slice take_name(struct slice *text)
{
    size_t n = 0;
    while (n < text->len && in_name(text->ptr[n]))
        n++;
    struct slice name = slice_sub(*text, 0, n);
    *text = slice_from(*text, n);
    return name;
}

/* What stands behind the last combinator: the element itself. */
static struct slice subject_of(struct slice selector)
{
    size_t from = 0;
    for (size_t i = 0; i < selector.len; i++)
        if (selector.ptr[i] == '>' || selector.ptr[i] == '+' || selector.ptr[i] == '~' ||
            css_trim_blanks(slice_sub(selector, i, i + 1)).len == 0)
            from = i + 1;
    return slice_from(selector, from);
}

static uint32_t shown_by(const struct html_style *style)
{
    uint32_t bits = 0;
    for (int i = 0; i < STYLE_PROPERTIES; i++) {
        bool colour = i == STYLE_COLOUR || i == STYLE_BACKGROUND || i == STYLE_IMAGE;
        if (style->rank[i] && (colour || style->value[i] != STYLE_HIDES))
            bits |= 1U << i;
    }
    return bits;
}

static void add(struct html_sheet *sheet, enum html_origin kind, struct slice name,
                struct slice tag, const struct html_style *style, bool sure)
{
    struct entry *entry = entry_for(sheet, kind, name, tag);
    if (!entry)
        sheet->distrusted = true;
    else if (sure)
        html_style_merge(&entry->style, style, kind);
    else
        entry->doubt |= shown_by(style);
}

/* "td", "td.narrow", "#top": of ".a.b" and what follows the first is not looked at, and that it
 * applies is not sure. */
static void add_selector(struct html_sheet *sheet, struct slice selector,
                         const struct html_style *style, bool sure)
{
    struct slice rest = subject_of(selector);
    sure = sure && rest.len == selector.len;
    bool any = slice_starts(rest, SLICE("*"));
    rest = slice_from(rest, any);
    struct slice tag = take_name(&rest), name = {"", 0};
    char sign = rest.len ? rest.ptr[0] : '\0';
    if (sign == '.' || sign == '#') {
        rest = slice_from(rest, 1);
        name = take_name(&rest);
    }
    sure = sure && rest.len == 0;
    if (name.len > 0)
        add(sheet, sign == '.' ? STYLE_OF_CLASS : STYLE_OF_ID, name, tag, style, sure);
    else if (tag.len > 0)
        add(sheet, STYLE_OF_TAG, tag, SLICE(""), style, sure);
    else
        sheet->doubt |= shown_by(style);
}

static bool says_nothing(const struct html_style *style)
{
    for (int i = 0; i < STYLE_PROPERTIES; i++)
        if (style->rank[i])
            return false;
    return true;
}

static void add_rule(struct html_sheet *sheet, struct slice selectors, struct slice declarations,
                     bool sure)
{
    struct html_style style = {0};
    html_style_declare(&style, declarations, STYLE_OF_HTML);
    if (says_nothing(&style))
        return;
    for (size_t count = 0; selectors.len > 0; count++) {
        struct slice one = slice_sub(selectors, 0, css_find(selectors, ","));
        selectors = slice_from(selectors, one.len + 1);
        add_selector(sheet, css_trim(one), &style, sure);
        if (count == SELECTORS_MAX)
            sheet->distrusted = true;
        if (sheet->distrusted)
            return;
    }
}

/* ---- rules ---- */

/* Whether a block with this prelude holds rules, and those for some readers only. */
static bool holds_rules(struct slice prelude, bool *some)
{
    struct slice media = SLICE("@media"), query = css_trim(slice_from(prelude, media.len));
    static const struct slice all[] = {SLICE("all"), SLICE("screen"), SLICE("only screen"),
                                       SLICE("")};
    *some = true;
    if (!slice_istarts(prelude, media))
        return slice_istarts(prelude, SLICE("@supports")) ||
               slice_istarts(prelude, SLICE("@layer")) ||
               slice_istarts(prelude, SLICE("@container")) ||
               slice_istarts(prelude, SLICE("@-moz-document"));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        *some = *some && !slice_ieq(query, all[i]);
    return true;
}

/* Behind the block whose content begins the text. */
static struct slice after_block(struct slice text)
{
    for (size_t depth = 1; depth > 0 && text.len > 0;) {
        size_t at = css_find(text, "{}");
        if (at < text.len)
            depth += text.ptr[at] == '{' ? 1 : (size_t)-1;
        text = slice_from(text, at + 1);
    }
    return text;
}

/* Those of comments of HTML mean nothing. */
static struct slice without_marks(struct slice css)
{
    css = css_trim(css);
    for (;;)
        if (slice_starts(css, SLICE("<!--")))
            css = css_trim(slice_from(css, 4));
        else if (slice_starts(css, SLICE("-->")))
            css = css_trim(slice_from(css, 3));
        else
            return css;
}

static void read_rules(struct html_sheet *sheet, struct slice css, bool some)
{
    size_t within = 0, doubtful = 0; /* blocks around this place, and the first that is for some */
    for (css = without_marks(css); css.len > 0 && !sheet->distrusted; css = without_marks(css)) {
        bool here = false;
        size_t end = css_find(css, css.ptr[0] == '@' ? "{};" : "{}");
        struct slice prelude = css_trim(slice_sub(css, 0, end));
        char what = end < css.len ? css.ptr[end] : ';';
        css = slice_from(css, end + 1);
        if (what == '}') {
            doubtful = doubtful == within ? 0 : doubtful;
            within -= within > 0;
        } else if (what == '{' && slice_starts(prelude, SLICE("@"))) {
            if (!holds_rules(prelude, &here)) {
                css = after_block(css);
                continue;
            }
            within++;
            doubtful = here && !doubtful ? within : doubtful;
        } else if (what == '{') {
            size_t to = css_find(css, "}");
            add_rule(sheet, prelude, slice_sub(css, 0, to), !some && !doubtful);
            css = slice_from(css, to + 1);
        }
    }
}

void html_sheet_read(struct html_sheet *sheet, struct slice css, bool some)
{
    if (css.len > sheet->left)
        sheet->distrusted = true;
    if (sheet->distrusted)
        return;
    sheet->left -= css.len;
    read_rules(sheet, css, some);
}

/* ---- elements ---- */

static void apply_entries(const struct html_sheet *sheet, enum html_origin kind, struct slice name,
                          struct slice tag, struct html_style *style, uint32_t *doubt)
{
    const uint16_t *at = bucket_of((struct html_sheet *)(uintptr_t)sheet, kind, name);
    for (; *at; at = &sheet->entries[*at - 1].next) {
        const struct entry *entry = &sheet->entries[*at - 1];
        if (!is_same(entry, kind, name) || (entry->tag.len && !slice_ieq(entry->tag, tag)))
            continue;
        html_style_merge(style, &entry->style, STYLE_OF_HTML);
        *doubt |= entry->doubt;
    }
}

uint32_t html_sheet_apply(const struct html_sheet *sheet, struct slice tag, struct slice classes,
                          struct slice id, struct html_style *style)
{
    uint32_t doubt = sheet->doubt;
    if (sheet->distrusted)
        return 0;
    apply_entries(sheet, STYLE_OF_TAG, tag, tag, style, &doubt);
    for (size_t i = 0; classes.len > 0 && i < CLASSES_MAX; i++) {
        size_t n = 0;
        classes = css_trim_blanks(classes);
        while (n < classes.len && css_trim_blanks(slice_sub(classes, n, n + 1)).len > 0)
            n++;
        if (n > 0)
            apply_entries(sheet, STYLE_OF_CLASS, slice_sub(classes, 0, n), tag, style, &doubt);
        classes = slice_from(classes, n);
    }
    if (id.len > 0)
        apply_entries(sheet, STYLE_OF_ID, css_trim_blanks(id), tag, style, &doubt);
    return doubt;
}
