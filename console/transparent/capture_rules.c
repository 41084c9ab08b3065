/* SPDX-License-Identifier: ISC */
#include "console/transparent/capture_rules.h"

#include <string.h>

static struct capture_rule *add(struct capture_rules *rules, const struct capture *capture)
{
    struct capture_rule *rule = &rules->list[rules->count++];
    *rule = (struct capture_rule){.capture = capture};
    return rule;
}

static void say(struct capture_rule *rule, enum term_kind term)
{
    rule->terms[rule->count++] = term;
}

/* The connections that a capture is about. */
static void say_which(struct capture_rule *rule)
{
    if (rule->capture->networks.count)
        say(rule, TERM_NETWORKS);
    else
        say(rule, rule->bridge ? TERM_FRAME : TERM_FAMILY);
    say(rule, TERM_PORT);
}

static void add_taken(struct capture_rules *rules, const struct capture *capture, bool pass)
{
    struct capture_rule *rule = add(rules, capture);
    say_which(rule);
    say(rule, TERM_TPROXY);
    say(rule, TERM_MARK);
    say(rule, TERM_ACCEPT);
    if (pass)
        return;
    rule = add(rules, capture);
    say_which(rule);
    say(rule, TERM_REFUSE);
}

static void add_of_all(struct capture_rules *rules, enum term_kind first, enum term_kind second)
{
    struct capture_rule *rule = add(rules, NULL);
    say(rule, TERM_TCP);
    say(rule, first);
    say(rule, second);
    if (second != TERM_ACCEPT)
        say(rule, TERM_ACCEPT);
}

static void add_lifted(struct capture_rules *rules, const struct capture *capture, bool answers)
{
    struct capture_rule *rule = add(rules, capture);
    rule->bridge = true;
    rule->answers = answers;
    say_which(rule);
    say(rule, TERM_MAC);
    say(rule, TERM_FOR_THIS_HOST);
    say(rule, TERM_ACCEPT);
}

bool capture_rules_make(const struct capture_plan *plan, const struct capture_options *options,
                        struct arena *arena, struct capture_rules *rules)
{
    *rules = (struct capture_rules){
        .list = arena_array(arena, 4 * plan->count + 3, sizeof *rules->list)};
    if (!rules->list)
        return false;
    add_of_all(rules, TERM_OWN_ADDRESS, TERM_ACCEPT);
    for (size_t i = 0; i < plan->count; i++)
        add_taken(rules, &plan->captures[i], options->pass);
    add_of_all(rules, TERM_TRANSPARENT, TERM_WILDCARD);
    add_of_all(rules, TERM_TRANSPARENT, TERM_MARK);
    for (size_t i = 0; options->bridge && i < plan->count; i++) {
        add_lifted(rules, &plan->captures[i], false);
        if (plan->source_client)
            add_lifted(rules, &plan->captures[i], true);
    }
    return true;
}

/* What is the same in every rule: for nft, and from it. */
static const struct {
    const char *text, *json;
} fixed[] = {
    [TERM_TCP] = {"meta l4proto tcp",
                  "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"l4proto\"}},"
                  "\"right\":\"tcp\"}}"},
    [TERM_OWN_ADDRESS] = {"fib daddr type local",
                          "{\"match\":{\"op\":\"==\",\"left\":{\"fib\":{\"result\":\"type\","
                          "\"flags\":[\"daddr\"]}},\"right\":\"local\"}}"},
    [TERM_TRANSPARENT] = {"socket transparent 1",
                          "{\"match\":{\"op\":\"==\",\"left\":{\"socket\":{\"key\":"
                          "\"transparent\"}},\"right\":1}}"},
    [TERM_WILDCARD] = {"socket wildcard 1",
                       "{\"match\":{\"op\":\"==\",\"left\":{\"socket\":{\"key\":"
                       "\"wildcard\"}},\"right\":1}}"},
    [TERM_FOR_THIS_HOST] = {"meta pkttype set host",
                            "{\"mangle\":{\"key\":{\"meta\":{\"key\":\"pkttype\"}},"
                            "\"value\":\"host\"}}"},
    [TERM_ACCEPT] = {"accept", "{\"accept\":null}"},
    [TERM_REFUSE] = {"reject with tcp reset", "{\"reject\":{\"type\":\"tcp reset\"}}"},
};

static bool is_fixed(enum term_kind term)
{
    return term < sizeof fixed / sizeof *fixed && fixed[term].text;
}

static const char *layer(const struct capture_rule *rule)
{
    return rule->capture->family == 4 ? "ip" : "ip6";
}

static const char *family(const struct capture_rule *rule)
{
    return rule->capture->family == 4 ? "ipv4" : "ipv6";
}

static const char *side(const struct capture_rule *rule)
{
    return rule->capture->by_client != rule->answers ? "saddr" : "daddr";
}

static bool is_any(const struct ip *ip)
{
    static const uint8_t none[sizeof ip->bytes];
    return memcmp(ip->bytes, none, sizeof none) == 0;
}

