# SPDX-License-Identifier: ISC
"""Servers behind that fail at each step in each way: what the sender is told is true, and comes in time.

All cases run side by side against one gateway; each has a server and a domain of its own."""
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import needs
from lab.backend import CLOSE, HANG, RESET, Backend
from lab.gatepost import Gatepost, backend, domains
from lab.smtp_client import Closed, Session, send

MESSAGE = b"Subject: faults\r\n\r\nhello\r\n"
DEADLINE = 12

LATER, FOR_GOOD, DELIVERED = range(400, 500), range(500, 600), (250,)

BREAKS = {
    "closes": [CLOSE],
    "resets": [RESET],
    "never answers": [HANG],
    "half a reply": [b"25", CLOSE],
    "half a reply, then silence": [b"25", HANG],
    "half of several lines": [b"250-first\r\n", CLOSE],
    "no SMTP": [b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE],
    "a line without end": [b"250 " + b"x" * 200000, HANG],
    "lines without end": [b"250-x\r\n" * 50000, HANG],
    "421": [b"421 4.3.2 shutting down\r\n", CLOSE],
}

# (step, what happens, action, what the sender may be told)
CASES = [(step, name, action, LATER) for step in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT") for name, action in BREAKS.items()]
CASES += [
    ("CONNECT", "554", "554 5.7.1 no", LATER),
    ("CONNECT", "slow", [0.5, b"220 behind.example.com\r\n"], DELIVERED),
    ("EHLO", "502, HELO works", "502 5.5.1 no EHLO", DELIVERED),
    ("EHLO", "slow", [0.5, b"250 behind.example.com\r\n"], DELIVERED),
    ("EHLO", "in many lines", [b"250-behind.example.com\r\n" + b"250-X-WORD y\r\n" * 20 + b"250 SIZE\r\n"], DELIVERED),
    ("MAIL", "451", "451 4.3.0 later", LATER),
    ("MAIL", "sender refused", "553 5.1.8 sender domain does not exist", FOR_GOOD),
    ("MAIL", "530 STARTTLS first", "530 5.7.0 Must issue a STARTTLS command first", LATER),
    ("MAIL", "a connector that does not know us", "530 5.7.1 Client was not authenticated", LATER),
    ("MAIL", "503", "503 5.5.1 bad sequence of commands", LATER),
    ("MAIL", "452 full", "452 4.3.1 insufficient system storage", LATER),
    ("RCPT", "450", "450 4.2.0 mailbox busy", LATER),
    ("RCPT", "550 5.1.1", "550 5.1.1 no such user", FOR_GOOD),
    ("RCPT", "552 5.2.2", "552 5.2.2 mailbox full", FOR_GOOD),
    ("RCPT", "a connector that does not know us", "550 5.7.1 Unable to relay", LATER),
    ("RCPT", "503", "503 5.5.1 bad sequence of commands", LATER),
    ("RCPT", "530 STARTTLS first", "530 5.7.0 Must issue a STARTTLS command first", LATER),
    ("DATA", "451", "451 4.3.0 later", LATER),
    ("DATA", "503", "503 5.5.1 bad sequence of commands", LATER),
    ("DATA", "250 instead of 354", "250 2.0.0 ok", LATER),
    ("DOT", "content refused", "554 5.6.0 content refused", FOR_GOOD),
    ("DOT", "too large", "552 5.3.4 too large", FOR_GOOD),
    ("DOT", "451", "451 4.3.0 later", LATER),
    ("DOT", "452 full", "452 4.3.1 insufficient system storage", LATER),
    ("DOT", "354 again", "354 go on", LATER),
    ("DOT", "slow", [1.0, b"250 2.0.0 ok\r\n"], DELIVERED),
    ("DOT", "in two pieces", [b"25", 0.2, b"0 2.0.0 o", 0.2, b"k\r\n"], DELIVERED),
    ("DOT", "in several lines", [b"250-2.0.0 thank\r\n250 2.0.0 you\r\n"], DELIVERED),
]
IN_DOUBT = ("closes", "resets", "never answers", "half a reply", "half a reply, then silence")


@pytest.fixture(scope="module")
def outcomes(run_dir):
    """For each case: (what was told, its server, seconds), and the gateway."""
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent")
    servers = [Backend({step: action}).start() for step, _, action, _ in CASES]
    body = "".join(backend("behind_%d" % n, server.port) + domains("behind_%d" % n, "case-%d.example" % n)
                   for n, server in enumerate(servers))
    folder = run_dir / "backend-faults"
    folder.mkdir()
    gateway = Gatepost(folder, body, changes={"timeouts": {"backend": "2s", "connect": "2s", "verdict": "5s"}})

    def run(number):
        began = time.monotonic()
        try:
            told = send(gateway.port, MESSAGE, "user@case-%d.example" % number, timeout=2 * DEADLINE)
        except (Closed, OSError) as error:
            told = error
        return told, servers[number], time.monotonic() - began

    try:
        gateway.start()
        with ThreadPoolExecutor(16) as pool:
            yield list(pool.map(run, range(len(CASES)))), gateway
    finally:
        gateway.stop()
        for server in servers:
            server.stop()


@pytest.mark.parametrize("number", range(len(CASES)), ids=["%s: %s" % case[:2] for case in CASES])
def test_backend_fault(number, outcomes):
    told, server, seconds = outcomes[0][number]
    assert getattr(told, "code", None) in CASES[number][3], "told %r" % told
    assert (told.code == 250) == (len(server.messages) == 1), "250 means: the server behind has it"
    assert seconds < DEADLINE


def test_a_lost_final_reply_is_recorded_as_in_doubt(outcomes):
    gateway = outcomes[1]
    lines = [line for line in gateway.log().splitlines() if "in-doubt" in line]
    for (told, *_), (step, name, *_) in zip(outcomes[0], CASES):
        if step == "DOT" and name in IN_DOUBT:
            reference = re.search(r"\((\S+)\)$", told.text)[1]
            assert any(reference in line for line in lines), "%s: no line for %s" % (name, told)


def test_no_proxy_died_of_any(outcomes):
    assert len(outcomes[1].pids("gatepost-proxy")) == 2
    assert outcomes[1].answers()


# -- more than one server

def test_the_next_server_gets_the_mail_when_the_first_is_down(start, new_backend):
    dead, alive = new_backend(), new_backend()
    dead.stop()
    gateway = start(backend("behind", "%d priority 1" % dead.port, "%d priority 2" % alive.port) + domains("behind", "example.com"))
    for _ in range(3):
        assert send(gateway.port, MESSAGE, "user@example.com").code == 250
    assert len(alive.messages) == 3


def test_before_the_dot_another_server_is_tried(start, new_backend):
    weak, strong = new_backend({"DATA": [CLOSE]}), new_backend()
    gateway = start(backend("behind", "%d priority 1" % weak.port, "%d priority 2" % strong.port) + domains("behind", "example.com"))
    assert send(gateway.port, MESSAGE, "user@example.com").code == 250
    assert len(strong.messages) == 1


def test_after_the_dot_no_other_server_is_tried(start, new_backend):
    weak, strong = new_backend({"DOT": [CLOSE]}), new_backend()
    gateway = start(backend("behind", "%d priority 1" % weak.port, "%d priority 2" % strong.port) + domains("behind", "example.com"))
    assert send(gateway.port, MESSAGE, "user@example.com").code in LATER
    assert not strong.messages and not strong.refused


def test_the_server_of_lower_priority_is_left_alone(start, new_backend):
    first, second = new_backend(), new_backend()
    gateway = start(backend("behind", "%d priority 1" % first.port, "%d priority 2" % second.port) + domains("behind", "example.com"))
    for _ in range(5):
        assert send(gateway.port, MESSAGE, "user@example.com").code == 250
    assert (len(first.messages), len(second.messages)) == (5, 0)


def test_a_pooled_connection_that_went_away_is_noticed(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com"))
    for _ in range(5):
        assert send(gateway.port, MESSAGE, "user@example.com").code == 250
        server.hang_up()
    assert len(server.messages) == 5


def test_each_domain_goes_to_its_own_server(start, new_backend):
    one, two = new_backend(), new_backend()
    gateway = start(backend("one", one.port) + backend("two", two.port) + domains("one", "example.com")
                    + domains("two", "example.org"))
    with Session(gateway.port) as session:
        session.ehlo()
        for address in ("user@example.com", "user@example.org"):
            session.envelope(address)
            assert session.data(MESSAGE).code == 250
        session.expect("MAIL FROM:<a@client.example>", 250)
        session.expect("RCPT TO:<user@example.com>", 250)
        reply = session.expect("RCPT TO:<user@example.org>", 452)
        assert reply.enhanced == "4.5.3"
    assert [m.recipients for m in one.messages] == [["user@example.com"]]
    assert [m.recipients for m in two.messages] == [["user@example.org"]]
