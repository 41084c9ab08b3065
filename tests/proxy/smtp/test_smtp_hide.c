/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_hide.h"
#include "tests/harness/unit.h"

#include <string.h>

enum { ROOM = 510 };

static const struct slice names[] = {SLICE("mbx1.example.com"), SLICE("SRV01")};

static struct smtp_inside known(void)
{
    static struct ip address;
    assert_true(ip_parse(SLICE("203.0.113.25"), &address));
    return (struct smtp_inside){names, 2, &address, 1};
}

static void expect_told(unsigned code, const char *said, const char *told)
{
    char out[ROOM], text[2048];
    struct smtp_inside inside = known();
    size_t n = smtp_hide(code, slice_of(said), &inside, out, sizeof out);
    if (!slice_eq((struct slice){out, n}, slice_of(told)))
        fail_msg("%s\n  is told as: %.*s\n  instead of: %s", said, (int)n, out, told);
    for (size_t room = 0; room < n; room++) {
        memset(text, '#', sizeof text);
        assert_int_equal(smtp_hide(code, slice_of(said), &inside, text, room), room);
        assert_memory_equal(text, told, room);
        assert_int_equal(text[room], '#');
    }
}

TEST(test_of_a_yes_the_queue_s_id_is_told)
{
    static const struct {
        const char *said, *told;
    } cases[] = {
        {"Ok: queued as 4F2A81C0D3", "Ok: queued as 4F2A81C0D3"},
        {"from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F2A81",
         "Ok: queued as 4F2A81"},
        {"<1@SRV01.corp.local> [InternalId=5927, Hostname=SRV01.corp.local] 1234 bytes in 0.1, 12 "
         "KB/sec Queued mail for delivery",
         "Ok: queued as InternalId=5927"},
        {"OK id=1tHxYz-0003aB-2k", "Ok: queued as 1tHxYz-0003aB-2k"},
        {"4ANF1x2T000123 Message accepted for delivery", "Ok: queued as 4ANF1x2T000123"},
        {"8c1b04ba: Message accepted for delivery", "Ok: queued as 8c1b04ba"},
        {"<bob@example.com> 6Bz+KJmQS2c/AQAAg Saved", "Ok: queued as 6Bz+KJmQS2c/AQAAg"},
        {"accepted", "Ok"},
        {"", "Ok"},
        {"delivered to mbx1.example.com", "Ok"},
        {"queued as mbx1.example.com", "Ok"},
        {"queued as 10.1.2.3", "Ok"},
        {"queued as ++mbx1.example.com/1", "Ok"},
        {"queued as ", "Ok"},
        {"queued as <x>", "Ok"},
        {"sessionid=5 ok", "Ok"},
        {" Saved", "Ok"},
        {"queued as 0123456789012345678901234567890123456789012345678901234567890123456789", "Ok"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_told(250, cases[i].said, cases[i].told);
}

TEST(test_of_a_refusal_the_words_are_told_and_no_place_inside)
{
    static const struct {
        const char *said, *told;
    } cases[] = {
        {"host 10.1.2.3 said: 550 no", "host hidden said: 550 no"},
        {"host mbx7.example.net[10.1.2.3] said: no", "host hidden[hidden] said: no"},
        {"host mbx7.example.net said: no", "host hidden said: no"},
        {"connect to mbx1.example.com:25 refused", "connect to hidden:25 refused"},
        {"MBX1.EXAMPLE.COM is full.", "hidden is full."},
        {"full on mbx1.example.com.", "full on hidden."},
        {"SRV01: no", "hidden: no"},
        {"SRV012 and XSRV01: no", "SRV012 and XSRV01: no"},
        {"at [192.0.2.7]", "at [hidden]"},
        {"at [IPv6:2001:db8::7], [2001:db8::7]", "at [hidden], [hidden]"},
        {"192.168.0.1 172.16.3.4 172.15.3.4 100.64.0.1 127.0.0.1 169.254.1.1",
         "hidden hidden 172.15.3.4 hidden hidden hidden"},
        {"203.0.113.25 203.0.113.26", "hidden 203.0.113.26"},
        {"fd00::1, fe80::1: ::1 2001:db8::1", "hidden, hidden: hidden 2001:db8::1"},
        {"smtp:fd00::1", "smtp:hidden"},
        {"::ffff:10.0.0.1 [::ffff:192.0.2.1]", "hidden [hidden]"},
        {"10.1.2.3:25, smtp:10.1.2.3.", "hidden:25, smtp:hidden."},
        {"ip=10.0.0.1&x", "ip=hidden&x"},
        {"1.10.0.0.1 10.0.0.1.5", "1.10.0.0.1 10.0.0.1.5"},
        {"[srv02.corp.local 2026-11-30T01:02:03.456Z 08DC]",
         "[hidden 2026-11-30T01:02:03.456Z 08DC]"},
        {"Hostname=SRV9] x", "Hostname=hidden] x"},
        {"<bob.local@example.com>: no", "<bob.local@example.com>: no"},
        {"<bob@example.com>: Recipient address rejected: Access denied",
         "<bob@example.com>: Recipient address rejected: Access denied"},
        {"<1@srv02.corp.local> no", "<1@hidden> no"},
        {"a.lan b.home.arpa c.internal d.example", "hidden hidden hidden d.example"},
        {"host is away; the hostname= no", "host is away; the hostname= no"},
        {"mailbox of bob is full (limit 10.5 MB, 5.7.1 see https://example.com/x?y)",
         "mailbox of bob is full (limit 10.5 MB, 5.7.1 see https://example.com/x?y)"},
        {"[", "["},
        {"[]", "[]"},
        {"[10.0.0.1", "[hidden"},
        {"... --- :::", "... --- :::"},
        {"\xc3\xa4 10.0.0.1\xc3", "\xc3\xa4 hidden\xc3"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_told(550, cases[i].said, cases[i].told);
        expect_told(451, cases[i].said, cases[i].told);
    }
}

TEST(test_a_greeting_names_a_host)
{
    static const struct {
        const char *line, *name;
    } cases[] = {
        {"mbx1.example.com ESMTP Postfix", "mbx1.example.com"},
        {"SRV01 ready", "SRV01"},
        {"mbx1.example.com", "mbx1.example.com"},
        {"mbx1.example.com. hi", "mbx1.example.com"},
        {"ESMTP ready", ""},
        {"mail", ""},
        {"", ""},
        {" x.example", ""},
        {"[10.0.0.1] hi", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!slice_eq(smtp_greeting_name(slice_of(cases[i].line)), slice_of(cases[i].name)))
            fail_msg("%s", cases[i].line);
}