/* The address that a listener has; empty: any, or one of the other family's "any". */
static void listener_host(const struct capture_rule *rule, char out[static 46])
{
    const struct ip *ip = &rule->capture->listener->ip;
    out[0] = '\0';
    if (!is_any(ip))
        ip_text(ip, out);
}

void capture_network_text(struct buf *out, const struct network *network)
{
    char text[46];
    ip_text(&network->base, text);
    buf_cstr(out, text);
    if (network->length != (network->base.family == 4 ? 32 : 128))
        buf_printf(out, "/%u", (unsigned)network->length);
}

static void networks_text(struct buf *out, const struct networks *networks)
{
    bool several = networks->count > 1;
    if (several)
        buf_cstr(out, "{ ");
    for (size_t i = 0; i < networks->count; i++) {
        if (i)
            buf_cstr(out, ", ");
        capture_network_text(out, &networks->list[i]);
    }
    if (several)
        buf_cstr(out, " }");
}

static void tproxy_text(struct buf *out, const struct capture_rule *rule)
{
    char host[46];
    listener_host(rule, host);
    bool brackets = strchr(host, ':') != NULL;
    buf_printf(out, "tproxy %s to %s%s%s:%u", layer(rule), brackets ? "[" : "", host,
               brackets ? "]" : "", (unsigned)rule->capture->listener->port);
}

static void term_text(struct buf *out, const struct capture_rule *rule, enum term_kind term,
                      const struct capture_options *options)
{
    switch (term) {
    case TERM_FAMILY:
        buf_printf(out, "meta nfproto %s", family(rule));
        break;
    case TERM_FRAME:
        buf_printf(out, "ether type %s", layer(rule));
        break;
    case TERM_NETWORKS:
        buf_printf(out, "%s %s ", layer(rule), side(rule));
        networks_text(out, &rule->capture->networks);
        break;
    case TERM_PORT:
        buf_printf(out, "tcp %s %u", rule->answers ? "sport" : "dport",
                   (unsigned)rule->capture->port);
        break;
    case TERM_TPROXY:
        tproxy_text(out, rule);
        break;
    case TERM_MARK:
        buf_printf(out, "meta mark set 0x%x", options->mark);
        break;
    case TERM_MAC:
        buf_printf(out, "ether daddr set %s", options->mac);
        break;
    default:
        buf_cstr(out, fixed[term].text);
    }
}

void capture_rule_text(struct buf *out, const struct capture_rule *rule,
                       const struct capture_options *options)
{
    for (size_t i = 0; i < rule->count; i++) {
        if (i)
            buf_char(out, ' ');
        term_text(out, rule, rule->terms[i], options);
    }
}

/* ---- as nft -j tells them ---- */

static json_t *match(json_t *left, json_t *right)
{
    return json_pack("{s:{s:s,s:o,s:o}}", "match", "op", "==", "left", left, "right", right);
}

static json_t *payload(const char *protocol, const char *field)
{
    return json_pack("{s:{s:s,s:s}}", "payload", "protocol", protocol, "field", field);
}

static json_t *meta(const char *key)
{
    return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *set_to(json_t *key, json_t *value)
{
    return json_pack("{s:{s:o,s:o}}", "mangle", "key", key, "value", value);
}

static json_t *networks_json(const struct networks *networks)
{
    json_t *set = json_array();
    for (size_t i = 0; i < networks->count; i++) {
        char host[46];
        ip_text(&networks->list[i].base, host);
        json_array_append_new(set, json_pack("{s:{s:s,s:i}}", "prefix", "addr", host, "len",
                                             (int)networks->list[i].length));
    }
    return json_pack("{s:o}", "set", set);
}

static json_t *tproxy_json(const struct capture_rule *rule)
{
    char host[46];
    listener_host(rule, host);
    int port = rule->capture->listener->port;
    return host[0] ? json_pack("{s:{s:s,s:s,s:i}}", "tproxy", "family", layer(rule), "addr", host,
                               "port", port)
                   : json_pack("{s:{s:s,s:i}}", "tproxy", "family", layer(rule), "port", port);
}

json_t *capture_term_json(const struct capture_rule *rule, enum term_kind term,
                          const struct capture_options *options)
{
    if (is_fixed(term))
        return json_loads(fixed[term].json, 0, NULL);
    switch (term) {
    case TERM_FAMILY:
        return match(meta("nfproto"), json_string(family(rule)));
    case TERM_FRAME:
        return match(payload("ether", "type"), json_string(layer(rule)));
    case TERM_NETWORKS:
        return match(payload(layer(rule), side(rule)), networks_json(&rule->capture->networks));
    case TERM_PORT:
        return match(payload("tcp", rule->answers ? "sport" : "dport"),
                     json_integer(rule->capture->port));
    case TERM_TPROXY:
        return tproxy_json(rule);
    case TERM_MARK:
        return set_to(meta("mark"), json_integer(options->mark));
    default:
        return set_to(payload("ether", "daddr"), json_string(options->mac));
    }
}
