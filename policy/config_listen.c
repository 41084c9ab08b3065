/* SPDX-License-Identifier: ISC
 * listen smtp "name" on "0.0.0.0:25" {
 *   starttls  require_tls  ipv6_only  banner "text"  inbound | outbound  proxy_protocol from { "10.0.0.7" }
 *   transparent
 * }
 * listen milter on "unix:/run/gatepost/milter.sock"
 * What only those have where users log in stands in config_login.c, what is hidden from whom in config_hide.c, who
 * sends to anywhere, and by which way, in config_outbound.c, where clients wanted to go in config_transparent.c. */
#include "policy/parser.h"
#include "policy/table.h"
#include "policy/table_entries.h"

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

static bool expect_from(struct parser *parser)
{
    if (at_word(parser, "from"))
        return true;
    source_error(
        parser->sources, parser->token.at,
        "expected 'from' and the addresses of load balancers, such as from { \"10.0.0.7\" }");
    return false;
}

/* What is being read. */
struct listening {
    struct listener listener;
    struct listener_names names;
};

enum listener_option {
    STARTTLS,
    REQUIRE_TLS,
    IPV6_ONLY,
    TRANSPARENT,
    FLAGS,
    HIDE = FLAGS,
    BANNER,
    INBOUND,
    OUTBOUND,
    RELAY,
    SENDERS,
    CLEARTEXT,
    PROXY_PROTOCOL,
    DESTINATION,
    FOREIGN_TLS,
    LOGIN_BY,
    LOGIN
};

static const char *const listener_words[] = {
    [STARTTLS] = "starttls",
    [REQUIRE_TLS] = "require_tls",
    [IPV6_ONLY] = "ipv6_only",
    [TRANSPARENT] = "transparent",
    [HIDE] = "hide",
    [BANNER] = "banner",
    [INBOUND] = "inbound",
    [OUTBOUND] = "outbound",
    [RELAY] = "relay",
    [SENDERS] = "senders",
    [CLEARTEXT] = "allow_cleartext",
    [PROXY_PROTOCOL] = "proxy_protocol",
    [DESTINATION] = "destination",
    [FOREIGN_TLS] = "foreign_tls",
    [LOGIN_BY] = "login_by",
    [LOGIN + LOGIN_BACKEND] = "backend",
    [LOGIN + LOGIN_DOMAIN] = "login_domain",
    [LOGIN + LOGIN_MECHANISMS] = "mechanisms",
    [LOGIN + LOGIN_SERVER_NAME] = "server_name",
    [LOGIN + LOGIN_USERS] = "users",
    NULL,
};

/* Those that a word alone says. */
static bool *listener_flag(struct listener *listener, enum listener_option option)
{
    return option == STARTTLS      ? &listener->starttls
           : option == REQUIRE_TLS ? &listener->require_tls
           : option == IPV6_ONLY   ? &listener->ipv6_only
                                   : &listener->transparent;
}

static bool parse_banner(struct parser *parser, struct listening *listening)
{
    struct token banner;
    if (!expect_string(parser, "the banner", &banner))
        return false;
    listening->listener.banner = banner.text;
    listening->names.has_banner = true;
    return banner_fits(parser, &banner);
}

static bool parse_direction(struct parser *parser, bool outbound, struct listening *listening)
{
    listening->listener.direction = outbound ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
    listening->names.has_direction = true;
    return !outbound || parse_outbound(parser, &listening->names);
}

