# SPDX-License-Identifier: ISC
"""What is kept of people, and how long: history { personal, personal_age }."""
import json
import os
import pathlib
import stat

import pytest

from lab.gatepost import Gatepost, backend, check_configuration, domains
from lab.process import wait_until
from lab.smtp_client import Session

POLICY = 'rule "spam" when message.subject contains "spam" then quarantine "spam"\n' \
         'rule "named" when header["To"] contains "Zwetschge" then header add "X-To" "{recipient}"\n'
MESSAGE = b"From: Zwetschge <zwetschge@client.example>\r\nTo: Zwetschge <zwetschge@example.com>\r\nSubject: %s\r\nMessage-ID: <7@client.example>\r\n\r\nhello\r\n"


@pytest.fixture
def body(new_backend):
    return backend("behind", new_backend().port) + domains("behind", "example.com") + POLICY


def send(gateway, subject=b"zwetschgenkuchen"):
    with Session(gateway.port) as client:
        client.ehlo("zwetschge.pool.client.example")
        client.envelope("zwetschge@example.com", sender="zwetschge@client.example")
        assert client.data(MESSAGE % subject).code == 250


def history(how, **more):
    return {"history": dict({"personal": '"%s"' % how, "text": "on"}, **more)}


def record(gateway, *words):
    assert wait_until(lambda: gateway.control("status") is not None, 20)  # its keeper may have just begun
    found = [json.loads(line) for line in gateway.control("trace", "--json", *words).splitlines()]
    return found[0] if found else None


def kept(gateway):
    """All that is in the keeper's folder but for what is sealed."""
    folder = pathlib.Path(gateway.dir) / "keeper"
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".sealed"))


def test_standard_is_that_all_is_kept(start, body):
    gateway = start(body, changes={"history": {"text": "on"}})
    send(gateway)
    assert record(gateway, "zwetschge@client.example")["subject"] == "zwetschgenkuchen"


@pytest.mark.parametrize("how, sender", (("shorten", "z*@client.example"), ("drop", "*@client.example")))
def test_neither_the_database_nor_the_lines_tell_of_people(start, body, how, sender):
    gateway = start(body, changes=history(how))
    send(gateway)
    told = record(gateway)
    assert told["from"] == sender and told["rcpt"] == [sender.replace("client.", "").replace("example", "example.com")]
    assert told["client"] == "127.0.0.0" if how == "shorten" else "client" not in told
    assert told["facts"]["message.from"] == sender and told["facts"].get("message.subject") is None
    assert told["edits"] == [{"kind": "header add", "name": "X-To", "value": told["rcpt"][0]}]
    assert gateway.decisions()[-1]["from"] == sender
    gateway.stop()
    assert b"wetschge" not in kept(gateway)
    with open(gateway.decision_log, "rb") as lines:
        assert b"wetschge" not in lines.read()


def test_who_knows_an_address_finds_what_tells_of_it_by_a_hash(start, body):
    gateway = start(body, changes=history("hash"))
    send(gateway)
    told = record(gateway, "Zwetschge@client.example")
    assert told["from"].startswith("~") and told["from"].endswith("@client.example")
    assert record(gateway, "zwetsch@client.example") is None
    exported = [json.loads(line) for line in gateway.control("export", "zwetschge@example.com").splitlines()]
    assert [line["record"]["id"] for line in exported] == [told["id"]]
    key = pathlib.Path(gateway.dir) / "keeper" / "personal.key"
    assert key.stat().st_size == 16 and stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"wetschge" not in kept(gateway)
    assert gateway.control("forget", "zwetschge@client.example") == "1 records were taken out\n"


def test_the_hash_is_the_same_after_a_restart(start, body, own_dir):
    folder = {"keeper": {"folder": '"%s"' % (own_dir / "kept")}}
    froms = set()
    for _ in range(2):
        gateway = start(body, changes=dict(history("hash"), **folder))
        send(gateway)
        froms.add(record(gateway)["from"])
        gateway.stop()
    assert len(froms) == 1


def test_records_that_are_older_than_said_tell_less(start, body):
    gateway = start(body, changes=history("shorten", personal_age="30d"))
    send(gateway)
    assert record(gateway)["from"] == "zwetschge@client.example"


def test_what_is_held_can_be_released_whatever_records_tell(start, body):
    gateway = start(body, changes=history("drop"))
    send(gateway, b"spam")
    held, = gateway.held()
    assert held["to"] == "zwetschge@example.com"
    assert gateway.control("quarantine", "release", str(held["number"])) is not None
    assert wait_until(lambda: record(gateway, "--verdict", "delivered"), 20)
    assert record(gateway, "--verdict", "delivered")["rcpt"] == ["*@example.com"]


def test_refusals_tell_less_too_and_their_reference_leads_to_them(start, body):
    gateway = start(body, changes=history("shorten"))
    with Session(gateway.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<zwetschge@client.example>", 250)
        reply = client.expect("RCPT TO:<zwetschge@other.example>", 550)
    told = record(gateway, reply.text.rsplit("(", 1)[1].rstrip(")"))
    assert told["from"] == "z*@client.example" and "zwetschge" not in json.dumps(told)


def test_a_word_that_is_none_of_the_four_is_told_at_the_start(body, own_dir):
    code, said = check_configuration(Gatepost(own_dir, body, changes=history("blur")).file)
    assert code != 0 and 'personal "blur"' in said and "keep, shorten, hash or drop" in said


def test_a_key_that_is_damaged_is_told_and_mail_goes_on(start, body, own_dir):
    folder = own_dir / "kept"
    gateway = start(body, changes=dict(history("hash"), keeper={"folder": '"%s"' % folder}))
    send(gateway)
    assert record(gateway)
    gateway.stop()
    os.truncate(folder / "personal.key", 7)
    gateway = start(body, changes=dict(history("hash"), keeper={"folder": '"%s"' % folder}))
    assert gateway.wait_log("the key that addresses are hashed with is damaged")
    send(gateway)
