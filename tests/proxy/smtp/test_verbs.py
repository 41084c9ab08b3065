# SPDX-License-Identifier: ISC
"""Each verb of SMTP: what it does, when it is refused, and what never passes."""
import pytest

from lab.smtp_client import Closed, stuffed

CHANGES = {"limits": {"errors": 1000, "message_size": "1MiB"}}
MESSAGE = b"Subject: verbs\r\nFrom: a@client.example\r\n\r\nhello\r\n"


def body_of(message):
    return message.content.partition(b"\r\n\r\n")[2]


# -- greeting, EHLO, HELO

def test_the_greeting_names_the_host(session):
    assert session.greeting.code == 220
    assert session.greeting.lines[0].split()[0] == "mx.example.com"


def test_ehlo_offers_what_is_relayed_faithfully(greeted):
    offered = set(greeted.extensions)
    assert {"PIPELINING", "SIZE", "8BITMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "STARTTLS"} <= offered
    assert not offered & {"AUTH", "BINARYMIME", "ETRN", "VRFY", "EXPN", "BURL", "XCLIENT", "XFORWARD", "TURN", "ATRN"}
    assert not [word for word in offered if word.startswith("X")]


def test_ehlo_offers_what_the_server_behind_can_do(greeted, gateway):
    assert {"SMTPUTF8", "DSN"} <= set(greeted.extensions)


def test_size_is_the_configured_limit(greeted):
    assert greeted.extensions["SIZE"] == str(1024 * 1024)


def test_helo_gives_one_line_and_no_extensions(session, behind):
    reply = session.expect("HELO client.example", 250)
    assert len(reply.lines) == 1
    session.envelope("user@example.com")
    assert session.data(MESSAGE).code == 250
    assert len(behind.messages) == 1


def test_helo_and_ehlo_need_a_name(session):
    session.expect("EHLO", 501)
    session.expect("HELO", 501)


def test_ehlo_in_a_transaction_resets_it(ready):
    ready.ehlo()
    ready.expect("RCPT TO:<user@example.com>", 503)


def test_mail_needs_a_greeting_first(session):
    session.expect("MAIL FROM:<a@client.example>", 503)


# -- MAIL

@pytest.mark.parametrize("path", ["<>", "<a@client.example>", "<\"a b\"@client.example>", "<a@[192.0.2.1]>",
                                  "<a@[IPv6:2001:db8::1]>", "<@hop.example:a@client.example>"])
def test_mail_takes_every_form_of_a_path(greeted, path):
    greeted.expect("MAIL FROM:" + path, 250)


@pytest.mark.parametrize("words", ["", "a@client.example extra", "<a@client.example", "a@client.example>", "<a@>", "<@>",
                                   "<a@client..example>", "<a b@client.example>", "<a@client.example> SIZE",
                                   "<a@client.example> SIZE=-1", "<a@client.example> SIZE=1x",
                                   "<a@client.example> SIZE=99999999999999999999999", "<a@client.example> BODY=",
                                   "<a@client.example> BODY=9BIT", "<a@client.example> RET=ALL",
                                   "<a@client.example> SIZE=1 SIZE=2"])
def test_mail_refuses_what_is_malformed(greeted, words):
    reply = greeted.command("MAIL FROM:" + words)
    allowed = {250, 501, 504, 552, 553} if words == "<a@client.example> RET=ALL" else {501, 504, 552, 553, 555}
    assert reply.code in allowed, reply


def test_mail_with_an_unknown_parameter_is_refused(greeted):
    greeted.expect("MAIL FROM:<a@client.example> FOO=bar", 501, 504, 555)


def test_binarymime_is_refused(greeted):
    greeted.expect("MAIL FROM:<a@client.example> BODY=BINARYMIME", 501, 504, 555)


def test_auth_parameter_is_refused_or_dropped(greeted, behind):
    if greeted.command("MAIL FROM:<a@client.example> AUTH=<>").code == 250:
        greeted.expect("RCPT TO:<user@example.com>", 250)
        greeted.data(MESSAGE)
        assert not any(b"AUTH" in line for line in behind.commands)


def test_a_second_mail_is_out_of_order(ready):
    ready.expect("MAIL FROM:<b@client.example>", 503)


def test_declared_size_over_the_limit_is_refused_at_mail(greeted):
    reply = greeted.expect("MAIL FROM:<a@client.example> SIZE=1048577", 552)
    assert reply.enhanced == "5.3.4"


def test_8bit_passes_as_it_came(greeted, behind):
    greeted.expect("MAIL FROM:<a@client.example> BODY=8BITMIME", 250)
    greeted.expect("RCPT TO:<user@example.com>", 250)
    assert greeted.data(b"Subject: 8\r\n\r\ngr\xc3\xbc\xc3\x9fe \xff\r\n").code == 250
    assert body_of(behind.messages[0]) == b"gr\xc3\xbc\xc3\x9fe \xff\r\n"
    assert b"BODY=8BITMIME" in behind.messages[0].mail_line


def test_smtputf8_passes_with_its_addresses(greeted, behind):
    greeted.expect("MAIL FROM:<иван@client.example> SMTPUTF8", 250)
    greeted.expect("RCPT TO:<пользователь@example.com>", 250)
    assert greeted.data("Subject: привет\r\n\r\nда\r\n".encode()).code == 250
    message = behind.messages[0]
    assert (message.sender, message.recipients) == ("иван@client.example", ["пользователь@example.com"])
    assert b"SMTPUTF8" in message.mail_line


def test_utf8_addresses_need_smtputf8(greeted):
    greeted.expect("MAIL FROM:<иван@client.example>", 501, 550, 553)


def test_dsn_parameters_pass_unchanged(greeted, behind):
    greeted.expect("MAIL FROM:<a@client.example> RET=HDRS ENVID=QQ314159", 250)
    greeted.expect("RCPT TO:<user@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;user@example.com", 250)
    assert greeted.data(MESSAGE).code == 250
    message = behind.messages[0]
    assert b"RET=HDRS" in message.mail_line and b"ENVID=QQ314159" in message.mail_line
    assert b"NOTIFY=SUCCESS,FAILURE" in message.rcpt_lines[0] and b"ORCPT=rfc822;user@example.com" in message.rcpt_lines[0]


LONG = [
    "bounce+%s=%s" % ("a" * 40, "b" * 40),
    "SRS0=HHH=TT=lists.example=bounce-%s=user=example.org" % ("0123456789" * 9),
    "IMCEAEX-_O=EXCHANGELABS_OU=EXCHANGE+20ADMINISTRATIVE+20GROUP+20+28FYDIBOHF23SPDLT+29_CN=RECIPIENTS_CN=0123456789ABCDEF-USER",
    '"%s x"' % ("q" * 300),
    "x" * 1900,
]


@pytest.mark.parametrize("local", LONG, ids=lambda local: "%s-%d" % (local[:4].strip('"'), len(local)))
def test_a_local_part_is_as_long_as_the_line_lets_it_be(greeted, behind, local):
    greeted.envelope(local + "@example.com", sender=local + "@client.example")
    assert greeted.data(MESSAGE).code == 250
    message = behind.messages[0]
    assert (message.sender, message.recipients) == (local + "@client.example", [local + "@example.com"])
    assert all(len(line) <= 998 for line in message.content.split(b"\r\n"))


def test_an_address_longer_than_the_line_is_refused(greeted):
    greeted.expect("MAIL FROM:<%s@client.example>" % ("x" * 2040), 500)


def test_an_original_recipient_is_as_long_as_the_line_lets_it_be(greeted, behind):
    greeted.expect("MAIL FROM:<a@client.example>", 250)
    greeted.expect("RCPT TO:<user@example.com> ORCPT=rfc822;%s@example.com" % ("x" * 900), 250)
    assert greeted.data(MESSAGE).code == 250
    assert b"x" * 900 + b"@example.com" in behind.messages[0].rcpt_lines[0]


# -- RCPT

def test_rcpt_needs_mail_first(greeted):
    greeted.expect("RCPT TO:<user@example.com>", 503)


def test_only_configured_domains_are_accepted(greeted):
    greeted.expect("MAIL FROM:<a@client.example>", 250)
    for stranger in ("someone@elsewhere.example", "user@sub.example.com", "user@example.com.elsewhere.example",
                     "user@elsewhere.example@example.net", "<user@elsewhere.example>"):
        reply = greeted.command("RCPT TO:<%s>" % stranger)
        assert 500 <= reply.code <= 599, (stranger, reply)
    reply = greeted.expect("RCPT TO:<someone@elsewhere.example>", 550, 554)
    assert reply.enhanced in ("5.7.1", "5.7.0")


def test_a_source_route_does_not_relay(greeted, behind):
    greeted.expect("MAIL FROM:<a@client.example>", 250)
    reply = greeted.command("RCPT TO:<@example.com:someone@elsewhere.example>")
    assert 500 <= reply.code <= 599


def test_the_domain_is_compared_without_regard_to_case(greeted, behind):
    greeted.envelope("User@EXAMPLE.com")
    assert greeted.data(MESSAGE).code == 250
    assert behind.messages[0].recipients[0].lower() == "user@example.com"


def test_the_refusal_of_the_server_behind_reaches_the_sender(greeted, behind):
    behind.script["RCPT"] = "550 5.1.1 no such user here"
    greeted.expect("MAIL FROM:<a@client.example>", 250)
    reply = greeted.expect("RCPT TO:<nobody@example.com>", 550)
    assert reply.enhanced == "5.1.1"


def test_a_refused_recipient_leaves_the_others(greeted, behind):
    behind.script["RCPT"] = lambda session, line: "550 5.1.1 no such user" if b"nobody" in line else None
    greeted.expect("MAIL FROM:<a@client.example>", 250)
    greeted.expect("RCPT TO:<user@example.com>", 250)
    greeted.expect("RCPT TO:<nobody@example.com>", 550)
    assert greeted.data(MESSAGE).code == 250
    assert behind.messages[0].recipients == ["user@example.com"]


def test_checking_recipients_does_not_hold_the_server_behind(ready, behind):
    """After RCPT the connection is back in the pool: RSET was sent, no transaction is open there."""
    assert behind.verbs()[-1] in ("RSET", "QUIT", "EHLO") or "RSET" in behind.verbs()
    assert not behind.messages


# -- PIPELINING (RFC 2920)

def test_a_pipelined_group_is_answered_in_order(greeted, behind):
    behind.script["RCPT"] = lambda session, line: "550 5.1.1 no such user" if b"nobody" in line else None
    greeted.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<nobody@example.com>\r\nRCPT TO:<user@example.com>\r\n"
                 "RCPT TO:<x@elsewhere.example>\r\nDATA\r\n")
    assert [greeted.reply().code for _ in range(5)] in ([250, 550, 250, 550, 354], [250, 550, 250, 554, 354])
    greeted.send(stuffed(MESSAGE) + b"QUIT\r\n")
    assert [greeted.reply().code for _ in range(2)] == [250, 221]


