# SPDX-License-Identifier: ISC
"""Real programs that fetch mail, from real servers: each has through Gatepost the mailbox that it has from the server itself, and
of what is forbidden nothing but its length."""
import poplib
import subprocess

import pytest

from lab import fetchers, users
from lab.pop3_client import logged_in
from lab.process import wait_until
from lab.program_mailboxes import CHANGES, FORBIDDEN, MAILBOX, MIXED, RULES, assert_lengths_alone  # CHANGES and RULES are the suite's: conftest.py
from lab.smtp_client import client_context

DELETING = [name for name in fetchers.FETCHERS if name != "curl"]
MAILBOXES = {"user": MAILBOX, "mixed": MIXED} | {"emptied-by-" + name: MIXED for name in DELETING}

# Dovecot has a certificate as well; with the others the gateway speaks, and the programs directly, without TLS. So does node-pop3 with
# each: it must have a status line in one piece, and Dovecot's TLS sends its first octet alone.
WAYS = [("dovecot", "plain"), ("dovecot", "stls"), ("dovecot", "pop3s"), ("courier", "pop3s"), ("cyrus", "pop3s")]
SERVER_AND_TLS = pytest.mark.parametrize("front, tls", WAYS, indirect=["front"], ids=["%s-%s" % way for way in WAYS])

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(in_front):
    return in_front


@pytest.fixture
def fetch(own_dir, run_dir, authority, front):
    """fetch(program, "through", tls, local part): what the program stored of a mailbox; "directly": from the server itself."""
    def fetched(program, way, tls, local, **how):
        fetchers.need(program, tls, run_dir)
        folder = own_dir / way
        folder.mkdir()
        server = front.gateway if way == "through" else front.server
        if way == "directly" and (front.name != "dovecot" or program == "node"):
            tls = "plain"
        port = server.pop3s_port if tls == "pop3s" else server.pop3_port
        return fetchers.FETCHERS[program](folder, port, tls, authority.ca, "%s@%s.example" % (local, front.name), **how)
    return fetched


def opened(port, tls, user):
    """A mailbox as poplib opens it."""
    if tls == "pop3s":
        box = poplib.POP3_SSL("127.0.0.1", port, context=client_context(), timeout=20)
    else:
        box = poplib.POP3("127.0.0.1", port, timeout=20)
        if tls == "stls":
            box.stls(client_context())
    box.user(user)
    box.pass_(users.PASSWORD)
    return box


def read(box):
    """All that poplib can learn of a mailbox."""
    count = box.stat()[0]
    seen = [box.stat(), box.list(), box.uidl(), box.list(1), box.uidl(count)]
    for number in range(1, count + 1):
        seen += [box.top(number, 0), box.retr(number), box.top(number, 4)]
    return seen + [box.noop(), box.rset()]


@SERVER_AND_TLS
def test_poplib_reads_the_same_mailbox(tls, front, monkeypatch):
    monkeypatch.setattr(poplib, "_MAXLINE", 100000)
    user, seen = "user@%s.example" % front.name, []
    through = front.gateway.pop3s_port if tls == "pop3s" else front.gateway.pop3_port
    for port, how in ((front.server.pop3_port, "plain"), (through, tls)):
        box = opened(port, how, user)
        seen.append(read(box))
        assert box.quit().startswith(b"+OK")
    assert len(seen[0]) > 3 * len(MAILBOX) and seen[0] == seen[1]


def test_poplib_is_told_why_a_password_is_wrong(site):
    box = poplib.POP3("127.0.0.1", site.pop3_port, timeout=20)
    box.user("user@dovecot.example")
    with pytest.raises(poplib.error_proto, match="-ERR .AUTH."):
        box.pass_("wrong")
    box.close()


@SERVER_AND_TLS
@pytest.mark.parametrize("program", fetchers.FETCHERS)
def test_a_program_fetches_the_same_mailbox(program, tls, fetch):
    directly, through = (fetch(program, way, tls, "user") for way in ("directly", "through"))
    assert len(directly) == len(MAILBOX) and directly == through


@pytest.mark.parametrize("program", fetchers.FETCHERS)
def test_a_program_stores_of_what_is_forbidden_its_length_alone(program, front, fetch):
    directly, through = (fetch(program, way, "pop3s", "mixed") for way in ("directly", "through"))
    assert_lengths_alone(directly, through)


def originals_kept(gateway, user, count):
    """{subject: its original as the quarantine gives it back}"""
    found = lambda: [entry for entry in gateway.held("--most", "1000") if entry["to"] == user]
    wait_until(lambda: len(found()) >= count, 5)
    show = [str(gateway.build / "gatepostctl"), "quarantine", "show", "--config", gateway.file, "--raw"]
    return {entry["subject"]: subprocess.run(show + [str(entry["number"])], capture_output=True, timeout=30).stdout for entry in found()}


def is_empty(server, user):
    with logged_in(server.pop3_port, user) as session:
        return session.expect("STAT").startswith(b"+OK 0 ")


@pytest.mark.parametrize("program", DELETING)
def test_a_program_empties_the_mailbox_and_what_was_forbidden_is_kept(program, front, fetch):
    user = "emptied-by-%s@%s.example" % (program, front.name)
    assert len(fetch(program, "through", "pop3s", user.split("@")[0], keep=False)) == len(MIXED)
    assert wait_until(lambda: is_empty(front.server, user)), "Courier says +OK to QUIT before it deletes, others do not"
    kept = originals_kept(front.gateway, user, len(FORBIDDEN))
    assert set(kept) == set(FORBIDDEN)
    assert all(kept[subject].endswith(message) for subject, (message, _, _) in FORBIDDEN.items())
