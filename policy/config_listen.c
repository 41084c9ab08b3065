/* SPDX-License-Identifier: ISC
 * listen smtp "name" on "0.0.0.0:25" {
 *   starttls  require_tls  banner "text"  inbound | outbound
 * } */
#include "policy/parser.h"

#include <string.h>

enum { BANNER_MAX = 200 };

static bool banner_fits(struct parser *parser, const struct token *banner)
{
    bool fits = banner->text.len <= BANNER_MAX;
    for (size_t i = 0; i < banner->text.len; i++)
        fits &= (unsigned char)banner->text.ptr[i] < 127;
    if (!fits)
        source_error(parser->sources, banner->at, "expected at most %d ASCII characters",
                     BANNER_MAX);
    return fits;
}

static bool listener_item(struct parser *parser, void *ctx)
{
    static const char *const words[] = {"starttls", "require_tls", "banner",
                                        "inbound",  "outbound",    NULL};
    struct listener *listener = ctx;
    struct token banner;
    unsigned word;
    if (!expect_choice(parser, words, "listener option", &word))
        return false;
    switch (word) {
    case 0:
        listener->starttls = true;
        return true;
    case 1:
        listener->require_tls = true;
        return true;
    case 2:
        if (!expect_string(parser, "the banner", &banner))
            return false;
        listener->banner = banner.text;
        return banner_fits(parser, &banner);
    default:
        listener->direction = word == 3 ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
        return true;
    }
}

/* [address]:port or address:port split at the port's colon; the port may be missing. */
static void split_endpoint(struct slice text, struct slice *host, struct slice *port)
{
    *host = text;
    *port = (struct slice){"", 0};
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t close = slice_find(text, ']');
        *host = slice_sub(text, 1, close);
        *port = slice_from(text, close + 1);
        if (port->len > 0 && port->ptr[0] == ':')
            *port = slice_from(*port, 1);
        return;
    }
    size_t colon = slice_find(text, ':');
    if (colon < text.len && colon == slice_rfind(text, ':')) {
        *host = slice_sub(text, 0, colon);
        *port = slice_from(text, colon + 1);
    }
}

bool parse_endpoint(struct parser *parser, const struct token *token, uint16_t standard,
                    struct ip *ip, uint16_t *port)
{
    struct slice host, digits;
    uint64_t number = standard;
    split_endpoint(token->text, &host, &digits);
    if (!ip_parse(host, ip)) {
        source_error(parser->sources, token->at,
                     "expected an address such as \"192.0.2.1:25\" or \"[2001:db8::1]:25\" "
                     "(no names: nothing here resolves them)");
        return false;
    }
    bool no_port = digits.len == 0 && token->text.ptr[token->text.len - 1] != ':';
    if (!no_port && (!slice_to_u64(digits, 65535, &number) || number == 0)) {
        source_error(parser->sources, token->at,
                     "expected a port from 1 to 65535 after the address");
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

bool parse_listen(struct parser *parser)
{
    static const char *const words[] = {[SERVICE_SMTP] = "smtp", [SERVICE_SMTPS] = "smtps", NULL};
    struct listener listener = {.banner = SLICE("ESMTP")};
    struct token name, address;
    unsigned word;
    if (!expect_choice(parser, words, "protocol (smtp, smtps)", &word))
        return false;
    struct service_info service = service_info((enum service)word);
    listener.protocol = service.protocol;
    listener.implicit_tls = service.implicit_tls;
    listener.name = parser->previous.text;
    if (at_kind(parser, TOKEN_STRING)) {
        expect_string(parser, "a name", &name);
        listener.name = name.text;
    }
    if (!expect_word(parser, "on") ||
        !expect_string(parser, "an address, such as \"0.0.0.0:25\"", &address))
        return false;
    listener.address = address.text;
    if (!parse_endpoint(parser, &address, service.port, &listener.ip, &listener.port))
        return false;
    if (at_punct(parser, '{') && !parse_block(parser, listener_item, &listener))
        return false;
    struct config *config = parser->config;
    size_t count = config->listener_count;
    struct span *at = PARSER_PUSH(parser, parser->listener_at, count);
    struct listener *place = PARSER_PUSH(parser, config->listeners, config->listener_count);
    if (!at || !place)
        return false;
    *at = address.at;
    *place = listener;
    return true;
}

static bool same_endpoint(const struct listener *a, const struct listener *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

void finish_listeners(struct parser *parser)
{
    const struct config *config = parser->config;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener *listener = &config->listeners[i];
        struct span at = parser->listener_at[i];
        if (listener->implicit_tls && listener->starttls)
            source_error(parser->sources, at,
                         "smtps is encrypted from the start: starttls has no place there");
        if (!listener->implicit_tls && listener->require_tls && !listener->starttls)
            source_error(parser->sources, at,
                         "require_tls without starttls: nobody could ever send");
        if ((listener->starttls || listener->implicit_tls) && config->certificate_count == 0)
            source_error(
                parser->sources, at,
                "TLS needs a certificate; expected a sentence such as: "
                "certificate \"mail.example.com\" { chain \"mail.pem\" key \"mail.key\" }");
        for (size_t j = 0; j < i; j++)
            if (same_endpoint(listener, &config->listeners[j]))
                source_error(parser->sources, at,
                             "line %u listens on this address and port already",
                             source_line(parser->sources, parser->listener_at[j]));
    }
}
