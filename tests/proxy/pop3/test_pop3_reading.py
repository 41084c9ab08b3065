# SPDX-License-Identifier: ISC
"""What the policy refuses is not read over POP3 either: its content is put out in place, and all around it stays as it was."""
import base64
import email
import io
import os
import random
import subprocess
import zipfile

import pytest

from lab import samples
from lab.forbidden import (DOTTED, PICTURE, SCRIPT, TEXT, b64, blocked_leaves, check_put_out, decoded, document_with_macros, file, head, leaks, multipart,
                           pieces, quoted, random_program)
from lab.gatepost import backend
from lab.pop3_client import differences, logged_in, stuffed, unstuffed
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until

RULES = """
rule "put off" when message.subject == "put off" then defer 451 4.7.1 "not now"
rule "rejected" when message.subject == "rejected" then reject 550 5.7.1 "not this"
rule "held" when message.subject == "held" then quarantine "spam"
rule "discarded" when message.subject == "discarded" then discard
rule "dropped" when message.subject == "dropped" then drop 554 5.7.1 "away"
observe rule "watched" when message.subject == "clean neighbour" then reject 550 5.7.1 "would be refused"
rule "malware" when any a in attachments (a.name == "readme.txt") then reject 550 5.7.1 "malware"
rule "programs" when any a in attachments (a.extension in programs or a.type == "application/x-dosexec") then reject 550 5.7.1 "no programs"
rule "macros" when any a in attachments (a.macros) then quarantine "macros"
table programs { "exe" "bat" "js" }
"""


BLOCKED = blocked_leaves()
WHOLE = ("rejected", "held", "discarded", "dropped")
SECRET = "".join("a secret line that nobody reads: %s\n" % os.urandom(16).hex() for _ in range(30))
CLEAN = samples.clean("clean neighbour")

# The mailbox: blocked and clean ones by turns, then those that are refused by their subject, then the one that is put off.
MAILBOX = [octets for message, _ in BLOCKED.values() for octets in (message, CLEAN)]
MAILBOX += [samples.octets(samples.message(subject, SECRET)) for subject in WHOLE] + [samples.octets(samples.message("put off", SECRET))]
PLACE = {name: 2 * n + 1 for n, name in enumerate(BLOCKED)} | {subject: 2 * len(BLOCKED) + n + 1 for n, subject in enumerate(WHOLE + ("put off",))}
REFUSED = [*BLOCKED, *WHOLE]
SHOWN = [PLACE[name] for name in REFUSED] + list(range(2, 2 * len(BLOCKED) + 1, 2))
USERS = ["user", "random", "held1", "held2", "deletes", "recorded", "again"]
MAILS = {"%s@example.com" % name: MAILBOX for name in USERS}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def direct(mailboxes):
    with logged_in(mailboxes.pop3_port) as session:
        yield session


@pytest.fixture(scope="module")
def originals(direct):
    """{number: the message as the server behind shows it}"""
    return {number: direct.message(number) for number in PLACE.values()}


@pytest.fixture
def reader(site):
    with logged_in(site.pop3_port, timeout=30) as session:
        yield session


# ---- what is shown


@pytest.mark.parametrize("name", BLOCKED)
def test_what_is_forbidden_is_put_out_and_all_else_is_as_it_was(name, reader, originals):
    number = PLACE[name]
    check_put_out(originals[number], reader.message(number), BLOCKED[name][1])


@pytest.mark.parametrize("subject", WHOLE)
def test_a_message_refused_as_a_whole_keeps_its_header_alone(subject, reader, originals):
    original, shown = originals[PLACE[subject]], reader.message(PLACE[subject])
    header, _, body = original.partition(b"\r\n\r\n")
    assert len(shown) == len(original) and len(stuffed(shown)) == len(stuffed(original))
    assert shown.startswith(header + b"\r\n\r\n")
    assert b"Gatepost" in shown[len(header):][:200] and not leaks(body, shown)


def test_numbers_sizes_and_identities_are_those_of_the_server_behind(reader, direct):
    assert differences(direct, reader, ["STAT", "LIST", "UIDL"]) == []
    for number in SHOWN:
        reader.message(number)
    assert differences(direct, reader, ["STAT", "LIST", "UIDL"]) == []


def test_the_status_line_and_the_framing_are_those_of_the_server_behind(reader, direct):
    for number in SHOWN:
        ours, theirs = reader.ask("RETR %d" % number), direct.ask("RETR %d" % number)
        assert ours.split(b"\r\n")[0] == theirs.split(b"\r\n")[0] and len(ours) == len(theirs)


