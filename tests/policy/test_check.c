/* SPDX-License-Identifier: ISC
 * What the checker says about rules: to the letter, since people read it. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

static void says(const char *text, const char *report_wanted)
{
    struct buf report = buf_init(65536);
    struct config *config = load_text(text, &report);
    bool same = report_is(&report, report_wanted);
    assert_true(same);
    config_free(&config);
    buf_release(&report);
}

/* Whether the message is in the report for `rule "r" when CONDITION then accept`. */
static void refuses(const char *condition, const char *message)
{
    char text[1000];
    struct buf report = buf_init(65536);
    snprintf(text, sizeof text, "table t { \"x\" }\nrule \"r\" when %s then accept\n", condition);
    struct config *config = load_text(text, &report);
    bool said = slice_search(buf_slice(&report), slice_of(message)) < buf_len(&report);
    if (config || !said)
        fprintf(stderr, "%s\nexpected: %s\ngot: %.*s\n", condition, message,
                SLICE_ARGS(buf_slice(&report)));
    assert_null(config);
    assert_true(said);
    buf_release(&report);
}

static void takes(const char *condition)
{
    char text[1000];
    snprintf(text, sizeof text, "table t { \"192.0.2.0/24\" }\nrule \"r\" when %s then accept\n",
             condition);
    struct config *config = load_good(text);
    assert_non_null(config);
    config_free(&config);
}

TEST(test_unknown_names_are_shown_with_the_nearest)
{
    says("rule \"a\"\n  when mesage.size > 10MiB\n  then reject\n",
         "t.conf:2:8: error: unknown fact 'mesage.size'; did you mean 'message.size'?\n"
         "      when mesage.size > 10MiB\n"
         "           ^\n");
    says("rule \"a\" when any a in attachments (a.extention == \"x\") then rejct\n",
         "t.conf:1:62: error: unknown action 'rejct'; did you mean 'reject'?\n"
         "    rule \"a\" when any a in attachments (a.extention == \"x\") then rejct\n"
         "                                                                 ^\n"
         "t.conf:1:37: error: unknown field 'extention'; did you mean 'extension'?\n"
         "    rule \"a\" when any a in attachments (a.extention == \"x\") then rejct\n"
         "                                        ^\n");
    says("rule \"a\" when any a in attachments (a.extention == \"x\") then reject\n",
         "t.conf:1:37: error: unknown field 'extention'; did you mean 'extension'?\n"
         "    rule \"a\" when any a in attachments (a.extention == \"x\") then reject\n"
         "                                        ^\n");
    says("rule \"a\" when direction == inbond then reject\n",
         "t.conf:1:28: error: unknown word 'inbond' for direction; did you mean 'inbound'?\n"
         "    rule \"a\" when direction == inbond then reject\n"
         "                               ^\n");
}

TEST(test_only_protocols_that_are_spoken_can_be_named)
{
    takes("protocol == smtp and protocol in [smtp]");
    says("rule \"a\" when protocol == lmtp then reject\n",
         "t.conf:1:27: error: unknown word 'lmtp' for protocol; did you mean 'smtp'?\n"
         "    rule \"a\" when protocol == lmtp then reject\n"
         "                              ^\n");
}

TEST(test_several_errors_are_found_in_one_run)
{
    says("rule \"a\" when then reject\n"
         "rule \"b\" when helo == 5 then reject\n"
         "rule \"c\" when helo == \"x\" reject\n"
         "rule \"d\" when helo then accept\n"
         "rule \"e\" when hello == \"x\" and client.ip in nets then acept\n",
         "t.conf:1:20: error: expected 'and', 'or' or 'then', found 'reject'\n"
         "    rule \"a\" when then reject\n"
         "                       ^\n"
         "t.conf:3:27: error: expected 'and', 'or' or 'then', found 'reject'\n"
         "    rule \"c\" when helo == \"x\" reject\n"
         "                              ^\n"
         "t.conf:5:55: error: unknown action 'acept'; did you mean 'accept'?\n"
         "    rule \"e\" when hello == \"x\" and client.ip in nets then acept\n"
         "                                                          ^\n"
         "t.conf:2:23: error: expected a domain in quotes, found '5'\n"
         "    rule \"b\" when helo == 5 then reject\n"
         "                          ^\n"
         "t.conf:4:15: error: expected a comparison; 'helo' is a domain\n"
         "    rule \"d\" when helo then accept\n"
         "                  ^\n"
         "t.conf:5:15: error: unknown fact 'hello'; did you mean 'helo'?\n"
         "    rule \"e\" when hello == \"x\" and client.ip in nets then acept\n"
         "                  ^\n"
         "t.conf:5:45: error: unknown table 'nets'\n"
         "    rule \"e\" when hello == \"x\" and client.ip in nets then acept\n"
         "                                                ^\n");
    says("rule \"b\" when helo == 5 then reject\n"
         "rule \"d\" when helo then accept\n",
         "t.conf:1:23: error: expected a domain in quotes, found '5'\n"
         "    rule \"b\" when helo == 5 then reject\n"
         "                          ^\n"
         "t.conf:2:15: error: expected a comparison; 'helo' is a domain\n"
         "    rule \"d\" when helo then accept\n"
         "                  ^\n");
}

