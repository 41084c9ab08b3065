/* SPDX-License-Identifier: ISC
 * blocklist "zen.example" { "127.0.0.2".."127.0.0.11" weight 5 }
 * allowlist "list.example" { "127.0.2.3".."127.0.20.3" weight 4 }
 * blocklist domain "dbl.example" { "127.0.1.2" bits 12 weight 5  test "listed.example"
 * "free.example" } addresses "192.0.2.1" "2001:db8::1" */
#include "policy/parser.h"

#include <string.h>

enum {
    LABEL_MAX = 63,
    ZONE_MAX = 253 - IP_REVERSED_SIZE, /* a reversed address must fit before it */
    WEIGHT_MAX = 1000,
    ADDRESSES_MAX = 64,
};

static bool is_zone(struct slice zone)
{
    struct slice label, rest = zone;
    bool more = true;
    while (more) {
        more = slice_cut(rest, '.', &label, &rest);
        for (size_t i = 0; i < label.len; i++) {
            char c = label.ptr[i];
            if (!ascii_alpha(c) && !ascii_digit(c) && c != '-' && c != '_')
                return false;
        }
        if (label.len == 0 || label.len > LABEL_MAX)
            return false;
    }
    return zone.len <= ZONE_MAX;
}

static bool take_code(struct parser *parser, struct ip *code, struct token *at)
{
    if (!expect_string(parser, "a code, such as \"127.0.0.2\"", at))
        return false;
    if (!ip_parse(at->text, code) || code->family != 4 || code->bytes[0] != 127) {
        source_error(parser->sources, at->at,
                     "expected a code in 127.0.0.0/8, such as \"127.0.0.2\"");
        return false;
    }
    if (code->bytes[1] == 255 && code->bytes[2] == 255) {
        source_error(parser->sources, at->at,
                     "with 127.255.255.x a list says that it does not answer us: never a listing");
        return false;
    }
    return true;
}

static bool take_range(struct parser *parser, struct blocklist_code *code)
{
    struct token at;
    if (!take_code(parser, &code->low, &at))
        return false;
    code->high = code->low;
    if (!accept_punct(parser, '.'))
        return true;
    if (!take_code(parser, &code->high, &at))
        return false;
    for (size_t i = 0; i < 4; i++)
        if (code->low.bytes[i] > code->high.bytes[i]) {
            source_error(parser->sources, at.at,
                         "expected the greater code of a range here: each of its four numbers "
                         "counts by itself");
            return false;
        }
    return true;
}

static bool take_bits(struct parser *parser, struct blocklist_code *code)
{
    int64_t bits;
    if (code->bits) {
        source_error(parser->sources, parser->previous.at, "bits is given twice");
        return false;
    }
    if (!expect_integer(parser, 1, 255, "bits of the last number", &bits))
        return false;
    code->bits = (uint8_t)bits;
    return true;
}

static bool take_weight(struct parser *parser, struct blocklist_code *code)
{
    struct token number;
    if (code->weight != 0) {
        source_error(parser->sources, parser->previous.at, "weight is given twice");
        return false;
    }
    if (!expect_kind(parser, TOKEN_NUMBER, "a weight", &number))
        return false;
    if (!(number.number > 0) || number.number > WEIGHT_MAX) {
        source_error(parser->sources, number.at,
                     "expected a weight above 0, at most %d (those of an allowlist are subtracted)",
                     WEIGHT_MAX);
        return false;
    }
    code->weight = number.number;
    return true;
}

static bool code_item(struct parser *parser, struct blocklist *list)
{
    struct blocklist_code code = {0};
    if (!take_range(parser, &code))
        return false;
    for (;;) {
        bool read = true;
        if (accept_word(parser, "bits"))
            read = take_bits(parser, &code);
        else if (accept_word(parser, "weight"))
            read = take_weight(parser, &code);
        else
            break;
        if (!read)
            return false;
    }
    if (code.weight == 0)
        code.weight = 1;
    struct blocklist_code *place = PARSER_PUSH(parser, list->codes, list->code_count);
    if (place)
        *place = code;
    return place != NULL;
}

/* A name below the zone: a name as it stands, an address reversed. */
static bool take_test(struct parser *parser, const struct blocklist *list, const char *what,
                      struct slice *out)
{
    char reversed[IP_REVERSED_SIZE];
    struct token name;
    struct ip ip;
    if (!expect_string(parser, what, &name))
        return false;
    struct slice text = name.text;
    if (!list->domains && ip_parse(text, &ip)) {
        ip_reversed(&ip, reversed);
        text = slice_of(reversed);
    }
    if (!is_zone(text)) {
        source_error(parser->sources, name.at, "expected a name%s",
                     list->domains ? "" : " or an address");
        return false;
    }
    *out = lower_copy(parser, text);
    return out->ptr != NULL;
}