def test_clean_neighbours_are_octet_for_octet_the_same(reader, direct):
    commands = ["%s %d%s" % (verb, number, lines) for number in range(1, 2 * len(BLOCKED) + 1)
                for verb, lines in (("RETR", ""), ("TOP", " 2")) if number % 2 == 0]
    blocked = ["RETR %d" % PLACE[name] for name in BLOCKED]
    for command in blocked:
        reader.ask(command)
    assert differences(direct, reader, commands) == []


@pytest.mark.parametrize("lines", [0, 1, 7, 30, 100000])
def test_top_shows_what_retr_shows(lines, reader, direct):
    """TOP comes first, and again behind RETR."""
    for name in REFUSED:
        command = "TOP %d %d" % (PLACE[name], lines)
        top = unstuffed(reader.many(command))
        assert len(top) == len(unstuffed(direct.many(command))), name
        assert top == reader.message(PLACE[name])[:len(top)], name
        assert unstuffed(reader.many(command)) == top, name


def test_the_same_message_is_put_out_in_the_same_way_each_time(reader):
    before = [reader.ask("RETR %d" % number) for number in SHOWN]
    reader.send("".join("RETR %d\r\n" % number for number in SHOWN))
    assert [reader.response("RETR") for _ in SHOWN] == before


@pytest.mark.parametrize("seed", range(3))
def test_no_conversation_shows_an_octet_of_what_is_forbidden(seed, site, direct, originals):
    """Whatever is read, in whatever order: what is shown is the beginning of the message as it is put out."""
    chance = random.Random(seed)
    asked = [(name, chance.choice(["RETR %d", "TOP %%d %d" % chance.choice([0, 1, 2, 3, 9, 20, 50, 500])]) % PLACE[name])
             for name in chance.choices(REFUSED, k=80)]
    with logged_in(site.pop3_port, "random@example.com", timeout=30) as session:
        shown = []
        for batch in (asked[at:at + 8] for at in range(0, len(asked), 8)):
            session.send("".join(command + "\r\n" for _, command in batch))
            shown += [unstuffed(session.response(command).partition(b"\r\n")[2]) for _, command in batch]
        allowed = {name: session.message(PLACE[name]) for name in REFUSED}
    for (name, command), octets in zip(asked, shown):
        assert octets == allowed[name][:len(octets)], (name, command)
        assert len(octets) == len(unstuffed(direct.many(command))), (name, command)
    for name, (_, leaf) in BLOCKED.items():
        check_put_out(originals[PLACE[name]], allowed[name], leaf)


# ---- what is put off


def test_what_is_put_off_is_not_shown_and_the_session_goes_on(reader, direct):
    number = PLACE["put off"]
    for command in ("RETR %d", "TOP %d 50", "RETR %d"):
        assert reader.expect(command % number, "-ERR [SYS/TEMP] ")
        assert differences(direct, reader, ["NOOP", "RETR 2"]) == []


def test_without_signatures_what_needs_them_is_put_off_and_shown_when_they_come(start, own_dir, mailboxes, originals):
    folder = own_dir / "signatures"
    gateway = start(backend("behind", pop3=[mailboxes.pop3_port]) + 'rule "malware" when av.result == infected then reject 554 5.7.1 "malware"\n',
                    changes={"antivirus": {"enabled": "on", "reload": "1s", "database": '"%s"' % folder}}, pop3="backend behind")
    assert gateway.wait_log("scanners down")
    number = PLACE["EICAR's test file"]
    with logged_in(gateway.pop3_port, timeout=30) as session:
        session.expect("RETR 2", "-ERR [SYS/TEMP] ")
        session.expect("RETR %d" % number, "-ERR [SYS/TEMP] ")
        samples.write_signatures(folder)
        assert gateway.wait_log("scanners ready program=gatepost-av", 40)
        session.expect("RETR 2", "-ERR [SYS/TEMP] ")  # one scan a minute, in one session
    assert wait_until(lambda: "gatepost-release ready" in gateway.log(), 20)
    with logged_in(gateway.pop3_port, timeout=30) as session:
        session.message(2)
        shown = session.message(number)
    assert len(shown) == len(originals[number]) and b"Gatepost" in shown and samples.EICAR not in shown


# ---- what is kept


def held(site, user, count):
    """What is held for a user, once there is as much of it."""
    found = lambda: [entry for entry in site.held("--most", "1000") if entry["to"] == user]
    wait_until(lambda: len(found()) >= count, 5)
    return found()


