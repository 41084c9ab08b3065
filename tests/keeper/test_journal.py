# SPDX-License-Identifier: ISC
"""The journal: what rules say is kept, sealed, beside what becomes of it; its trouble never holds a message up."""
import json
import os
import time

import pytest

from lab.backend import HANG
from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

POLICY = 'rule "journal" then journal\n' \
         'rule "refused" when message.subject contains "refused" then reject 550 5.7.1 "no"\n' \
         'rule "spam" when message.subject contains "spam" then quarantine "spam"\n'
MESSAGE = b"From: author@client.example\r\nSubject: %s\r\n\r\nhello\r\n.a line with a dot\r\n"


@pytest.fixture
def behind(new_backend):
    return new_backend()


def conf(server, policy=POLICY):
    return backend("behind", server.port) + domains("behind", "example.com") + policy


@pytest.fixture
def gateway(start, behind):
    return start(conf(behind))


def send(gateway, subject, *recipients):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope(*(recipients or ("u@example.com",)), sender="a@client.example")
        return client.data(MESSAGE % subject)


def journal(gateway, *words):
    return [json.loads(line) for line in (gateway.control("journal", "list", "--json", *words) or "").splitlines()]


def containers(gateway):
    return [name for name in os.listdir(os.path.join(gateway.dir, "keeper", "journal")) if name.endswith(".sealed")]


def test_what_is_delivered_is_in_the_journal_before_its_250_once_with_each_recipient_as_it_came(gateway, behind):
    assert send(gateway, b"hello", "u@example.com", "blind@example.com").code == 250
    entries = journal(gateway)
    assert sorted((e["to"], e["state"], e["from"], e["subject"]) for e in entries) \
        == [(to, "kept", "a@client.example", "hello") for to in ("blind@example.com", "u@example.com")]
    assert len(containers(gateway)) == 1 and gateway.held() == []
    assert gateway.control("journal", "show", "--raw", str(entries[0]["number"])).encode() \
        == (MESSAGE % b"hello").replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n")
    assert [message.recipients for message in behind.messages] == [["u@example.com", "blind@example.com"]]
    status = json.loads(gateway.control("status", "--json"))
    assert status["journal"]["kept"] == 2 and status["journal"]["serves"] and status["quarantine"]["waiting"] == 0


def test_its_octets_are_not_to_be_read_on_the_disk(gateway):
    assert send(gateway, b"hello").code == 250
    name, = containers(gateway)
    with open(os.path.join(gateway.dir, "keeper", "journal", name), "rb") as f:
        assert b"dot" not in f.read()


def test_what_is_held_is_in_it_too_and_what_is_refused_is_not(gateway):
    assert [send(gateway, subject).code for subject in (b"spam", b"refused")] == [250, 550]
    assert [e["subject"] for e in journal(gateway)] == ["spam"] == [e["subject"] for e in gateway.held()]


def test_what_the_server_behind_does_not_take_is_not_in_it(start, new_backend):
    behind = new_backend({"DOT": "451 4.3.0 later"})
    gateway = start(conf(behind))
    assert send(gateway, b"hello").code == 451
    assert wait_until(lambda: journal(gateway) == [] and not containers(gateway))
    behind.script["DOT"] = "554 5.6.0 not that"
    assert send(gateway, b"hello").code == 554
    assert wait_until(lambda: journal(gateway) == [] and not containers(gateway))
    behind.script.clear()
    assert send(gateway, b"hello").code == 250
    assert [e["state"] for e in journal(gateway)] == ["kept"]


def test_what_a_client_did_not_wait_for_and_the_server_behind_never_took_is_not_in_it(start, new_backend):
    gateway = start(conf(new_backend({"DOT": [HANG]})), changes={"timeouts": {"backend": "3s", "verdict": "3s"}})
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com", sender="a@client.example")
        client.expect("DATA", 354)
        client.send(b"Subject: hello\r\n\r\nhello\r\n.\r\n")
        assert wait_until(lambda: journal(gateway))
    assert wait_until(lambda: journal(gateway) == [] and not containers(gateway), 20)