def test_pipelined_data_without_recipients_takes_no_body(greeted):
    greeted.send("MAIL FROM:<a@client.example>\r\nRCPT TO:<x@elsewhere.example>\r\nDATA\r\n")
    codes = [greeted.reply().code for _ in range(3)]
    assert codes[2] in (503, 554)
    greeted.expect("RSET", 250)
    greeted.expect("NOOP", 250)


def test_many_commands_in_one_segment(greeted):
    greeted.send("NOOP\r\n" * 500)
    assert {greeted.reply().code for _ in range(500)} == {250}


# -- RSET, NOOP, QUIT, HELP, VRFY and the rest

def test_rset_forgets_the_envelope(ready):
    ready.expect("RSET", 250)
    ready.expect("RCPT TO:<user@example.com>", 503)
    ready.envelope("user@example.com")


def test_rset_and_noop_work_before_ehlo(session):
    session.expect("RSET", 250, 503)
    session.expect("NOOP", 250)


def test_noop_may_have_words(session):
    session.expect("NOOP some words", 250)


def test_quit_closes(session):
    session.expect("QUIT", 221)
    assert session.rest() == b""


def test_help_answers(greeted):
    greeted.expect("HELP", 214, 250, 502)


def test_vrfy_tells_nothing(greeted, behind):
    known, unknown = greeted.command("VRFY user"), greeted.command("VRFY nobody")
    assert known.code == unknown.code and known.code in (252, 502)
    assert "VRFY" not in behind.verbs()


