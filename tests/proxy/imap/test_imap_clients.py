# SPDX-License-Identifier: ISC
"""Real programs that read and sync over IMAP, from a real Dovecot: each has through Gatepost the mailbox that it has from the server itself, and of
what is forbidden nothing but its length."""
import pytest

from lab import imap_fetchers, needs, samples
from lab.dovecot import Dovecot
from lab.forbidden import TEXT, b64, file, leaks, multipart, random_program
from lab.gatepost import READY, Gatepost, backend, running
from lab.imap_client import logged_in
from lab.odd_mails import ODD
from lab.ports import free_port

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
# Without NULs, dots alone and cut headers: programs themselves disagree about those.
NAMES = ("clean", "with an attachment", "dots at line beginnings", "an empty body", "many lines", "a long header line")
MAILBOX = [ODD[name] for name in NAMES] + [samples.clean("grüße", **{"X-Note": "a field more"}), samples.of_size(300000)]
PROGRAM = b64(random_program()).rstrip()
MIXED = [samples.clean("first"), multipart("a program", TEXT, file("setup.exe", PROGRAM)), samples.clean("last")]

EACH = pytest.mark.parametrize("name", imap_fetchers.FETCHERS)
TLS = pytest.mark.parametrize("tls", ["plain", "starttls", "imaps"])

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(run_dir, authority, certified):
    needs.to_be_root("servers of its own")
    folder = run_dir / "imap-clients"
    folder.mkdir()
    server = Dovecot(folder, str(folder / "mail"), authority.certificate("behind.example.com", "localhost"))
    server.fill("user@example.com", MAILBOX)
    server.fill("mixed@example.com", MIXED)
    server.start()
    body = certified + RULES + backend("dovecot", free_port(), imap=["%d tls none" % server.imap_port]) + 'domain "example.com" { backend dovecot }\n'
    gateway = Gatepost(folder, body, implicit_tls=True, imap="backend dovecot")
    gateway.server = server
    try:
        with running(gateway, ready=READY):
            yield gateway
    finally:
        server.stop()


@pytest.fixture
def fetch(own_dir, run_dir, authority, site):
    """fetch(program, who, tls, user): what the program stored of a mailbox of the server or of the gateway."""
    def fetched(name, who, tls, user):
        imap_fetchers.need(name, tls, run_dir)
        folder = own_dir / ("%s-%s" % (name, "through" if who is site else "directly"))
        folder.mkdir()
        return imap_fetchers.FETCHERS[name](folder, who.imaps_port if tls == "imaps" else who.imap_port, tls, authority.ca, user)
    return fetched


@EACH
@TLS
def test_a_program_has_the_mailbox_that_it_has_without_us(tls, name, fetch, site):
    through = fetch(name, site, tls, "user@example.com")
    assert len(through) == len(MAILBOX)
    assert through == fetch(name, site.server, "plain" if tls == "plain" else "imaps", "user@example.com")


@EACH
def test_a_program_gets_nothing_that_is_forbidden_and_its_neighbours_whole(name, fetch, site):
    directly, through = (fetch(name, who, "plain", "mixed@example.com") for who in (site.server, site))
    assert [len(octets) for octets in through] == [len(octets) for octets in directly]
    assert through[0] == directly[0] and through[2] == directly[2]
    assert not leaks(PROGRAM.replace(b"\r\n", b"\n"), through[1])


@pytest.mark.parametrize("name", imap_fetchers.SYNCING)
def test_a_second_sync_has_nothing_to_do_and_a_third_brings_what_is_new(name, fetch, own_dir, site):
    user = "syncs-by-%s@example.com" % name
    site.server.fill(user, MAILBOX)
    assert len(fetch(name, site, "plain", user)) == len(MAILBOX)
    folder = own_dir / (name + "-through")
    assert not imap_fetchers.sync_again(name, folder)
    imap_fetchers.add_to_maildir(folder, samples.clean("written at home").replace(b"\r\n", b"\n"))
    assert imap_fetchers.sync_again(name, folder)
    assert len(site.server.fetch(user)) == len(MAILBOX) + 1


def test_a_mailbox_of_thousands_is_read_message_by_message(site):
    site.server.fill("many@example.com", [samples.clean("number %d" % n) for n in range(2000)])
    with logged_in(site.server.imap_port, "many@example.com") as direct, logged_in(site.imap_port, "many@example.com") as reader:
        for session in (direct, reader):
            session.expect("EXAMINE INBOX")
        assert direct.fetch("1:*", "(UID FLAGS ENVELOPE BODY.PEEK[])") == reader.fetch("1:*", "(UID FLAGS ENVELOPE BODY.PEEK[])")
