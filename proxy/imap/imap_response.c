/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_response.h"

#include "proxy/imap/imap_string.h"

static const struct slice statuses[] = {
    [IMAP_OK] = SLICE("OK"),   [IMAP_NO] = SLICE("NO"),           [IMAP_BAD] = SLICE("BAD"),
    [IMAP_BYE] = SLICE("BYE"), [IMAP_PREAUTH] = SLICE("PREAUTH"),
};

static enum imap_status status_of(struct slice name)
{
    for (int i = 0; i < IMAP_STATUSES; i++)
        if (slice_ieq(name, statuses[i]))
            return (enum imap_status)i;
    return IMAP_STATUSES;
}

static struct slice without_blanks(struct slice text)
{
    while (text.len && ascii_blank(text.ptr[0]))
        text = slice_from(text, 1);
    return text;
}

static struct slice first_line(struct slice octets)
{
    size_t end = slice_find(octets, '\n');
    if (end > 0 && end < octets.len && octets.ptr[end - 1] == '\r')
        end--;
    return slice_sub(octets, 0, end);
}

/* Up to a blank, or to what can be in no name; *text goes on behind it and blanks. */
static struct slice take_name(struct slice *text)
{
    size_t n = 0;
    while (n < text->len && !imap_is_one_of(text->ptr[n], SLICE(" \t([{\"")))
        n++;
    struct slice name = slice_sub(*text, 0, n);
    *text = without_blanks(slice_from(*text, n));
    return name;
}

/* Behind the bracket that closes the first one, or 0. */
static size_t balanced_end(struct slice text)
{
    long brackets = 0, parentheses = 0;
    bool unescaped;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        brackets += c == '[';
        parentheses += (c == '(') - (c == ')');
        if (c == '"' && imap_word_begins(text, i)) {
            size_t end = imap_quoted_end(text, i, &unescaped);
            if (end == 0)
                return 0;
            i = end - 1;
        }
        if (c == ']' && parentheses <= 0 && --brackets == 0)
            return i + 1;
    }
    return 0;
}

static struct slice code_of(struct slice text)
{
    if (!slice_starts(text, SLICE("[")))
        return (struct slice){text.ptr, 0};
    size_t end = balanced_end(text), bracket = slice_find(text, ']');
    if (end == 0 && bracket < text.len)
        end = bracket + 1;
    return slice_sub(text, 0, end);
}

static void read_name(struct imap_response *out)
{
    struct slice all = out->rest;
    out->name = take_name(&out->rest);
    if (out->name.len && !ascii_alpha(out->name.ptr[0])) {
        out->name.len = 0;
        out->rest = all;
    }
    if (!out->numbered)
        out->status = status_of(out->name);
    if (out->status != IMAP_STATUSES || out->name.len == 0)
        out->code = code_of(out->rest);
}

static void read_untagged(struct slice text, struct imap_response *out)
{
    struct slice rest = out->rest = without_blanks(text);
    struct slice number = take_name(&rest);
    uint64_t value;
    if (slice_to_u64(number, UINT32_MAX, &value)) {
        out->numbered = true;
        out->number = (uint32_t)value;
        out->rest = rest;
    }
    read_name(out);
}

static bool is_tag(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] <= ' ' || word.ptr[i] > '~' ||
            imap_is_one_of(word.ptr[i], SLICE("(){%*\"\\")))
            return false;
    return word.len > 0;
}

static void read_tagged(struct slice line, struct imap_response *out)
{
    size_t n = 0;
    while (n < line.len && !ascii_blank(line.ptr[n]))
        n++;
    struct slice tag = slice_sub(line, 0, n);
    if (!is_tag(tag))
        return;
    out->kind = IMAP_RESPONSE_TAGGED;
    out->tag = tag;
    out->rest = without_blanks(slice_from(line, n));
    read_name(out);
    if (out->status <= IMAP_BAD)
        return;
    out->rest = line;
    out->name.len = out->code.len = 0;
    out->status = IMAP_STATUSES;
}

void imap_response(struct slice line, struct imap_response *out)
{
    line = first_line(line);
    struct slice nothing = {line.ptr, 0};
    *out = (struct imap_response){
        .status = IMAP_STATUSES, .tag = nothing, .name = nothing, .code = nothing, .rest = line};
    if (slice_starts(line, SLICE("+"))) {
        out->kind = IMAP_RESPONSE_CONTINUE;
        out->name = slice_sub(line, 0, 1);
        out->rest = without_blanks(slice_from(line, 1));
        out->code = code_of(out->rest);
    } else if (slice_starts(line, SLICE("* ")) || slice_starts(line, SLICE("*\t"))) {
        read_untagged(slice_from(line, 2), out);
    } else {
        read_tagged(line, out);
    }
}

bool imap_may_have_literals(const struct imap_response *response)
{
    static const struct slice names[] = {
        SLICE("ACL"),        SLICE("ESEARCH"), SLICE("ID"),        SLICE("LIST"),
        SLICE("LISTRIGHTS"), SLICE("LSUB"),    SLICE("METADATA"),  SLICE("MYRIGHTS"),
        SLICE("NAMESPACE"),  SLICE("QUOTA"),   SLICE("QUOTAROOT"), SLICE("STATUS"),
        SLICE("XLIST"),
    };
    if (response->kind != IMAP_RESPONSE_UNTAGGED)
        return false;
    if (response->numbered)
        return slice_ieq(response->name, SLICE("FETCH"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(response->name, names[i]))
            return true;
    return false;
}

/* What stands in the brackets. */
static struct slice in_brackets(struct slice code)
{
    if (slice_starts(code, SLICE("[")))
        code = slice_from(code, 1);
    if (code.len && code.ptr[code.len - 1] == ']')
        code.len--;
    return without_blanks(code);
}

bool imap_code_lists_capabilities(struct slice code, struct slice *list)
{
    *list = in_brackets(code);
    return slice_ieq(take_name(list), SLICE("CAPABILITY"));
}

bool imap_is_relayed_code(struct slice code)
{
    static const struct slice ours[] = {SLICE("BADURL"), SLICE("CAPABILITY"),
                                        SLICE("COMPRESSIONACTIVE"), SLICE("REFERRAL"),
                                        SLICE("URLMECH")};
    struct slice inside = in_brackets(code), name = take_name(&inside);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (slice_ieq(name, ours[i]))
            return false;
    return true;
}
