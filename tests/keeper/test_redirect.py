# SPDX-License-Identifier: ISC
"""redirect to, bcc: somebody else gets the message instead, or as well, as it would have been delivered; whoever is told 250 for a
message that goes elsewhere can rely on the disk."""
import time

import pytest

from lab.check import gatepostctl
from lab.gatepost import backend, check_configuration, domains
from lab.process import wait_until
from lab.smtp_client import Session

MESSAGE = b"From: author@client.example\r\nX-Note: forged\r\nSubject: %s\r\n\r\nhello\r\n.a line with a dot\r\n"
RULES = """rule "note" then header set "X-Note" "by rule", subject prefix "[x] "
rule "elsewhere" when message.subject starts with i "SPAM" then redirect to "abuse@example.com"
rule "archive" when message.subject contains i "Invoice" then bcc "archive@example.com"
"""


@pytest.fixture
def behind(new_backend):
    return new_backend()


def gate(start, behind, rules=RULES, **more):
    more.setdefault("changes", {"timeouts": {"verdict": "9s"}})  # where others are delivered to it rests as long
    return start(backend("behind", behind.port) + domains("behind", "example.com") + rules, **more)


def send(gateway, subject, *recipients, sender="a@client.example"):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope(*(recipients or ("u@example.com",)), sender=sender)
        return client.data(MESSAGE % subject)


def came_to(behind, *recipients):
    return [message for message in behind.messages if message.recipients == list(recipients)]


def test_a_redirected_message_goes_there_alone_as_it_would_have_been_delivered(start, behind):
    gateway = gate(start, behind)
    assert send(gateway, b"spam").code == 250
    assert wait_until(lambda: came_to(behind, "abuse@example.com"), 20)
    message, = behind.messages
    assert message.sender == "a@client.example"
    assert b"Subject: [x] spam\r\n" in message.content and message.content.endswith(b"\r\n\r\nhello\r\n.a line with a dot\r\n")
    assert message.content.count(b"X-Note:") == 1 and b"X-Note: by rule\r\n" in message.content
    assert [record["verdict"] for record in gateway.decisions()] == ["redirect", "delivered"]


def test_of_several_recipients_each_has_what_the_rules_say_of_him(start, behind):
    gateway = gate(start, behind, 'rule "u" when recipient == "u@example.com" then redirect to "abuse@example.com"\n')
    assert send(gateway, b"hello", "u@example.com", "v@example.com").code == 250
    assert wait_until(lambda: came_to(behind, "abuse@example.com"), 20)
    assert len(came_to(behind, "v@example.com")) == 1 and len(behind.messages) == 2


def test_two_who_are_redirected_alike_are_one_message(start, behind):
    gateway = gate(start, behind)
    assert send(gateway, b"spam", "u@example.com", "v@example.com").code == 250
    assert wait_until(lambda: came_to(behind, "abuse@example.com"), 20) and len(behind.messages) == 1


def test_what_cannot_be_kept_for_its_way_is_put_off(start, behind):
    gateway = gate(start, behind, changes={"keeper": {"folder": '"/dev/null/keeper"'}, "timeouts": {"verdict": "3s"}})
    reply = send(gateway, b"spam")
    assert reply.code == 451 and not behind.messages
    assert send(gateway, b"invoice").code == 250  # a blind copy holds nothing up


def test_what_is_refused_there_waits_for_somebody_and_is_not_lost(start, new_backend):
    behind = new_backend({"RCPT": lambda session, line: "550 5.1.1 no such user" if b"abuse@" in line else None})
    gateway = gate(start, behind)
    assert send(gateway, b"spam").code == 250
    assert wait_until(lambda: [(held["state"], held["said"]) for held in gateway.held("--why", "redirect")]
                      == [("waiting", "550 5.1.1 no such user")], 20)


