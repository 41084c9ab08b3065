# SPDX-License-Identifier: ISC
"""SMTP smuggling: whatever stands where the end of the data could be seen, one message arrives or none."""
import base64
import json
import re
import uuid

import pytest

from lab import needs
from lab.gatepost import backend, domains
from lab.smtp_client import Closed, Session

FILE = needs.CORPORA / "smtp" / "smuggling.json"
CASES = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
pytestmark = pytest.mark.skipif(not CASES, reason="corpus smtp/smuggling.json is not here")

each_case = pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def play(port, stream, step_by_step=True):
    """Command by command up to DATA, then all the rest at once; or all at once. Gives what was answered."""
    commands, data = stream.split(b"DATA\r\n", 1) if step_by_step else (b"", stream)
    replies = []
    with Session(port) as session:
        try:
            for line in (commands + b"DATA\r\n").splitlines(keepends=True) if step_by_step else []:
                session.send(line)
                replies.append(session.reply())
            assert not step_by_step or replies[-1].code == 354
            session.send(data)
            while True:
                replies.append(session.reply())
        except (Closed, ConnectionError):
            return replies


def answer_to_data(replies):
    after = [reply.code for reply in replies[[r.code for r in replies].index(354) + 1:]]
    return after[0] if after else None


@each_case
@pytest.mark.parametrize("step_by_step", [True, False], ids=["step by step", "at once"])
def test_one_message_or_none_reaches_the_server_behind(case, step_by_step, gateway, behind):
    replies = play(gateway.port, base64.b64decode(case["client_stream_b64"]), step_by_step)
    told = answer_to_data(replies)
    assert len(behind.messages) == (1 if told == 250 else 0), replies
    assert told == 250 or told is None or 500 <= told <= 599 or told == 421, replies
    assert not any(b"admin@example.org" in line for line in behind.commands), "the smuggled envelope was executed"
    assert not any(reply.code == 354 for reply in replies[5:]), "the smuggled DATA was executed"


@each_case
def test_what_reaches_the_server_behind_has_crlf_alone(case, gateway, behind):
    play(gateway.port, base64.b64decode(case["client_stream_b64"]))
    assert not [message for message in behind.messages + behind.refused if BARE.search(message.wire)]


@pytest.fixture(scope="module")
def before_postfix(run_dir, postfix):
    from lab.gatepost import Gatepost
    folder = run_dir / "smuggling-postfix"
    folder.mkdir()
    gateway = Gatepost(folder, backend("behind", postfix.port) + domains("behind", "example.org"))
    try:
        yield gateway.start()
    finally:
        gateway.stop()


@each_case
def test_postfix_behind_stores_one_message_or_none(case, before_postfix, postfix):
    mark = uuid.uuid4().hex.encode()
    stream = base64.b64decode(case["client_stream_b64"]).replace(b"outer@attacker", mark + b"@attacker") \
                                                          .replace(b"smuggled body", mark + b" smuggled body")
    told = answer_to_data(play(before_postfix.port, stream))
    if told == 250:
        assert postfix.wait_for_message("user@example.org", mark)
    stored = [m for m in postfix.messages("user@example.org") if mark in m]
    assert len(stored) == (1 if told == 250 else 0)
    assert not [m for m in stored if re.search(rb"(?m)^Subject: SMUGGLED$", m.split(b"\n\n")[0])]
