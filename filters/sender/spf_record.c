/* SPDX-License-Identifier: ISC
 * The syntax of SPF records (RFC 7208 section 12). Terms are parsed twice, once to check them all
 * and once to use them, so that a record of any length takes no memory. */
#include "filters/sender/spf_internal.h"

#include <arpa/inet.h>
#include <string.h>

enum { LABEL_MAX = 63, BITS4 = 32, BITS6 = 128 };

enum argument { ARG_NONE, ARG_DOMAIN, ARG_MAYBE_DOMAIN, ARG_MAYBE_DOMAIN_CIDR, ARG_IP4, ARG_IP6 };

static const struct {
    const char *name;
    enum spf_mechanism mechanism;
    enum argument argument;
} mechanisms[] = {
    {"all", SPF_ALL, ARG_NONE},          {"include", SPF_INCLUDE, ARG_DOMAIN},
    {"a", SPF_A, ARG_MAYBE_DOMAIN_CIDR}, {"mx", SPF_MX, ARG_MAYBE_DOMAIN_CIDR},
    {"ptr", SPF_PTR, ARG_MAYBE_DOMAIN},  {"ip4", SPF_IP4, ARG_IP4},
    {"ip6", SPF_IP6, ARG_IP6},           {"exists", SPF_EXISTS, ARG_DOMAIN},
};

bool spf_record_is(struct slice text)
{
    struct slice version = SLICE("v=spf1");
    return slice_istarts(text, version) &&
           (text.len == version.len || text.ptr[version.len] == ' ');
}

static bool alphanumeric(char c)
{
    return ascii_alpha(c) || ascii_digit(c);
}

static bool is_top_label(struct slice label)
{
    bool not_a_number = false;
    if (label.len == 0 || label.len > LABEL_MAX || !alphanumeric(label.ptr[0]) ||
        !alphanumeric(label.ptr[label.len - 1]))
        return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!alphanumeric(label.ptr[i]) && label.ptr[i] != '-')
            return false;
        not_a_number |= !ascii_digit(label.ptr[i]);
    }
    return not_a_number;
}

struct slice spf_without_dot(struct slice name)
{
    return name.len && name.ptr[name.len - 1] == '.' ? slice_sub(name, 0, name.len - 1) : name;
}

static bool ends_in_top_label(struct slice name)
{
    name = spf_without_dot(name);
    size_t dot = slice_rfind(name, '.');
    return dot < name.len && is_top_label(slice_from(name, dot + 1));
}