def test_what_is_put_off_beside_and_comes_again_is_redirected_once(start, new_backend):
    behind = new_backend({"RCPT": lambda session, line: "451 4.3.0 later" if b"v@" in line else None})
    gateway = gate(start, behind, 'rule "u" when recipient == "u@example.com" then redirect to "abuse@example.com"\n')
    assert send(gateway, b"hello", "u@example.com", "v@example.com").code == 451
    behind.script.clear()
    assert send(gateway, b"hello", "u@example.com", "v@example.com").code == 250
    assert wait_until(lambda: came_to(behind, "abuse@example.com"), 20) and len(came_to(behind, "v@example.com")) == 1
    assert not wait_until(lambda: len(came_to(behind, "abuse@example.com")) > 1, 2)


def test_a_blind_copy_is_what_was_delivered_and_nobody_else_sees_it(start, behind):
    gateway = gate(start, behind)
    assert send(gateway, b"invoice 7", "u@example.com", "v@example.com").code == 250
    assert wait_until(lambda: came_to(behind, "archive@example.com"), 20)
    copy, = came_to(behind, "archive@example.com")
    delivered, = came_to(behind, "u@example.com", "v@example.com")
    assert copy.sender == "" and b"archive@" not in delivered.content
    start_of_message = b"From: author@client.example\r\n"
    assert copy.content.split(start_of_message)[1] == delivered.content.split(start_of_message)[1]
    assert b"Subject: [x] invoice 7\r\n" in copy.content


APART = """rule "v" when recipient == "v@example.com" then header add "X-For" "v only"
rule "w" when recipient == "w@example.com" then header add "X-For" "w only"
rule "d" when recipient == "d@example.com" then discard
rule "u" when recipient != "u@example.com" then redirect to "abuse@example.com"
"""


@pytest.mark.parametrize("first", ["u@example.com", "d@example.com"])
def test_nobody_gets_what_was_changed_for_somebody_else_and_each_has_his_turn(start, behind, first):
    gateway = gate(start, behind, APART)
    left = [first, "v@example.com", "w@example.com"]
    for turn in range(6):
        with Session(gateway.port) as client:
            client.ehlo()
            client.command("MAIL FROM:<a@client.example>")
            taken = [to for to in left if client.command("RCPT TO:<%s>" % to).code == 250]
            if client.data(MESSAGE % b"hello").code == 250:
                left = [to for to in left if to not in taken]
        if not left:
            break
    assert not left
    assert wait_until(lambda: len(came_to(behind, "abuse@example.com")) == 2, 20)
    assert sorted(b"v only" in message.content for message in came_to(behind, "abuse@example.com")) == [False, True]
    assert sorted(b"w only" in message.content for message in came_to(behind, "abuse@example.com")) == [False, True]


def test_the_same_octets_again_and_for_somebody_else_are_other_messages(start, behind):
    gateway = gate(start, behind, 'rule "u" then bcc "archive@example.com", redirect to "abuse@example.com"\n')
    for sender, to in (("a@client.example", "u@example.com"), ("a@client.example", "u@example.com"),
                       ("a@client.example", "v@example.com"), ("b@client.example", "v@example.com")):
        assert send(gateway, b"alarm", to, sender=sender).code == 250
    for who in ("abuse@example.com", "archive@example.com"):
        assert wait_until(lambda: len(came_to(behind, who)) == 4, 30), (who, len(came_to(behind, who)))


def test_of_two_one_of_whom_is_refused_the_other_is_redirected_once(start, new_backend):
    behind = new_backend({"RCPT": lambda session, line: "550 5.1.1 no such user" if b"v@" in line else None})
    gateway = gate(start, behind, 'rule "u" when recipient == "u@example.com" then redirect to "abuse@example.com"\n')
    assert send(gateway, b"hello", "u@example.com", "v@example.com").code == 451
    assert send(gateway, b"hello", "v@example.com").code == 550
    assert send(gateway, b"hello", "u@example.com").code == 250
    assert wait_until(lambda: came_to(behind, "abuse@example.com"), 20)
    assert not wait_until(lambda: len(behind.messages) > 1, 2)


