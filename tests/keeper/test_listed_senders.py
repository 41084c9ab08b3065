# SPDX-License-Identifier: ISC
"""Senders that people allow or block: gatepostctl list, and what rules see of it."""
import json
import subprocess

import pytest

from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

POLICY = 'rule "blocked" when sender.blocked then reject 550 5.7.1 "not wanted"\n' \
         'rule "author" when message.from_blocked then reject 550 5.7.1 "author not wanted"\n' \
         'rule "odd" when message.subject contains "odd" and not sender.allowed then reject 550 5.7.1 "odd"\n'


@pytest.fixture
def gateway(start, new_backend):
    return start(backend("behind", new_backend().port) + domains("behind", "example.com", "bücher.example") + POLICY)


def listed(gateway, *words):
    return [json.loads(line) for line in gateway.control("list", "show", "--json", *words).splitlines()]


def add(gateway, *words):
    assert gateway.control("list", "add", *words) is not None


def told(gateway, sender, recipient="u@example.com", author="a@client.example", subject="hello"):
    with Session(gateway.port) as client:
        client.ehlo()
        client.command("MAIL FROM:<%s>" % sender)
        reply = client.command("RCPT TO:<%s>" % recipient)
        if reply.code != 250:
            return "rcpt %d" % reply.code
        return "data %d" % client.data(("From: %s\r\nSubject: %s\r\n\r\nhello\r\n" % (author, subject)).encode()).code


def comes_to(gateway, expected, *how, **more):
    assert wait_until(lambda: told(gateway, *how, **more) == expected), told(gateway, *how, **more)


def test_who_is_blocked_is_refused_at_once_and_no_longer_when_he_is_taken_out(gateway):
    assert told(gateway, "a@shop.example") == "data 250"
    add(gateway, "blocked", "shop.example", "--reason", "spam")
    comes_to(gateway, "rcpt 550", "a@shop.example")
    assert told(gateway, "a@other.example") == "data 250"
    entry, = listed(gateway)
    assert (entry["list"], entry["sender"], entry["for"], entry["reason"], entry["by"]) == ("blocked", "shop.example", "", "spam", "root")
    assert gateway.control("list", "remove", str(entry["number"])) is not None and listed(gateway) == []
    comes_to(gateway, "data 250", "a@shop.example")


def test_a_block_for_one_recipient_is_no_other_ones(gateway):
    add(gateway, "blocked", "news@shop.example", "--for", "U@example.com")
    comes_to(gateway, "rcpt 550", "news@shop.example")
    assert told(gateway, "news@shop.example", "v@example.com") == "data 250"


def test_who_brings_the_message_of_a_blocked_author_is_refused(gateway):
    add(gateway, "blocked", "*.shop.example")
    comes_to(gateway, "data 550", "a@client.example", author="boss@mail.shop.example")
    assert told(gateway, "a@client.example", author="boss@shop.example") == "data 250"


def test_who_is_allowed_is_spared_what_rules_spare_him(gateway):
    assert told(gateway, "a@partner.example", subject="odd") == "data 550"
    add(gateway, "allowed", "partner.example", "--for", "example.com")
    comes_to(gateway, "data 250", "a@partner.example", subject="odd")


def test_lists_are_kept_for_rules_that_name_them_where_nothing_else_is(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + POLICY,
                    changes={"history": {"enabled": "off"}, "log": {"decisions": '""'}})
    assert wait_until(lambda: gateway.control("status"))
    add(gateway, "blocked", "shop.example")
    comes_to(gateway, "rcpt 550", "a@shop.example")


def test_a_domain_is_one_in_both_spellings(gateway):
    add(gateway, "blocked", "Müller.example", "--for", "u@BÜCHER.example")
    comes_to(gateway, "rcpt 550", "a@xn--mller-kva.example", "u@xn--bcher-kva.example")


def test_lists_outlive_keeper_proxy_and_gateway(gateway):
    add(gateway, "blocked", "shop.example")
    comes_to(gateway, "rcpt 550", "a@shop.example")
    for program in ("gatepost-proxy", "gatepost-keeper"):
        for pid in gateway.pids(program):
            subprocess.run(["kill", "-9", str(pid)], check=True)
    comes_to(gateway, "rcpt 550", "a@shop.example")
    gateway.stop()
    gateway.start()
    comes_to(gateway, "rcpt 550", "a@shop.example")


def test_what_is_no_sender_is_not_listed(gateway):
    for word in ("@", "a@b@", "@shop.example", "a b@shop.example", "*shop.example", "x" * 400 + "@shop.example", "a@shop.example,b@shop.example"):
        assert gateway.control("list", "add", "blocked", word) is None, word
    assert gateway.control("list", "add", "grey", "a@shop.example") is None
    assert gateway.control("list", "remove", "77") is None
    assert listed(gateway) == []


def test_the_same_sender_is_listed_once_for_the_same_people(gateway):
    add(gateway, "blocked", "shop.example", "--reason", "first")
    add(gateway, "blocked", "SHOP.example", "--reason", "second", "--days", "7")
    entry, = listed(gateway, "blocked")
    assert entry["reason"] == "second" and entry["until"] > entry["added"]
    assert listed(gateway, "allowed") == []
