# SPDX-License-Identifier: ISC
"""No octet of a body costs a proxy much more than another: what is hostile is as cheap as plain lines, or nearly so."""
import pytest

from lab import needs
from lab.gatepost import backend, domains
from lab.smtp_client import Session

SIZE = 6 * 1024 * 1024
SPOOL = 12 * 1024 * 1024
TIMES = 8  # three to five in truth; without gathering it was a hundred and more
SCANNED = 'rule "hides" when message.hides_content then reject 550 5.7.1 "hidden"\n'
HEADER = b"From: a@client.example\r\nSubject: cost\r\n\r\n"
LINE = b"x" * 60 + b"\r\n"

# As they stand on the wire: dots are stuffed already.
BODIES = {
    "stuffed dots": b"..\r\n",
    "stuffed dots beside lines": b"..\r\n" + LINE,
    "dots within lines": b"a.\r\n",
    "empty lines": b"\r\n",
    "bare CR": b"\r",
    "bare LF": b"\n",
    "NUL": b"\0",
    "bare CR beside lines": b"\r" + LINE,
    "CR CR LF": b"\r\r\n",
    "all of them": b"..\r\n\0x\r\n\n.x\r\n\xff\r" + b"x" * 30 + b"\r\n.\n",
}


@pytest.fixture(scope="module")
def site(run_dir):
    from lab.backend import Backend
    from lab.gatepost import Gatepost
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent")
    server = Backend().start()
    folder = run_dir / "cost"
    folder.mkdir()
    gateway = Gatepost(folder, backend("behind", server.port) + domains("behind", "example.com") + SCANNED,
                       changes={"process": {"proxies": 1}, "timeouts": {"data": "60s", "scan": "60s", "verdict": "60s"},
                                "limits": {"spool": "%dB" % SPOOL, "message_size": "%dB" % (3 * SPOOL)}})
    gateway.behind = server
    try:
        yield gateway.start()
    finally:
        gateway.stop()
        server.stop()


def consumed(gateway):
    """Nanoseconds that the proxy has run."""
    (pid,) = gateway.pids("gatepost-proxy")
    with open("/proc/%d/schedstat" % pid) as f:
        return int(f.read().split()[0])


def cost(gateway, piece):
    """Nanoseconds for each octet of a body of such pieces, to its reply; and the reply's code."""
    body = HEADER + piece * (SIZE // len(piece))
    with Session(gateway.port, timeout=60) as session:
        session.ehlo()
        session.envelope("user@example.com")
        session.expect("DATA", 354)
        before = consumed(gateway)
        session.send(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        code = session.reply().code
        spent = consumed(gateway) - before
    gateway.behind.forget()
    return spent / len(body), code


@pytest.fixture(scope="module")
def plain(site):
    measured = [cost(site, LINE) for _ in range(3)]
    assert {code for _, code in measured} == {250}
    return sorted(measured)[1][0]


@pytest.mark.skipif(needs.SANITIZED, reason="a sanitizer's own cost is another for each octet")
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_costs_no_more_than_a_few_plain_ones(name, site, plain):
    measured = [cost(site, BODIES[name]) for _ in range(2)]
    assert min(measured)[0] <= TIMES * plain, "%s: %s, plain: %.2f" % (name, measured, plain)


@pytest.mark.parametrize("piece", [b"\0", b"\n", b"\r"], ids=["NUL", "bare LF", "bare CR"])
def test_a_body_that_will_be_refused_holds_no_room(site, piece):
    """Others find the room that it had: the budget is smaller than the body."""
    with Session(site.port, timeout=60) as session:
        session.ehlo()
        session.envelope("user@example.com")
        session.expect("DATA", 354)
        session.send(HEADER + LINE + piece + LINE * (2 * SPOOL // len(LINE)) + b".\r\n")
        reply = session.reply()
        assert (reply.code, reply.enhanced) == (554, "5.6.0")
