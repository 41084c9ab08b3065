/* SPDX-License-Identifier: ISC
 * The example of RFC 8463 A, signed with both kinds of key: verified once before the jail, so that
 * nothing is left to be opened, and so that a library that does not work is known at once. */
#include "filters/sender/dkim_example.h"

#include "filters/sender/dkim.h"

static const char example[] = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                              " subject : date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
                              " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
                              "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
                              " date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
                              " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
                              " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
                              "From: Joe SixPack <joe@football.example.com>\r\n"
                              "To: Suzie Q <suzie@shopping.example.net>\r\n"
                              "Subject: Is dinner ready?\r\n"
                              "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                              "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                              "\r\n"
                              "Hi.\r\n"
                              "\r\n"
                              "We lost the game.  Are you hungry yet?\r\n"
                              "\r\n"
                              "Joe.\r\n";

static const char brisbane_record[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

static const char test_record[] =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5"
    "qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG"
    "4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

static const struct dns_record brisbane = {.text = {brisbane_record, sizeof brisbane_record - 1}};
static const struct dns_record test = {.text = {test_record, sizeof test_record - 1}};

struct slice dkim_example(void)
{
    return (struct slice){example, sizeof example - 1};
}

static bool add_key(struct dns_answers *dns, struct slice name, const struct dns_record *record)
{
    struct dns_answer answer = {
        .status = DNS_FOUND, .records = (struct dns_record *)(uintptr_t)record, .count = 1};
    return dns_answers_add(dns, name, DNS_TXT, &answer);
}

bool dkim_example_keys(struct dns_answers *dns)
{
    return add_key(dns, SLICE("brisbane._domainkey.football.example.com"), &brisbane) &&
           add_key(dns, SLICE("test._domainkey.football.example.com"), &test);
}

bool dkim_warm_up(const char **reason)
{
    struct dkim_outcome out = {.count = 0};
    struct arena *arena = arena_new(1 << 20);
    struct dns_answers *dns = arena ? dns_answers_new(arena) : NULL;
    bool ok = dns && dkim_example_keys(dns) &&
              dkim_examine(arena, dns, dkim_example(), DKIM_EXAMPLE_TIME, &out) && out.count == 2 &&
              out.signatures[0].result == DKIM_PASS && out.signatures[1].result == DKIM_PASS;
    arena_free(&arena);
    if (!ok)
        *reason = "the example of RFC 8463 does not verify";
    return ok;
}
