# SPDX-License-Identifier: ISC
"""gatepostctl export: all that is kept about an address, and nothing about others."""
import json
import subprocess

import pytest

from lab.gatepost import backend, domains
from lab.smtp_client import Session

POLICY = 'rule "spam" when message.subject contains "spam" then quarantine "spam"\n'
MESSAGE = b"From: %s\r\nSubject: %s\r\n\r\nhello\r\n"


@pytest.fixture
def body(new_backend):
    return backend("behind", new_backend().port) + domains("behind", "example.com")


@pytest.fixture
def gateway(start, body):
    return start(body + POLICY)


def send(gateway, sender, recipient, author=b"author@client.example", subject=b"hello"):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope(recipient, sender=sender)
        assert client.data(MESSAGE % (author, subject)).code == 250


def export(gateway, address):
    told = gateway.control("export", address)
    return None if told is None else [json.loads(line) for line in told.splitlines()]


def of(kind, exported):
    return [line[kind] for line in exported if kind in line]


def test_whoever_sent_wrote_or_received_is_told_all_of_it(gateway):
    send(gateway, "me@client.example", "u@example.com")
    send(gateway, "other@client.example", "u@example.com", author=b"Me <ME@client.example>")
    send(gateway, "other@client.example", "me@example.com")
    send(gateway, "other@client.example", "u@example.com")
    records = of("record", export(gateway, "me@client.example"))
    assert [record["from"] for record in records] == ["other@client.example", "me@client.example"]
    assert [record["from"] for record in of("record", export(gateway, "ME@example.com"))] == ["other@client.example"]


def test_who_has_an_address_that_is_near_to_it_is_not_told(gateway):
    send(gateway, "not.me@client.example", "u@example.com")
    send(gateway, "me@client.example.org", "u@example.com")
    gateway.control("list", "add", "blocked", "not.me@client.example")
    assert export(gateway, "me@client.example") == []


def test_what_is_held_and_listed_is_told_whoever_may_see_it_and_after_its_end(gateway):
    send(gateway, "me@client.example", "u@example.com", subject=b"spam")
    send(gateway, "other@client.example", "u@example.com", subject=b"spam of somebody else")
    assert gateway.control("list", "add", "allowed", "me@client.example", "--reason", "known") is not None
    assert gateway.control("list", "add", "blocked", "bad@client.example", "--for", "me@client.example") is not None
    assert gateway.control("quarantine", "delete", str(gateway.held()[-1]["number"])) is not None
    exported = export(gateway, "me@client.example")
    assert [(held["from"], held["state"]) for held in of("held", exported)] == [("me@client.example", "deleted")]
    assert [(entry["list"], entry["sender"]) for entry in of("listed", exported)] == [("allowed", "me@client.example"), ("blocked", "bad@client.example")]
    assert of("record", exported)


def test_what_was_forgotten_is_not_there_to_be_told(gateway):
    send(gateway, "me@client.example", "u@example.com")
    assert export(gateway, "me@client.example")
    assert gateway.control("forget", "me@client.example") is not None
    assert export(gateway, "me@client.example") == []


def test_a_gateway_that_holds_nothing_tells_what_it_has(start, body):
    gateway = start(body)
    send(gateway, "me@client.example", "u@example.com")
    assert len(of("record", export(gateway, "me@client.example"))) == 1


def test_more_records_than_a_page_has_are_told(gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        for _ in range(2100):
            client.send("MAIL FROM:<me@client.example>\r\nRCPT TO:<u@example.com>\r\nDATA\r\n")
            assert [client.reply().code for _ in range(3)] == [250, 250, 354]
            client.send(b"Subject: x\r\n\r\nhello\r\n.\r\n")
            assert client.reply().code == 250
    assert len(of("record", export(gateway, "me@client.example"))) == 2100


def test_without_an_address_it_is_told_how_to_ask(gateway):
    done = subprocess.run([str(gateway.build / "gatepostctl"), "export", "--config", gateway.file], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("usage: gatepostctl export")
