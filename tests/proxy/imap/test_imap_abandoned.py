# SPDX-License-Identifier: ISC
"""IMAP sessions that end where they should not, a thousand of them: proxies keep no descriptor, no memory and nothing of what may be
kept of mail in the end, and serve as before."""
import concurrent.futures
import json
import os
import socket
import struct

import pytest

from lab import needs, samples
from lab.backend import CLOSE, HANG, RESET
from lab.gatepost import READY, Gatepost, backend, running
from lab.imap_client import Session, logged_in
from lab.imap_stub import TAG, ImapStub, literal
from lab.process import descriptors, resident, wait_until
from lab.smtp_client import Closed

from lab.forbidden import TEXT, b64, file, multipart, random_program

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"timeouts": {"backend": "3s", "response": "3s", "handshake": "2s", "drain": "3s"}, "limits": {"sessions_per_client": 1000}}
EVIL, LARGE = multipart("program", TEXT, file("setup.exe", b64(random_program()).rstrip())), samples.of_size(200000)
MAILS = [samples.clean("clean"), EVIL, LARGE]
GROWTH = 4 << 20  # octets, of a proxy

OK = TAG + b" OK done\r\n"
HALF = b"* 3 FETCH (UID 103 BODY[] {%d}\r\n" % len(LARGE) + LARGE[:100000]
SMALL = b"* 2 FETCH (UID 102 BODY[] {%d}\r\n" % len(EVIL) + EVIL[:2000]
SCRIPT = {
    "FETCH 2 (BODY.PEEK[] FLAGS)": [SMALL, CLOSE], "FETCH 3 (BODY.PEEK[] FLAGS)": [HALF, CLOSE], "FETCH 3 (BODY.PEEK[] UID)": [HALF, RESET],
    "FETCH 3 (BODY.PEEK[] ENVELOPE)": [HALF, HANG], "FETCH 1 (BODY.PEEK[] ENVELOPE)": [b"* 1 FETCH (BODY[] ", HANG],
    "UID SEARCH ALL": [b"* XBLOB {9}\r\nnot known\r\n", HANG], "UID SEARCH DELETED": [CLOSE], "STATUS Junk (MESSAGES)": [b"* LIST () NIL {100}\r\nabc", CLOSE],
    "UID FETCH 101 (UID BODY.PEEK[HEADER])": [b"* 1 FETCH (UID 101 BODY[HEADER] " + literal(MAILS[0][:100]), CLOSE],
}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def server():
    stub = ImapStub(MAILS, SCRIPT, password=None).start()
    yield stub
    stub.stop()


@pytest.fixture(scope="module")
def site(run_dir, server, certified):
    needs.to_be_root("Gatepost's parent")
    body = certified + RULES + backend("behind", imap=["%d tls none" % server.port])
    with running(Gatepost(run_dir / "imap-abandoned", body, changes=CHANGES, imap="backend behind"), ready=READY) as gateway:
        yield gateway


def reset(session):
    session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# ---- how a session ends: what is said in the mailbox before the client goes, or, where it waits, what the server makes of it


def goes(*octets, resets=False):
    def end(session):
        for piece in octets:
            session.send(piece)
        if resets:
            reset(session)
    return end


def waits(octets):
    def end(session):
        session.send(octets)
        session.rest()
    return end


def tls_that_ends(octets):
    def end(session):
        session.expect("STARTTLS")
        session.send(octets)
        reset(session)
    return end


def login_that_ends(session):
    session.send("a1 AUTHENTICATE PLAIN\r\n")
    session.response()


def idles(session):
    session.idle()
    reset(session)