static bool listener_item(struct parser *parser, void *ctx)
{
    struct listening *listening = ctx;
    struct listener *listener = &listening->listener;
    struct listener_names *names = &listening->names;
    unsigned word;
    if (!expect_choice(parser, listener_words, "listener option", &word))
        return false;
    if (word < FLAGS)
        return *listener_flag(listener, (enum listener_option)word) = true;
    switch (word) {
    case HIDE:
        return parse_hide(parser, listener, names);
    case BANNER:
        return parse_banner(parser, listening);
    case INBOUND:
    case OUTBOUND:
        return parse_direction(parser, word == OUTBOUND, listening);
    case RELAY:
        return parse_relay(parser, names);
    case SENDERS:
        return parse_senders(parser, listener, names);
    case CLEARTEXT:
        return parse_cleartext(parser, listener, names);
    case PROXY_PROTOCOL:
        return expect_from(parser) &&
               parse_from_table(parser, &names->balancers, &names->balancers_own);
    case DESTINATION:
        return parse_destination(parser, listener, names);
    case FOREIGN_TLS:
        return parse_foreign_tls(parser, listener, names);
    case LOGIN_BY:
        return parse_login_by(parser, listener, names);
    default:
        return parse_login_option(parser, (enum login_option)(word - LOGIN), listener, names);
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
                     "expected an address such as \"192.0.2.1:%u\" or \"[2001:db8::1]:%u\" "
                     "(no names: nothing here resolves them)",
                     standard, standard);
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

static bool parse_service(struct parser *parser, enum service *out)
{
    const char *words[SERVICES_COMMON + 2] = {0};
    unsigned word;
    for (int i = 0; i < SERVICES_COMMON; i++)
        words[i] = service_info((enum service)i).word;
    words[SERVICES_COMMON] = service_info(SERVICE_MILTER).word;
    if (!expect_choice(
            parser, words,
            "protocol (smtp, smtps, submission, submissions, pop3, pop3s, imap, imaps, milter)",
            &word))
        return false;
    *out = word == SERVICES_COMMON ? SERVICE_MILTER : (enum service)word;
    return true;
}

/* As the kernel bounds it. */
enum { LOCAL_PATH_MAX = 107 };

static bool parse_local(struct parser *parser, const struct token *token, struct listener *listener)
{
    listener->path = slice_from(token->text, strlen("unix:"));
    if (listener->path.len > 1 && listener->path.len <= LOCAL_PATH_MAX &&
        listener->path.ptr[0] == '/')
        return true;
    source_error(parser->sources, token->at,
                 "expected a path from / of at most %d octets, such as "
                 "\"unix:/run/gatepost/milter.sock\"",
                 LOCAL_PATH_MAX);
    return false;
}

static bool parse_place(struct parser *parser, const struct token *token, uint16_t standard,
                        struct listener *listener)
{
    if (listener->protocol == PROTOCOL_MILTER && slice_istarts(token->text, SLICE("unix:")))
        return parse_local(parser, token, listener);
    return parse_endpoint(parser, token, standard, &listener->ip, &listener->port);
}

bool parse_listen(struct parser *parser)
{
    struct listening listening = {.names = {.backend.kind = TOKEN_END,
                                            .relay.kind = TOKEN_END,
                                            .trusted.kind = TOKEN_END,
                                            .balancers.kind = TOKEN_END,
                                            .senders.kind = TOKEN_END}};
    struct listener *listener = &listening.listener;
    struct token name, address;
    enum service word;
    if (!parse_service(parser, &word))
        return false;
    struct service_info service = service_info(word);
    listening.names.word = parser->previous;
    listener->protocol = service.protocol;
    listener->implicit_tls = service.implicit_tls;
    listener->submission = service.submission;
    listener->banner = protocol_reads(service.protocol) ? SLICE("ready") : SLICE("ESMTP");
    if (protocol_reads(service.protocol))
        listener->direction = DIRECTION_FETCH;
    listener->name = parser->previous.text;
    if (at_kind(parser, TOKEN_STRING)) {
        expect_string(parser, "a name", &name);
        listener->name = name.text;
    }
    if (!expect_word(parser, "on") ||
        !expect_string(parser, "an address, such as \"0.0.0.0:25\"", &address))
        return false;
    listener->address = address.text;
    listener->at = address.at;
    listener->file = parser->sources->files[address.at.file]->path;
    listener->line = source_line(parser->sources, address.at);
    listening.names.at = address.at;
    if (!parse_place(parser, &address, service.port, listener))
        return false;
    if (at_punct(parser, '{') && !parse_block(parser, listener_item, &listening))
        return false;
    struct config *config = parser->config;
    size_t count = config->listener_count;
    struct listener_names *names = PARSER_PUSH(parser, parser->listener_names, count);
    struct listener *place = PARSER_PUSH(parser, config->listeners, config->listener_count);
    if (!names || !place)
        return false;
    *names = listening.names;
    *place = *listener;
    return true;
}

static bool same_endpoint(const struct listener *a, const struct listener *b)
{
    return listener_has_place(a, &b->ip, b->port, b->path);
}

static bool is_any_ipv6(const struct ip *ip)
{
    const struct ip any = {.family = 6};
    return memcmp(ip, &any, sizeof any) == 0;
}

/* IPv4 has a listener of its own on this port. */
static bool ipv4_is_apart(const struct config *config, uint16_t port)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].ip.family == 4 && config->listeners[i].port == port)
            return true;
    return false;
}

static void finish_address(struct parser *parser, struct listener *listener, size_t index)
{
    const struct config *config = parser->config;
    struct span at = parser->listener_names[index].at;
    bool any = is_any_ipv6(&listener->ip);
    listener->takes_ipv4 = any && !listener->ipv6_only && !ipv4_is_apart(config, listener->port);
    if (listener->ipv6_only && !any)
        source_error(parser->sources, at, "ipv6_only is for \"[::]\", which takes IPv4 as well");
    for (size_t j = 0; j < index; j++)
        if (same_endpoint(listener, &config->listeners[j]))
            source_error(parser->sources, at, "line %u listens on this address and port already",
                         source_line(parser->sources, parser->listener_names[j].at));
}