bool spf_is_domain(struct slice name)
{
    struct slice label;
    bool more = true;
    name = spf_without_dot(name);
    if (name.len > SPF_DOMAIN_MAX || !ends_in_top_label(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
            return false;
    while (more) {
        more = slice_cut(name, '.', &label, &name);
        if (label.len == 0 || label.len > LABEL_MAX)
            return false;
    }
    return true;
}

static bool is_domain_spec(struct slice spec)
{
    bool ends_in_macro = false;
    return spec.len && spf_macro_check(spec, SPF_IN_RECORD, &ends_in_macro) &&
           (ends_in_macro || ends_in_top_label(spec));
}

/* "0", or digits that do not begin with 0. */
static bool parse_bits(struct slice digits, unsigned max, unsigned *out)
{
    uint64_t value = 0;
    if ((digits.len > 1 && digits.ptr[0] == '0') || !slice_to_u64(digits, max, &value))
        return false;
    *out = (unsigned)value;
    return true;
}

static bool all_digits(struct slice s)
{
    size_t i = 0;
    while (i < s.len && ascii_digit(s.ptr[i]))
        i++;
    return i == s.len;
}

/* Takes "/24", "//64" or "/24//64" off the end. A '/' may also stand within the domain, so it is
 * read backwards. False: a length is there, but wrong. */
static bool take_cidr(struct slice *spec, unsigned *bits4, unsigned *bits6)
{
    size_t slash = slice_rfind(*spec, '/');
    if (slash == spec->len || !all_digits(slice_from(*spec, slash + 1)))
        return true;
    if (slash > 0 && spec->ptr[slash - 1] == '/') {
        if (!parse_bits(slice_from(*spec, slash + 1), BITS6, bits6))
            return false;
        *spec = slice_sub(*spec, 0, slash - 1);
        slash = slice_rfind(*spec, '/');
        if (slash == spec->len || !all_digits(slice_from(*spec, slash + 1)))
            return true;
    }
    if (!parse_bits(slice_from(*spec, slash + 1), BITS4, bits4))
        return false;
    *spec = slice_sub(*spec, 0, slash);
    return true;
}

/* Not ip_parse: an IPv6 network stays one, whatever it holds. */
static bool parse_network(struct slice text, int family, unsigned max, struct ip *out,
                          unsigned *bits)
{
    char address[INET6_ADDRSTRLEN];
    size_t slash = slice_find(text, '/');
    if (slash < text.len && !parse_bits(slice_from(text, slash + 1), max, bits))
        return false;
    if (slash >= sizeof address || memchr(text.ptr, '\0', slash))
        return false;
    memcpy(address, text.ptr, slash);
    address[slash] = '\0';
    out->family = family == AF_INET ? 4 : 6;
    return inet_pton(family, address, out->bytes) == 1;
}

/* `rest` is what follows the mechanism's name: empty, or ':' or '/' and more. */
static bool parse_argument(struct slice rest, enum argument kind, struct spf_term *out)
{
    if (kind == ARG_MAYBE_DOMAIN_CIDR && !take_cidr(&rest, &out->bits4, &out->bits6))
        return false;
    if (rest.len == 0)
        return kind == ARG_NONE || kind == ARG_MAYBE_DOMAIN || kind == ARG_MAYBE_DOMAIN_CIDR;
    if (rest.ptr[0] != ':' || rest.len == 1 || kind == ARG_NONE)
        return false;
    rest = slice_from(rest, 1);
    if (kind == ARG_IP4)
        return parse_network(rest, AF_INET, BITS4, &out->network, &out->bits4);
    if (kind == ARG_IP6)
        return parse_network(rest, AF_INET6, BITS6, &out->network, &out->bits6);
    out->domain = rest;
    return is_domain_spec(rest);
}

static bool parse_qualifier(struct slice *text, enum spf_result *out)
{
    static const enum spf_result results[] = {SPF_PASS, SPF_FAIL, SPF_NEUTRAL, SPF_SOFTFAIL};
    struct slice qualifiers = SLICE("+-?~");
    size_t which = text->len ? slice_find(qualifiers, text->ptr[0]) : qualifiers.len;
    *out = SPF_PASS;
    if (which == qualifiers.len)
        return false;
    *out = results[which];
    *text = slice_from(*text, 1);
    return true;
}

/* Letters, digits, '-', '_' and '.', beginning with a letter. */
static size_t name_length(struct slice text)
{
    size_t i = 0;
    if (text.len == 0 || !ascii_alpha(text.ptr[0]))
        return 0;
    while (i < text.len && (alphanumeric(text.ptr[i]) || text.ptr[i] == '-' || text.ptr[i] == '_' ||
                            text.ptr[i] == '.'))
        i++;
    return i;
}

static bool parse_modifier(struct slice name, struct slice value, struct spf_term *out)
{
    bool ends_in_macro;
    out->mechanism = SPF_MODIFIER;
    out->name = name;
    out->domain = value;
    if (slice_ieq(name, SLICE("redirect")) || slice_ieq(name, SLICE("exp")))
        return is_domain_spec(value);
    return spf_macro_check(value, SPF_IN_RECORD, &ends_in_macro);
}

static bool parse_term(struct slice text, struct spf_term *out)
{
    *out = (struct spf_term){.text = text, .bits4 = BITS4, .bits6 = BITS6};
    bool qualified = parse_qualifier(&text, &out->qualifier);
    size_t n = name_length(text);
    struct slice name = slice_sub(text, 0, n);
    struct slice rest = slice_from(text, n);
    if (n && !qualified && rest.len && rest.ptr[0] == '=')
        return parse_modifier(name, slice_from(rest, 1), out);
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
        if (slice_ieq(name, slice_of(mechanisms[i].name))) {
            out->mechanism = mechanisms[i].mechanism;
            return parse_argument(rest, mechanisms[i].argument, out);
        }
    return false;
}

static bool next_word(struct slice *rest, struct slice *word)
{
    bool more = true;
    *word = (struct slice){"", 0};
    while (more && word->len == 0)
        more = slice_cut(*rest, ' ', word, rest);
    return word->len > 0;
}

/* False: it is there twice (section 6). */
static bool keep_once(struct slice *kept, struct slice value)
{
    if (kept->ptr)
        return false;
    *kept = value;
    return true;
}

static bool keep_modifier(const struct spf_term *term, struct spf_record *out)
{
    if (term->mechanism == SPF_MODIFIER && slice_ieq(term->name, SLICE("redirect")))
        return keep_once(&out->redirect, term->domain);
    if (term->mechanism == SPF_MODIFIER && slice_ieq(term->name, SLICE("exp")))
        return keep_once(&out->exp, term->domain);
    return true;
}

bool spf_record_parse(struct slice text, struct spf_record *out, struct slice *wrong)
{
    struct spf_term term;
    struct slice rest = slice_from(text, SLICE("v=spf1").len);
    *out = (struct spf_record){.terms = rest};
    while (next_word(&rest, wrong))
        if (!parse_term(*wrong, &term) || !keep_modifier(&term, out))
            return false;
    return true;
}

bool spf_next_term(struct slice *rest, struct spf_term *out)
{
    struct slice word;
    return next_word(rest, &word) && parse_term(word, out);
}