IN_THE_MAILBOX = {
    "in a literal": goes(b"a9 APPEND INBOX {%d+}\r\n" % len(LARGE), LARGE[:150000]), "in a literal that is refused": goes(b"a9 X {100000+}\r\n", b"x" * 9000),
    "in a literal, with a reset": goes(b"a9 APPEND INBOX {%d}\r\n" % len(LARGE), LARGE[:70000], resets=True),
    "behind a message that is examined": goes(b"a9 APPEND INBOX {%d+}\r\n" % len(EVIL), EVIL + b"\r\n"), "in a command": goes(b"a9 SEARCH TEXT {3+}\r\nabc"),
    "while a message is held": goes(b"a9 FETCH 3 (BODY.PEEK[])\r\n"), "while all are": goes(b"a9 FETCH 1:3 (BODY.PEEK[])\r\n" * 3, resets=True),
    "while parts are": goes(b"a9 UID FETCH 101:103 (BODY.PEEK[1])\r\n", resets=True), "while half a message is there": goes(b"a9 FETCH 3 (BODY.PEEK[] ENVELOPE)\r\n"),
    "while a message is thought of": goes(b"a9 UID COPY 103 Junk\r\n"), "while the server says nothing": goes(b"a9 FETCH 1 (BODY.PEEK[] ENVELOPE)\r\n", resets=True),
    "in IDLE": idles, "without a word": goes(),
    "the server in a message": waits(b"a9 FETCH 2 (BODY.PEEK[] FLAGS)\r\n"), "the server in a large one": waits(b"a9 FETCH 3 (BODY.PEEK[] FLAGS)\r\n"),
    "the server by a reset": waits(b"a9 FETCH 3 (BODY.PEEK[] UID)\r\n"), "the server out of step": waits(b"a9 UID SEARCH ALL\r\n"),
    "the server at once": waits(b"a9 UID SEARCH DELETED\r\n"), "the server in a list": waits(b"a9 STATUS Junk (MESSAGES)\r\n"),
    "the server behind a header": waits(b"a9 UID FETCH 101 (UID BODY.PEEK[HEADER])\r\n"),
}
BEFORE_IT = {
    "TLS by no TLS": tls_that_ends(b"\x16\x03\x01\x00\x05hello"), "TLS in its first record": tls_that_ends(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "TLS at once": tls_that_ends(b""), "in the login": login_that_ends, "in a name": goes(b"a1 LOGIN {20+}\r\nuser@exa"), "before a word": goes(),
}
ENDS = {**IN_THE_MAILBOX, **BEFORE_IT}


def end_one(site, name):
    """Whether it came to where it was to end."""
    try:
        with logged_in(site.imap_port, "user@example.com", "any", "INBOX") if name in IN_THE_MAILBOX else Session(site.imap_port) as session:
            ENDS[name](session)
    except (Closed, OSError):
        return False
    return True


def end_all(site, server, times):
    """So many sessions of each kind, some at once."""
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        ended = list(threads.map(lambda name: end_one(site, name), list(ENDS) * times))
    assert all(ended), [name for name, so in zip(list(ENDS) * times, ended) if not so][:5]
    assert wait_until(lambda: server.open == 0, 8), "the server behind is still read"
    assert wait_until(lambda: kept(site) == 0, 8), "%d octets are still kept" % kept(site)


def kept(site):
    """Octets of mail, as the proxies count them."""
    return json.loads(site.control("status", "--json"))["gateway"]["spool"]


def held_by(site):
    return {pid: (descriptors(pid), resident(pid)) for pid in site.pids("gatepost-proxy")}


def test_a_thousand_sessions_that_end_in_all_ways_leave_nothing_behind(site, server):
    end_all(site, server, 8)
    before, connections = held_by(site), server.connections
    end_all(site, server, 1000 // len(ENDS) + 1)
    assert server.connections >= connections + 1000 * len(IN_THE_MAILBOX) // len(ENDS)
    after = held_by(site)
    for pid, (open_before, memory_before) in before.items():
        assert wait_until(lambda: descriptors(pid) <= open_before), (open_before, descriptors(pid), os.listdir("/proc/%d/fd" % pid))
        assert needs.SANITIZED or after[pid][1] <= memory_before + GROWTH, "%d KiB more" % (after[pid][1] - memory_before >> 10)
    with logged_in(site.imap_port, "user@example.com", "any", "INBOX") as session:
        assert session.message(1) == MAILS[0] and session.message(3) == LARGE