TEST(test_types_must_fit)
{
    refuses("message.size > 10", "expected a size, such as 25MiB, found '10'");
    refuses("helo > \"x\"", "a domain has no order");
    refuses("client.ip == \"300.0.0.1\"", "expected an IP address in quotes");
    refuses("client.ip in t", "the entry \"x\" is neither an address nor a network");
    refuses("client.ip in [\"10.0.0.0/33\"]", "neither an address nor a network");
    refuses("client.ip == sender", "cannot be compared");
    refuses("header[\"X\"] != \"v\"", "!= on a list is ambiguous");
    refuses("header == \"v\"", "expected a name in brackets");
    refuses("header[\"a b\"] == \"v\"", "expected a name in brackets");
    refuses("attachments == \"v\"", "records are not compared");
    refuses("attachments", "is a list: use any, all, none or count");
    refuses("any a in helo (a == \"x\")", "expected a list, but 'helo' is a domain");
    refuses("any helo in attachments (helo.name == \"x\")", "'helo' is the name of a fact");
    refuses("any t in attachments (t.name == \"x\")", "'t' is the name of a table");
    refuses("any a in attachments (any a in recipients (a == \"x\"))",
            "'a' is bound already around this");
    refuses("any a in attachments (a.name == \"x\") and a.name == \"y\"", "unknown fact 'a.name'");
    refuses("helo matches \"x\"", "expected a pattern");
    refuses("helo matches /(x/", "missing closing parenthesis");
    refuses("score matches /x/", "expected a text, but 'score' is a number");
    refuses("message.size in t", "'in' is for texts");
    refuses("helo in helos", "unknown table 'helos'");
    refuses("t == \"x\"", "'t' is a table; expected a fact here");
    refuses("\"x\" == helo", "expected a fact on the left side");
    refuses("tls.active == yes", "unknown fact 'yes'");
    refuses("helo is gone", "unknown state (absent, known, unknown) 'gone'");
    refuses("helo not == \"x\"", "expected 'in', 'matches'");
    refuses("count(helo) > 1", "expected a list to count");
}

TEST(test_what_fits_is_taken)
{
    takes("client.ip in t and client.ip not in [\"10.0.0.0/8\", \"::1\"] and client.ip in "
          "\"10.0.0.0/8\"");
    takes(
        "message.from.domain != sender.domain or sender in recipients or recipient.local == helo");
    takes("not (tls.active or tls.active == false) and direction in [inbound, outbound]");
    takes("count(a in attachments (a.depth > 1 and all n in recipients (n.domain == \"x\"))) > 3");
    takes("none a in attachments (a.names == \"x\") and count(recipients) == count(attachments)");
    takes("helo starts with \"x\" and helo not ends with \"y\" and helo contains \"z\" and helo "
          "matches /^\\/x$/i");
    takes("helo is absent or helo is not known or unknown(helo) or header[\"X\"] is unknown");
    takes("message.size > 0 and any a in attachments (a.name == \"\") and any a in attachments "
          "(a.macros)");
}

static void refuses_action(const char *action, const char *message)
{
    char text[1000];
    struct buf report = buf_init(65536);
    snprintf(text, sizeof text,
             "rule \"r\" when not any a in attachments (a.macros) and any b in attachments "
             "(b.macros) then %s\n",
             action);
    struct config *config = load_text(text, &report);
    bool said = slice_search(buf_slice(&report), slice_of(message)) < buf_len(&report);
    if (config || !said)
        fprintf(stderr, "%s\nexpected: %s\ngot: %.*s\n", action, message,
                SLICE_ARGS(buf_slice(&report)));
    assert_null(config);
    assert_true(said);
    buf_release(&report);
}