static bool list_item(struct parser *parser, void *ctx)
{
    struct blocklist *list = ctx;
    if (at_kind(parser, TOKEN_STRING))
        return code_item(parser, list);
    if (!accept_word(parser, "test"))
        return fail_expected(parser, "a code, such as \"127.0.0.2\", or 'test'");
    if (list->test_listed.len > 0) {
        source_error(parser->sources, parser->previous.at, "test is given twice");
        return false;
    }
    return take_test(parser, list, "what the list must list", &list->test_listed) &&
           take_test(parser, list, "what the list must not list", &list->test_unlisted);
}

static void standard_tests(struct blocklist *list)
{
    if (list->test_listed.len > 0)
        return;
    list->test_listed = list->domains ? SLICE("test") : SLICE("2.0.0.127");
    list->test_unlisted = list->domains ? SLICE("invalid") : SLICE("1.0.0.127");
}

static bool list_fits(struct parser *parser, const struct token *zone, const struct blocklist *list)
{
    const struct config *config = parser->config;
    if (!is_zone(list->zone))
        source_error(parser->sources, zone->at, "expected a zone such as \"zen.spamhaus.org\"");
    else if (config_blocklist(config, list->zone))
        source_error(parser->sources, zone->at, "the list \"%.*s\" is given twice",
                     SHOWN(zone->text));
    else if (config->blocklist_count == BLOCKLISTS_MAX)
        source_error(parser->sources, zone->at, "expected at most %d lists", BLOCKLISTS_MAX);
    else if (list->code_count == 0)
        source_error(parser->sources, zone->at,
                     "this list has no codes: expected { \"127.0.0.2\" weight 5 }");
    else
        return true;
    return false;
}

bool parse_blocklist(struct parser *parser, bool allow)
{
    struct blocklist list = {.allow = allow, .domains = accept_word(parser, "domain")};
    struct config *config = parser->config;
    struct token zone;
    if (!expect_string(parser, "a zone, such as \"zen.spamhaus.org\"", &zone))
        return false;
    unsigned errors = parser->sources->errors;
    bool dot = zone.text.len > 0 && zone.text.ptr[zone.text.len - 1] == '.';
    list.zone = lower_copy(parser, slice_sub(zone.text, 0, zone.text.len - dot));
    if (!list.zone.ptr || !parse_block(parser, list_item, &list))
        return false;
    standard_tests(&list);
    if (parser->sources->errors > errors || !list_fits(parser, &zone, &list))
        return true;
    struct blocklist *place = PARSER_PUSH(parser, config->blocklists, config->blocklist_count);
    if (place)
        *place = list;
    return place != NULL;
}

const struct blocklist *config_blocklist(const struct config *config, struct slice zone)
{
    for (size_t i = 0; i < config->blocklist_count; i++)
        if (slice_ieq(config->blocklists[i].zone, zone))
            return &config->blocklists[i];
    return NULL;
}

static bool is_known(const struct config *config, const struct ip *ip)
{
    for (size_t i = 0; i < config->address_count; i++)
        if (memcmp(&config->addresses[i], ip, sizeof *ip) == 0)
            return true;
    return false;
}

static bool take_address(struct parser *parser)
{
    struct config *config = parser->config;
    struct token text;
    struct ip ip;
    if (!expect_string(parser, "an address, such as \"192.0.2.1\"", &text))
        return false;
    if (!ip_parse(text.text, &ip))
        source_error(parser->sources, text.at,
                     "expected an address such as \"192.0.2.1\" or \"2001:db8::1\"");
    else if (is_known(config, &ip))
        source_error(parser->sources, text.at, "the address \"%.*s\" is given twice",
                     SHOWN(text.text));
    else if (config->address_count == ADDRESSES_MAX)
        source_error(parser->sources, text.at, "expected at most %d addresses", ADDRESSES_MAX);
    else {
        struct ip *place = PARSER_PUSH(parser, config->addresses, config->address_count);
        if (place)
            *place = ip;
        return place != NULL;
    }
    return true;
}

bool parse_addresses(struct parser *parser)
{
    do {
        if (!take_address(parser))
            return false;
    } while (at_kind(parser, TOKEN_STRING));
    return true;
}