def test_a_blind_copy_of_what_is_redirected_is_that_version(start, behind):
    gateway = gate(start, behind, """rule "v" when recipient == "v@example.com" then header remove "X-Note", bcc "archive@example.com"
rule "u" when recipient == "v@example.com" then redirect to "abuse@example.com"
""")
    assert send(gateway, b"hello", "u@example.com", "v@example.com").code == 250
    assert wait_until(lambda: len(behind.messages) == 3, 20)
    assert {message.recipients[0]: b"X-Note" in message.content for message in behind.messages} == {
        "u@example.com": True, "abuse@example.com": False, "archive@example.com": False}


def test_what_its_sender_wants_to_hear_is_asked_for_there_as_well(start, behind):
    gateway = gate(start, behind)

    def offers():
        with Session(gateway.port) as client:
            client.ehlo()
            return "DSN" in client.extensions
    assert wait_until(offers, 20)
    with Session(gateway.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example> RET=HDRS ENVID=QQ314159", 250)
        client.expect("RCPT TO:<u@example.com> NOTIFY=NEVER", 250)
        assert client.data(MESSAGE % b"spam").code == 250
    assert wait_until(lambda: came_to(behind, "abuse@example.com"), 20)
    message, = behind.messages
    assert b"ENVID=QQ314159" in message.mail_line and b"NOTIFY=NEVER" in message.rcpt_lines[0]


def test_too_many_changes_are_refused_and_not_put_off_for_ever(start, behind):
    gateway = gate(start, behind, 'rule "r" then header remove "X-A", redirect to "abuse@example.com"\n')
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        reply = client.data(b"X-A: 1\r\nX-B: 2\r\n" * 5000 + MESSAGE % b"hello")
    assert reply.code == 550 and "too many places" in str(reply) and not behind.messages


def test_without_such_a_rule_that_holds_nobody_else_gets_it(start, behind):
    gateway = gate(start, behind)
    assert send(gateway, b"hello").code == 250
    assert not wait_until(lambda: len(behind.messages) > 1, 1) and behind.messages[0].recipients == ["u@example.com"]


def test_what_an_observed_rule_would_have_done_stands_in_the_record(start, behind):
    gateway = gate(start, behind, 'observe rule "o" then header set "X-A" "a {helo}", redirect to "abuse@example.com"\n'
                                  'observe rule "p" then log "seen"\nrule "q" then header add "X-B" "b"\n')
    assert send(gateway, b"hello").code == 250
    record, = gateway.decisions()
    assert record["observed"] == ["o", "p"] and record["rules"] == ["q"]
    assert record["would"] == 'header set "X-A", redirect "abuse@example.com" by "o"; log by "p"'


def test_it_goes_to_a_domain_that_is_configured(own_dir, behind):
    file = own_dir / "gatepost.conf"
    for action in ("redirect to", "bcc"):
        file.write_text(backend("behind", behind.port) + domains("behind", "example.com")
                        + 'listen smtp on "127.0.0.1:2525"\nrule "j" then %s "x@elsewhere.example"\n' % action)
        status, said = check_configuration(file)
        assert status != 0 and "expected one address in a domain that is configured here" in said


def test_check_tells_who_would_get_it(own_dir, behind):
    file, mail = own_dir / "gatepost.conf", own_dir / "mail.eml"
    file.write_text(backend("behind", behind.port) + domains("behind", "example.com") + 'listen smtp on "127.0.0.1:2525"\n' + RULES)
    for subject, status, row in ((b"spam", 15, "abuse@example.com"), (b"invoice", 0, "archive@example.com")):
        mail.write_bytes(MESSAGE % subject)
        run = gatepostctl("check", "-c", str(file), "--rcpt", "u@example.com", str(mail))
        assert run.returncode == status and row in run.stdout, run.stdout
