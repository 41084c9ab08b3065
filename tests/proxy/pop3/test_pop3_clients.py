# SPDX-License-Identifier: ISC
"""Real programs that fetch mail: each has through Gatepost the mailbox that it has from the server itself."""
import poplib
import re
import shutil

import pytest

from lab import fetchers, samples, users
from lab.odd_mails import ODD
from lab.pop3_client import logged_in
from lab.smtp_client import client_context

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
# Without NULs, dots alone and cut headers: programs themselves disagree about those.
NAMES = ("clean", "with an attachment", "dots at line beginnings", "no final newline", "an empty body", "eight bit", "many lines", "a long header line")
MAILBOX = [ODD[name] for name in NAMES] + [samples.of_size(300000)]
EMPTIED = ["emptied-by-%s" % name for name in fetchers.FETCHERS]
MAILS = {"user@example.com": MAILBOX, "bad@example.com": [ODD["clean"], samples.zipped_program(), ODD["eight bit"]]}
MAILS |= {name + "@example.com": MAILBOX for name in EMPTIED}
HOW = ["plain", "stls", "pop3s"]

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(params=HOW)
def tls(request):
    return request.param


def port_of(server, tls):
    return server.pop3s_port if tls == "pop3s" else server.pop3_port


def opened(server, tls, user="user@example.com"):
    """A mailbox as poplib opens it."""
    if tls == "pop3s":
        box = poplib.POP3_SSL("127.0.0.1", server.pop3s_port, context=client_context(), timeout=20)
    else:
        box = poplib.POP3("127.0.0.1", server.pop3_port, timeout=20)
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


def test_poplib_reads_the_same_mailbox(tls, site, mailboxes, monkeypatch):
    monkeypatch.setattr(poplib, "_MAXLINE", 100000)
    seen = []
    for server in (mailboxes, site):
        box = opened(server, tls)
        seen.append(read(box))
        assert box.quit().startswith(b"+OK")
    assert len(seen[0]) > 3 * len(MAILBOX) and seen[0] == seen[1]


def test_poplib_is_told_why_a_password_is_wrong(site):
    box = poplib.POP3("127.0.0.1", site.pop3_port, timeout=20)
    box.user("user@example.com")
    with pytest.raises(poplib.error_proto, match="-ERR .AUTH."):
        box.pass_("wrong")
    box.close()


@pytest.mark.parametrize("fetcher", fetchers.FETCHERS)
def test_a_program_fetches_the_same_mailbox(fetcher, tls, site, mailboxes, own_dir, authority):
    if not shutil.which(fetcher):
        pytest.skip("no %s" % fetcher)
    seen = []
    for server in (mailboxes, site):
        folder = own_dir / ("directly" if server is mailboxes else "through")
        folder.mkdir()
        seen.append(fetchers.FETCHERS[fetcher](folder, port_of(server, tls), tls, authority.ca))
    assert len(seen[0]) == len(MAILBOX) and seen[0] == seen[1]


@pytest.mark.parametrize("fetcher", [name for name in fetchers.FETCHERS if name != "curl"])
def test_a_program_empties_the_mailbox(fetcher, site, own_dir, authority):
    if not shutil.which(fetcher):
        pytest.skip("no %s" % fetcher)
    user = "emptied-by-%s@example.com" % fetcher
    assert len(fetchers.FETCHERS[fetcher](own_dir, site.pop3_port, "stls", authority.ca, user=user, keep=False)) == len(MAILBOX)
    with logged_in(site.pop3_port, user) as session:
        assert session.expect("STAT").startswith(b"+OK 0 ")


@pytest.mark.parametrize("fetcher", fetchers.FETCHERS)
def test_a_program_fetches_all_of_a_mailbox_that_holds_something_forbidden(fetcher, site, own_dir, authority):
    """It neither stops there nor comes again and again."""
    if not shutil.which(fetcher):
        pytest.skip("no %s" % fetcher)
    clean, bad, last = fetchers.FETCHERS[fetcher](own_dir, site.pop3_port, "stls", authority.ca, user="bad@example.com")
    assert b"this is a message of the lab" in clean and "Grüße".encode() in last
    assert re.search(rb'filename="?invoice.zip', bad) and b"UEsDB" not in bad
