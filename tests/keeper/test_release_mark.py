# SPDX-License-Identifier: ISC
"""The mark on what was released: our own rules know it again, and nobody else can make or move it."""
import re

import pytest

from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

POLICY = 'rule "released" when message.released then accept\n' \
         'rule "bad" when message.subject contains "bad" then quarantine "spam"\n'
MESSAGE = b"From: a@client.example\r\nMessage-ID: <1@client.example>\r\nSubject: bad one\r\n\r\nhello\r\n.with a dot\r\n\r\n"


@pytest.fixture
def behind(new_backend):
    return new_backend()


@pytest.fixture
def gateway(start, behind):
    return start(backend("behind", behind.port) + domains("behind", "example.com") + POLICY)


def send(gateway, content, *recipients):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope(*(recipients or ("u@example.com",)), sender="a@client.example")
        return client.data(content).code


def wait_for_keys(gateway):
    assert gateway.wait_log("gatepost-release ready") and wait_until(lambda: send(gateway, MESSAGE) == 250)


@pytest.fixture
def released(gateway, behind):
    """What arrived of a message that was held and released."""
    wait_for_keys(gateway)
    assert gateway.control("quarantine", "release", "1") is not None
    assert wait_until(lambda: behind.messages)
    return behind.messages[0].content


def goes_through(gateway, behind, content, *recipients):
    """Whether it is delivered, and not held."""
    before = len(behind.messages)
    assert send(gateway, content, *recipients) == 250
    return len(behind.messages) > before


def test_what_was_released_goes_through_when_it_comes_by_again(gateway, behind, released):
    assert re.search(rb"X-Gatepost-Released: \S+; held as \"spam\", released by root;\r\n\tmark=[0-9a-f]{64};\r\n\t", released)
    assert goes_through(gateway, behind, released)
    assert goes_through(gateway, behind, b"Received: from elsewhere\r\n" + released + b"\r\n", "U@Example.com".lower())


@pytest.mark.parametrize("what,change", {
    "another body": lambda m: m.replace(b"hello", b"hellp"),
    "another Message-ID": lambda m: m.replace(b"<1@", b"<2@"),
    "another mark": lambda m: re.sub(rb"mark=(.)", lambda found: b"mark=" + (b"1" if found[1] == b"0" else b"0"), m),
    "half a mark": lambda m: re.sub(rb"mark=.{32}", b"mark=", m),
    "no mark": lambda m: re.sub(rb"\r\n\tmark=[0-9a-f]+;", b"", m),
    "more at its end": lambda m: m + b"more\r\n",
    "the mark behind many others": lambda m: b"X-Gatepost-Released: x; mark=%s;\r\n" % (b"0" * 64) * 4 + m,
}.items())
def test_a_message_with_something_else_about_it_is_judged_anew(gateway, behind, released, what, change):
    assert change(released) != released and not goes_through(gateway, behind, change(released))


def test_a_mark_is_one_recipients(gateway, behind, released):
    assert not goes_through(gateway, behind, released, "v@example.com")
    assert goes_through(gateway, behind, released, "u@example.com", "v@example.com"), "u has it"
    assert behind.messages[-1].recipients == ["u@example.com"]


def test_marks_outlive_the_gateway_and_not_its_key(gateway, behind, released):
    gateway.stop()
    gateway.start()
    wait_until(lambda: gateway.log().count("gatepost-release ready") == 2)
    assert wait_until(lambda: goes_through(gateway, behind, released))