def test_it_is_found_by_recipient_sender_and_subject_and_shown_like_what_is_held(gateway):
    assert [send(gateway, subject, to).code for subject, to in
            ((b"first", "u@example.com"), (b"second", "v@example.com"))] == [250, 250]
    assert [e["subject"] for e in journal(gateway, "v@example.com")] == ["second"]
    assert [e["to"] for e in journal(gateway, "first")] == ["u@example.com"]
    number = journal(gateway, "first")[0]["number"]
    shown = gateway.control("journal", "show", str(number))
    assert "kept" in shown and "a line with a dot" in shown and "held as" not in shown
    assert "first" in gateway.control("journal", "list") and "2 kept" in gateway.control("status")


def test_what_is_deleted_is_gone_from_the_disk_and_nothing_of_it_is_released(gateway, behind):
    assert send(gateway, b"hello").code == 250
    number = str(journal(gateway)[0]["number"])
    assert gateway.control("quarantine", "release", number) is None and len(behind.messages) == 1
    assert gateway.control("journal", "delete", number) == number + " deleted\n"
    assert journal(gateway) == [] and not containers(gateway)
    assert [e["state"] for e in journal(gateway, "--all")] == ["deleted"]


def test_export_tells_of_it(gateway):
    assert send(gateway, b"hello").code == 250
    told = [json.loads(line) for line in gateway.control("export", "u@example.com").splitlines()]
    assert [entry["journal"]["subject"] for entry in told if "journal" in entry] == ["hello"]


def test_a_journal_that_is_full_costs_no_message_and_takes_the_quarantine_no_room(start, behind):
    gateway = start(conf(behind), changes={"journal": {"size": "1MiB"}})
    noise = os.urandom(600 * 1024).hex().encode()
    body = b"\r\n".join(noise[i:i + 76] for i in range(0, len(noise), 76)) + b"\r\n"
    for subject in (b"first", b"second", b"third", b"spam"):
        with Session(gateway.port) as client:
            client.ehlo()
            client.envelope("u@example.com", sender="a@client.example")
            assert client.data(b"Subject: %s\r\n\r\n" % subject + body).code == 250
    kept = [e["subject"] for e in journal(gateway)]
    assert len(behind.messages) == 3 and [e["subject"] for e in gateway.held()] == ["spam"]
    assert kept == [] or kept == ["first"]
    assert gateway.log().count("the journal has it not") == 4 - len(kept)
    counters = json.loads(gateway.control("status", "--json"))["gateway"]["counters"]
    assert counters["journal_lost"] == 4 - len(kept)


def test_a_keeper_that_cannot_take_it_holds_no_message_up(start, behind):
    gateway = start(conf(behind), changes={"keeper": {"folder": '"/dev/null/keeper"'}})
    began = time.monotonic()
    assert [send(gateway, b"hello").code for _ in range(20)] == [250] * 20 and len(behind.messages) == 20
    assert time.monotonic() - began < 8 and gateway.log().count("the journal has it not") == 20


def test_copies_and_the_journal_both_have_it(start, behind):
    gateway = start(conf(behind, 'rule "both" then journal, copy to "journal@example.com"\n'))
    assert send(gateway, b"hello").code == 250
    assert [e["to"] for e in journal(gateway)] == ["u@example.com"]
    assert wait_until(lambda: ["journal@example.com"] in [message.recipients for message in behind.messages], 20)


def test_it_is_there_after_a_restart(start, behind):
    gateway = start(conf(behind))
    assert send(gateway, b"hello").code == 250
    os.kill(gateway.pids("gatepost-keeper")[0], 9)
    assert wait_until(lambda: [e["subject"] for e in journal(gateway)] == ["hello"], 20)