@pytest.mark.parametrize("line", ["EXPN list", "ETRN example.com", "TURN", "ATRN example.com", "SEND FROM:<a@x.example>",
                                  "SOML FROM:<a@x.example>", "SAML FROM:<a@x.example>", "AUTH LOGIN", "AUTH PLAIN AGEAYg==",
                                  "AUTH NTLM", "AUTH GSSAPI", "BURL imap://x/ LAST", "FOO"])
def test_what_is_not_offered_is_refused_and_not_passed_on(greeted, behind, line):
    reply = greeted.command(line)
    assert reply.code in (500, 502, 503, 504, 550), reply
    assert line.split()[0] not in behind.verbs()


@pytest.mark.parametrize("verb", ["X-EXPS GSSAPI", "X-LINK2STATE LAST CHUNK={00000000}", "XEXCH50 100 2", "X-ANONYMOUSTLS",
                                  "X-EXCH50", "XCLIENT ADDR=192.0.2.1", "XFORWARD NAME=x", "XSHADOW x", "X-RDST", "XPROXY x"])
def test_private_verbs_never_pass(greeted, behind, verb):
    greeted.expect(verb, 500)
    assert verb.split()[0] not in behind.verbs()


def test_verbs_may_be_in_any_case(session, behind):
    session.expect("eHlO client.example", 250)
    session.expect("mAiL fRoM:<a@client.example>", 250)
    session.expect("rcpt to:<user@example.com>", 250)
    session.expect("data", 354)
    session.send(stuffed(MESSAGE))
    assert session.reply().code == 250


def test_a_command_ended_by_a_bare_lf_is_no_command(session):
    session.send("NOOP\nNOOP\r\n")
    reply = session.reply()
    assert reply.code in (500, 501, 554)


def test_nul_in_a_command_is_refused(greeted):
    greeted.expect(b"NOOP \0", 500, 501)
    greeted.expect(b"MAIL FROM:<a\0b@client.example>", 500, 501, 553)


def test_8bit_in_a_command_is_refused(greeted):
    greeted.expect(b"MAIL FROM:<\xff\xfe@client.example> SMTPUTF8", 500, 501, 553)


# -- what every answer carries

def test_every_refusal_has_an_enhanced_code(greeted):
    for line in ("FOO", "RCPT TO:<user@example.com>", "MAIL FROM:<a", "AUTH LOGIN", "XEXCH50 1 2", "DATA"):
        reply = greeted.command(line)
        assert reply.enhanced.startswith("5."), (line, reply)


def test_a_closed_session_is_seen_as_closed(session):
    session.expect("QUIT", 221)
    with pytest.raises((Closed, ConnectionError)):
        session.command("NOOP")
        session.reply()