TEST(test_actions_are_checked)
{
    refuses_action("reject 450", "reject takes a reply code from 500 to 599");
    refuses_action("reject 550 4.7.1", "a reply 550 takes an enhanced code such as 5.7.1");
    refuses_action("defer 550", "defer takes a reply code from 400 to 499");
    refuses_action("reject 550 5.7.1000", "a reply 550 takes an enhanced code");
    refuses_action("reject \"{helo\"", "expected a fact's name and '}'");
    refuses_action("reject \"{hello}\"",
                   "1:101: error: unknown fact 'hello'; did you mean 'helo'?");
    refuses_action("reject \"{a.name}\"", "'a' is not always bound when the rule holds");
    refuses_action("reject \"{attachments}\"", "cannot be written as text");
    refuses_action("header add \"X Y\" \"z\"", "expected the name of a header field");
    refuses_action("header ad \"X\" \"z\"", "unknown action 'header'");
    refuses_action("accept, log \"x\"", "nothing can follow the verdict");
    refuses_action("strip each c in recipients (c == \"x\") \"gone\"",
                   "only parts can be stripped");
    refuses_action("score \"5\"", "expected points");
    refuses_action("banner", "expected a text");
    refuses_action("disclaimer", "expected a text");
    refuses_action("banner \"{nothing}\"", "unknown fact 'nothing'");
    struct config *config =
        load_good("rule \"r\" when any b in attachments (b.macros) then log \"{b.name} {{}}\", "
                  "strip each b in attachments (b.macros) \"{b.name}\", drop 421 4.3.2\n");
    assert_non_null(config);
    config_free(&config);
}

TEST(test_rules_that_never_act_and_idle_tables_are_warned_of)
{
    says("table t { \"x\" }\n"
         "rule \"all\" then accept\n"
         "rule \"late\" when helo == \"x\" then reject\n",
         "t.conf:3:6: warning: this rule can never act: rule \"all\" (line 2) before it always "
         "decides\n"
         "    rule \"late\" when helo == \"x\" then reject\n"
         "         ^\n"
         "t.conf:1:7: warning: the table 't' is used nowhere\n"
         "    table t { \"x\" }\n"
         "          ^\n");
    says("rule \"a\" then accept\nrule \"a\" then reject\n",
         "t.conf:2:6: error: a rule of this name stands in line 1 already\n"
         "    rule \"a\" then reject\n"
         "         ^\n");
}

TEST(test_test_blocks_are_checked)
{
    says("rule \"exe\" when helo == \"x\" then reject\n"
         "test \"a\" { expect reject by \"ex\" }\n"
         "test \"b\" { given sender.sice 5 expect accept }\n"
         "test \"c\" { given attachments [ { nam \"x\" } ] expect accept }\n"
         "test \"d\" { given helo \"x\" }\n"
         "test \"e\" { given score 5 expect accept }\n",
         "t.conf:2:29: error: unknown rule 'ex'; did you mean 'exe'?\n"
         "    test \"a\" { expect reject by \"ex\" }\n"
         "                                ^\n"
         "t.conf:3:18: error: unknown fact 'sender.sice'; did you mean 'sender.size'?\n"
         "    test \"b\" { given sender.sice 5 expect accept }\n"
         "                     ^\n"
         "t.conf:4:34: error: attachment records have no field 'nam'\n"
         "    test \"c\" { given attachments [ { nam \"x\" } ] expect accept }\n"
         "                                     ^\n"
         "t.conf:5:6: error: this test expects nothing\n"
         "    test \"d\" { given helo \"x\" }\n"
         "         ^\n"
         "t.conf:6:18: error: score is computed by the rules; it cannot be given\n"
         "    test \"e\" { given score 5 expect accept }\n"
         "                     ^\n");
}

TEST(test_depth_and_length_have_limits)
{
    struct buf text = buf_init(1 << 20);
    buf_cstr(&text, "rule \"r\" when ");
    for (unsigned i = 0; i < 20000; i++)
        buf_cstr(&text, i % 2 ? "(" : "not ");
    buf_char(&text, '\0');
    struct buf report = buf_init(65536);
    assert_null(load_text(buf_slice(&text).ptr, &report));
    assert_true(slice_search(buf_slice(&report), SLICE("nested too deep")) < buf_len(&report));
    buf_clear(&text);
    buf_clear(&report);
    buf_cstr(&text, "rule \"r\" when helo_esmtp");
    for (unsigned i = 0; i < 20000; i++)
        buf_cstr(&text, " or helo.esmtp");
    buf_char(&text, '\0');
    assert_null(load_text(buf_slice(&text).ptr, &report));
    assert_true(slice_search(buf_slice(&report), SLICE("this condition is too long")) <
                buf_len(&report));
    buf_release(&text);
    buf_release(&report);
}
