/* SPDX-License-Identifier: ISC */
#include "filters/documents/xml.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

enum { REFERENCE_MAX = 12 };

/* ---- encodings (XML 1.0, appendix F) */

enum wide { NARROW, LITTLE, BIG };

static enum wide encoding_of(struct slice content)
{
    if (slice_starts(content, SLICE("\xff\xfe")) || slice_starts(content, SLICE("<\0")))
        return LITTLE;
    if (slice_starts(content, SLICE("\xfe\xff")) || slice_starts(content, SLICE("\0<")))
        return BIG;
    return NARROW;
}

static uint32_t unit(struct slice content, size_t at, enum wide wide)
{
    uint16_t little = bytes_le16(content, at);
    return wide == LITTLE ? little : (uint16_t)(little << 8 | little >> 8);
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static struct slice narrow(struct arena *arena, struct slice content, enum wide wide)
{
    char *room = arena_alloc(arena, content.len / 2 * 3 + 1);
    struct buf out = buf_over(room, room ? content.len / 2 * 3 + 1 : 0);
    for (size_t at = 0; room && at + 2 <= content.len; at += 2) {
        uint32_t code = unit(content, at, wide);
        if (is_high(code) && at + 4 <= content.len) {
            code = 0x10000 + ((code - 0xd800) << 10) + (unit(content, at + 2, wide) & 0x3ff);
            at += 2;
        }
        utf8_append(&out, code);
    }
    return room ? buf_slice(&out) : (struct slice){NULL, 0};
}

static struct slice without_mark(struct slice text)
{
    return slice_starts(text, SLICE("\xef\xbb\xbf")) ? slice_from(text, 3) : text;
}

bool xml_is(struct slice content)
{
    if (encoding_of(content) != NARROW)
        return slice_starts(content, SLICE("<\0")) || slice_starts(content, SLICE("\0<")) ||
               slice_starts(slice_from(content, 2), SLICE("<\0")) ||
               slice_starts(slice_from(content, 2), SLICE("\0<"));
    return slice_starts(slice_trim(slice_sub(without_mark(content), 0, 1024)), SLICE("<"));
}

bool xml_open(struct arena *arena, struct slice content, struct xml *out)
{
    enum wide wide = encoding_of(content);
    *out = (struct xml){.arena = arena, .text = content};
    if (wide != NARROW)
        out->text = narrow(arena, content, wide);
    if (!out->text.ptr)
        return content.len == 0;
    out->text = without_mark(out->text);
    return true;
}

/* ---- markup */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(struct slice s, size_t at)
{
    while (at < s.len && is_space(s.ptr[at]))
        at++;
    return at;
}

static size_t name_end(struct slice s, size_t at)
{
    while (at < s.len && !is_space(s.ptr[at]) && s.ptr[at] != '>' && s.ptr[at] != '/' &&
           s.ptr[at] != '=')
        at++;
    return at;
}

static struct slice without_prefix(struct slice name)
{
    size_t colon = slice_find(name, ':');
    return colon < name.len ? slice_from(name, colon + 1) : name;
}

/* Behind what ends with `end`; the whole when it never does. */
static size_t behind(struct slice s, size_t at, struct slice end)
{
    size_t found = at + slice_search(slice_from(s, at), end);
    return found < s.len ? found + end.len : s.len;
}

/* A tag ends at the first '>' that stands in no quotes. */
static size_t tag_end(struct slice s, size_t at)
{
    char quote = 0;
    for (; at < s.len; at++) {
        char c = s.ptr[at];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? 0 : c;
        else if (c == '>' && !quote)
            return at;
    }
    return s.len;
}

/* A document type may hold declarations in brackets (2.8). */
static size_t type_end(struct xml *xml, size_t at)
{
    struct slice rest = slice_from(xml->text, at);
    size_t end = slice_find(rest, '>'), bracket = slice_find(slice_sub(rest, 0, end), '[');
    if (bracket == end)
        return at + end < xml->text.len ? at + end + 1 : xml->text.len;
    size_t close = bracket + slice_search(slice_from(rest, bracket), SLICE("]"));
    xml->entities |=
        slice_search(slice_sub(rest, bracket, close), SLICE("<!ENTITY")) < close - bracket;
    return behind(xml->text, at + close, SLICE(">"));
}

static enum xml_kind take_text(struct xml *xml, struct xml_piece *out)
{
    size_t from = xml->at;
    xml->at += slice_find(slice_from(xml->text, from), '<');
    out->raw = slice_sub(xml->text, from, xml->at);
    return XML_TEXT;
}

static enum xml_kind take_cdata(struct xml *xml, struct xml_piece *out)
{
    size_t from = xml->at + SLICE("<![CDATA[").len;
    xml->at = behind(xml->text, from, SLICE("]]>"));
    out->raw = slice_sub(xml->text, from, xml->at);
    if (slice_iends(out->raw, SLICE("]]>")))
        out->raw.len -= 3;
    out->literal = true;
    return XML_TEXT;
}

static enum xml_kind take_tag(struct xml *xml, struct xml_piece *out)
{
    bool closes = xml->at + 1 < xml->text.len && xml->text.ptr[xml->at + 1] == '/';
    size_t from = xml->at + 1 + closes, end = tag_end(xml->text, from);
    size_t name = name_end(xml->text, from);
    out->name = without_prefix(slice_sub(xml->text, from, name < end ? name : end));
    out->raw = slice_sub(xml->text, name, end);
    xml->at = end < xml->text.len ? end + 1 : end;
    return closes ? XML_CLOSE : XML_ELEMENT;
}

/* Passes over "<!..." or "<?..." at `at`, when it is no text. */
static void skip(struct xml *xml, struct slice rest)
{
    if (slice_starts(rest, SLICE("<!--")))
        xml->at = behind(xml->text, xml->at + 4, SLICE("-->"));
    else if (rest.ptr[1] == '?')
        xml->at = behind(xml->text, xml->at + 2, SLICE("?>"));
    else
        xml->at = type_end(xml, xml->at + 2);
}

enum xml_kind xml_next(struct xml *xml, struct xml_piece *out)
{
    while (xml->at < xml->text.len && !cpu_budget_spent(64)) {
        struct slice rest = slice_from(xml->text, xml->at);
        *out = (struct xml_piece){.raw = {rest.ptr, 0}};
        if (rest.ptr[0] != '<')
            return take_text(xml, out);
        if (rest.len < 2 || (rest.ptr[1] != '!' && rest.ptr[1] != '?'))
            return take_tag(xml, out);
        if (slice_starts(rest, SLICE("<![CDATA[")))
            return take_cdata(xml, out);
        skip(xml, rest);
    }
    return XML_END;
}

/* ---- values */

/* The code point of the reference at the start of s, and its length; 0: none. */
static size_t reference(struct slice s, uint32_t *code)
{
    static const struct {
        struct slice name;
        char c;
    } names[] = {{SLICE("&amp;"), '&'},
                 {SLICE("&lt;"), '<'},
                 {SLICE("&gt;"), '>'},
                 {SLICE("&quot;"), '"'},
                 {SLICE("&apos;"), '\''}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_starts(s, names[i].name)) {
            *code = (unsigned char)names[i].c;
            return names[i].name.len;
        }
    struct slice number = slice_sub(s, 2, REFERENCE_MAX);
    bool hex = slice_starts(number, SLICE("x"));
    uint32_t value = 0;
    if (!slice_starts(s, SLICE("&#")))
        return 0;
    for (size_t i = hex; i < number.len; i++) {
        int digit = hex_digit(number.ptr[i]);
        if (number.ptr[i] == ';' && i > (size_t)hex) {
            *code = value;
            return 2 + i + 1;
        }
        if (digit < 0 || (!hex && digit > 9) || value > 0x10ffff)
            return 0;
        value = value * (hex ? 16 : 10) + (uint32_t)digit;
    }
    return 0;
}

static struct slice decode(struct arena *arena, struct slice raw)
{
    if (slice_find(raw, '&') == raw.len)
        return raw;
    char *room = arena_alloc(arena, raw.len + 1);
    struct buf out = buf_over(room, room ? raw.len + 1 : 0);
    for (size_t at = 0; room && at < raw.len;) {
        uint32_t code;
        size_t used = raw.ptr[at] == '&' ? reference(slice_from(raw, at), &code) : 0;
        if (used)
            utf8_append(&out, code);
        else
            buf_char(&out, raw.ptr[at]);
        at += used ? used : 1;
    }
    return room ? buf_slice(&out) : (struct slice){NULL, 0};
}

/* The next attribute from *at on. */
static bool next_attribute(struct slice raw, size_t *at, struct slice *name, struct slice *value)
{
    size_t from = skip_space(raw, *at);
    size_t end = name_end(raw, from), equals = skip_space(raw, end);
    *name = without_prefix(slice_sub(raw, from, end));
    *value = (struct slice){raw.ptr, 0};
    *at = equals > from ? equals : from + 1;
    if (equals >= raw.len || raw.ptr[equals] != '=')
        return from < raw.len;
    from = skip_space(raw, equals + 1);
    char quote = from < raw.len ? raw.ptr[from] : 0;
    bool quoted = quote == '"' || quote == '\'';
    struct slice rest = slice_from(raw, from + quoted);
    size_t len = quoted ? slice_find(rest, quote) : name_end(rest, 0);
    *value = slice_sub(rest, 0, len);
    *at = from + quoted + len + quoted;
    return true;
}

bool xml_attribute(const struct xml *xml, const struct xml_piece *element, struct slice name,
                   struct slice *value)
{
    struct slice found, raw;
    size_t at = 0;
    while (at < element->raw.len && next_attribute(element->raw, &at, &found, &raw))
        if (slice_eq(found, name)) {
            *value = decode(xml->arena, raw);
            return value->ptr != NULL;
        }
    return false;
}

struct slice xml_text(const struct xml *xml, const struct xml_piece *text)
{
    return text->literal ? text->raw : decode(xml->arena, text->raw);
}