def test_what_is_put_out_is_held_for_who_reads_it_before_it_is_shown(site, originals):
    user = "held1@example.com"
    with logged_in(site.pop3_port, user, timeout=30) as session:
        session.message(PLACE["a program"])
        entry, = [entry for entry in site.held("--most", "1000") if entry["to"] == user]
        raw = subprocess.run([str(site.build / "gatepostctl"), "quarantine", "show", "--raw", str(entry["number"]), "--config", site.file],
                             capture_output=True, timeout=30).stdout
        assert raw.endswith(originals[PLACE["a program"]])


def test_whatever_word_refuses_it_the_original_is_held_and_once_in_a_session(site):
    with logged_in(site.pop3_port, "held2@example.com", timeout=30) as session:
        for command in ("RETR %d", "TOP %d 3", "RETR %d"):
            for subject in WHOLE:
                session.many(command % PLACE[subject])
    assert sorted(entry["subject"] for entry in held(site, "held2@example.com", 4)) == sorted(WHOLE)


def test_what_is_clean_or_put_off_is_not_held(site):
    with logged_in(site.pop3_port, "again@example.com", timeout=30) as session:
        session.message(2)
        session.expect("RETR %d" % PLACE["put off"], "-ERR")
    assert held(site, "again@example.com", 0) == []


def test_what_was_put_out_may_be_deleted_and_stays_held(site):
    user = "deletes@example.com"
    with logged_in(site.pop3_port, user, timeout=30) as session:
        before = int(session.expect("STAT").split()[1])
        session.message(PLACE["a program"])
        session.expect("DELE %d" % PLACE["a program"])
        session.expect("RETR %d" % PLACE["a program"], "-ERR")
        session.expect("QUIT")
        session.rest()
    with logged_in(site.pop3_port, user) as session:
        assert int(session.expect("STAT").split()[1]) == before - 1
    assert len(held(site, user, 1)) == 1


def test_what_cannot_be_held_is_not_shown(start, own_dir, mailboxes, direct):
    nothing = own_dir / "file"
    nothing.write_text("no folder")
    gateway = start(backend("behind", pop3=[mailboxes.pop3_port]) + RULES, pop3="backend behind",
                    changes={"keeper": {"folder": '"%s"' % nothing}, "timeouts": {"verdict": "2s"}})
    with logged_in(gateway.pop3_port, timeout=30) as session:
        session.send("".join("%s\r\n" % command for command in ("RETR 1", "TOP 1 1000", "NOOP", "RETR 2")))
        assert session.status().startswith(b"-ERR [SYS/TEMP] ")
        assert session.status().startswith(b"-ERR [SYS/TEMP] ")
        assert session.status().startswith(b"+OK")
        assert session.response("RETR 2") == direct.ask("RETR 2")


# ---- records


def test_each_message_is_recorded_with_its_verdict(site, originals):
    user = "recorded@example.com"
    names = ["a program", "a document with macros", "discarded", "dropped", "put off"]
    with logged_in(site.pop3_port, user, timeout=30) as session:
        for name in names:
            for command in ("RETR %d", "TOP %d 2"):
                session.ask(command % PLACE[name])
    records = wait_until(lambda: (found := [r for r in site.decisions() if r.get("login") == user]) and len(found) >= 5 and found)
    assert [record["verdict"] for record in records if record["verdict"] != "defer"] == ["reject", "quarantine", "discard", "drop"]
    assert {record["stage"] for record in records} == {"message"} and {record["direction"] for record in records} == {"fetch"}
    assert [record["size"] for record in records][:4] == [len(originals[PLACE[name]]) for name in names[:4]]
    assert "programs" in records[0]["rules"]


# ---- messages that change


def test_what_the_server_behind_sends_the_second_time_is_read_again_or_not_shown(start):
    """A server may show another message under the same number: its first one opens no door for the next."""
    stub = Pop3Stub([CLEAN, BLOCKED["a program"][0]]).start()
    try:
        gateway = start(backend("behind", pop3=[stub.port]) + RULES, pop3="backend behind")
        assert wait_until(lambda: "gatepost-release ready" in gateway.log(), 20)
        with logged_in(gateway.pop3_port, timeout=30) as session:
            assert session.message(1) == CLEAN
            stub.mails[0] = BLOCKED["a program"][0]
            for command in ("RETR 1", "TOP 1 1000", "TOP 1 20", "RETR 1"):
                shown = session.ask(command)
                assert not leaks(BLOCKED["a program"][1], shown), command
    finally:
        stub.stop()