/* What a milter is asked has been said to somebody else, who has answered EHLO and STARTTLS. */
static void finish_asked(struct parser *parser, const struct listener *listener,
                         const struct listener_names *names)
{
    if (listener->protocol != PROTOCOL_MILTER)
        return;
    if (listener->starttls || listener->require_tls || listener->ipv6_only ||
        listener->hiding_count || names->has_banner || listener->balancers || listener->transparent)
        source_error(parser->sources, names->at,
                     "mail servers ask here, no clients; expected 'inbound' or 'outbound' alone, "
                     "and 'relay NAME' behind 'outbound'");
}

/* Each has a process of its own. */
static void limit_asked(struct parser *parser)
{
    size_t count = 0;
    for (size_t i = 0; i < parser->config->listener_count; i++)
        if (parser->config->listeners[i].protocol == PROTOCOL_MILTER &&
            ++count == MILTER_LISTENERS_MAX + 1)
            source_error(parser->sources, parser->listener_names[i].at,
                         "there are at most %d milter listeners", MILTER_LISTENERS_MAX);
}

static void limit_sockets(struct parser *parser)
{
    const struct config *config = parser->config;
    size_t before = 0;
    for (size_t i = 0, now; i < config->listener_count; i++, before = now) {
        now = before + (config->listeners[i].takes_ipv4 ? 2 : 1);
        if (before <= LISTENERS_MAX && now > LISTENERS_MAX)
            source_error(parser->sources, parser->listener_names[i].at,
                         "there are at most %d listeners; \"[::]\" that takes IPv4 counts as two",
                         LISTENERS_MAX);
    }
}

static void finish_encryption(struct parser *parser, const struct listener *listener,
                              const struct listener_names *names)
{
    struct span at = names->at;
    if (listener->implicit_tls && listener->starttls)
        source_error(parser->sources, at,
                     "%.*s is encrypted from the start: starttls has no place there",
                     SHOWN(names->word.text));
    bool possible = listener->implicit_tls || listener->starttls || listener->balancers;
    if (listener->require_tls && !possible)
        source_error(parser->sources, at, "require_tls without starttls: nobody could ever %s",
                     listener_logs_in(listener) ? "log in" : "send");
    bool ends_tls =
        listener->starttls || (listener->implicit_tls && listener->foreign_tls != FOREIGN_TLS_PASS);
    if (ends_tls && parser->config->certificate_count == 0)
        source_error(parser->sources, at,
                     "TLS needs a certificate; expected a sentence such as: "
                     "certificate \"mail.example.com\" { chain \"mail.pem\" key \"mail.key\" }");
}

/* Who is believed whoever he says that his client is. */
static void finish_balancers(struct parser *parser, struct listener *listener,
                             const struct listener_names *names)
{
    struct table *table = chosen_table(parser, &names->balancers, names->balancers_own);
    if (!table || !table_take_networks(parser->sources, table, names->at))
        return;
    if (table_holds_all(table))
        source_error(
            parser->sources, names->at,
            "anybody could come as anybody; expected the addresses of your load balancers");
    listener->balancers = table;
}

void check_listener_names(struct parser *parser)
{
    for (size_t i = 0; i < parser->config->listener_count; i++) {
        const struct listener_names *names = &parser->listener_names[i];
        if (names->backend.kind != TOKEN_END)
            find_backend(parser, &names->backend);
        if (names->relay.kind != TOKEN_END)
            find_backend(parser, &names->relay);
        for (size_t n = 0; n < parser->config->listeners[i].destination_count; n++)
            find_backend(parser, &names->destinations[n].backend);
    }
}

void finish_listeners(struct parser *parser)
{
    const struct config *config = parser->config;
    for (size_t i = 0; i < config->listener_count; i++) {
        struct listener *listener = &config->listeners[i];
        const struct listener_names *names = &parser->listener_names[i];
        finish_logins(parser, listener, names);
        finish_outbound(parser, listener, names);
        finish_balancers(parser, listener, names);
        finish_transparent(parser, listener, names);
        finish_encryption(parser, listener, names);
        finish_asked(parser, listener, names);
        finish_hidings(parser, listener, names);
        finish_address(parser, listener, i);
    }
    check_login_servers(parser);
    check_transparency(parser);
    limit_asked(parser);
    limit_sockets(parser);
}

bool listener_logs_in(const struct listener *listener)
{
    return listener->submission || protocol_reads(listener->protocol);
}

bool listener_has_place(const struct listener *listener, const struct ip *ip, uint16_t port,
                        struct slice path)
{
    return listener->port == port && memcmp(&listener->ip, ip, sizeof *ip) == 0 &&
           slice_eq(listener->path, path);
}

bool listener_may_be_plain(const struct listener *listener)
{
    return listener->protocol == PROTOCOL_SMTP && !listener->implicit_tls && !listener->require_tls;
}
