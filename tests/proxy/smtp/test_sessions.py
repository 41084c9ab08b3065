# SPDX-License-Identifier: ISC
"""Scripted conversations, right and wrong: each step gets one of the replies that its case allows."""
import json
import re

import pytest

from lab import needs
from lab.gatepost import backend, domains
from lab.smtp_client import Closed, Session

FILE = needs.CORPORA / "smtp" / "sessions.json"
CASES = json.loads(FILE.read_text())["cases"] if FILE.exists() else []

# A strict server never answers a line that does not end with CRLF: it still waits for the rest of it.
MAY_STAY_SILENT = {"bare-lf-command"}
# Its chunk ends with a bare LF, which we refuse where the case thinks of servers that take it.
ALSO_ALLOWED = {"bdat": {554}}
LAST_WORDS = (221, 421, 554)


def expanded(text):
    return re.sub(r"\{\{(.)\*(\d+)\}\}", lambda run: run[1] * int(run[2]), text, flags=re.S)


def step_bytes(send):
    text = send["repeat"][0] * send["repeat"][1] if isinstance(send, dict) else send
    return expanded(text).encode()


def step_codes(expect):
    """One set of allowed codes for each reply."""
    if isinstance(expect, dict):
        expect = [expect["repeat"][0]] * expect["repeat"][1]
    elif isinstance(expect, str):
        expect = [expect]
    return [{int(code) for code in item.split("|")} for item in expect]


def play(session, case):
    last = None
    for step in case["steps"]:
        try:
            session.send(step_bytes(step["send"]))
            if case["id"] in MAY_STAY_SILENT and session.silent(0.3):
                return
            for allowed in step_codes(step["expect"]):
                allowed = allowed | ALSO_ALLOWED.get(case["id"], set())
                last = session.reply()
                assert last.code in allowed, "%.60r: got %r, allowed %s" % (step["send"], last, sorted(allowed))
        except (Closed, ConnectionError):
            assert last and last.code in LAST_WORDS, "closed without a word after %.60r" % step["send"]
            return


@pytest.mark.skipif(not CASES, reason="corpus smtp/sessions.json is not here")
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_session(case, gateway, session):
    play(session, case)
    assert gateway.answers()


@pytest.mark.skipif(not CASES, reason="corpus smtp/sessions.json is not here")
def test_addresses_that_hide_another_are_not_rewritten(session, behind):
    """user%other.example@example.org may be taken for example.org, but never as mail for other.example."""
    session.ehlo()
    session.envelope("user@example.org")
    session.command("RCPT TO:<user%other.example@example.org>")
    session.command("RCPT TO:<other.example!user@example.org>")
    assert session.data(b"Subject: x\r\n\r\nx\r\n").code == 250
    assert all(recipient.endswith("@example.org") for recipient in behind.messages[0].recipients)


def test_each_change_of_state_is_logged_at_debug(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com"))
    with Session(gateway.port) as client:
        client.expect("NOOP", 250)
        client.expect("QUIT", 221)
    assert gateway.wait_log("to=closing")
    assert re.findall(r"from=(\w+) to=(\w+)", gateway.log())[-3:] == [("connected", "busy"), ("busy", "open"), ("open", "closing")]
