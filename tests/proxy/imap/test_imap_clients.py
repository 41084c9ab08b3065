# SPDX-License-Identifier: ISC
"""Real programs that read and sync mail over IMAP, from real servers: each has through Gatepost the mailbox that it has from the server
itself, and of what is forbidden nothing but its length."""
import email

import pytest

from lab import imap_fetchers, samples
from lab.forbidden import leaks, of_each_kind
from lab.imap_client import logged_in
from lab.odd_mails import ODD

RULES = """
rule "malware" when av.result == infected then reject 554 5.7.1 "malware"
rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"
rule "macros" when any a in attachments (a.macros) then quarantine "macros"
"""
CHANGES = {"antivirus": {"enabled": "on"}}
# Without NULs, dots alone and cut headers: programs themselves disagree about those.
NAMES = ("clean", "with an attachment", "dots at line beginnings", "no final newline", "an empty body", "many lines", "a long header line")
MAILBOX = [ODD[name] for name in NAMES] + [samples.clean("grüße", **{"X-Note": "a field more"}), samples.of_size(300000)]
FORBIDDEN = of_each_kind()
# Clean ones stand between them.
MIXED = [octets for message, _, _ in FORBIDDEN.values() for octets in (samples.clean("neighbour"), message)] + [samples.clean("last")]
PROGRAMS, SYNCING = list(imap_fetchers.FETCHERS), list(imap_fetchers.SYNCING)
MAILBOXES = {"user": MAILBOX, "mixed": MIXED} | {"synced-by-" + name: MAILBOX for name in SYNCING}

# Dovecot has a certificate as well; with the others the gateway speaks, and the programs directly, without TLS.
WAYS = [("dovecot", "plain"), ("dovecot", "starttls"), ("dovecot", "imaps"), ("courier", "imaps"), ("cyrus", "imaps")]
SERVER_AND_TLS = pytest.mark.parametrize("front, tls", WAYS, indirect=["front"], ids=["%s-%s" % way for way in WAYS])

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(in_front):
    return in_front


@pytest.fixture
def fetch(own_dir, run_dir, authority, front):
    """fetch(program, "through", tls, local part): (the messages that the program has of a mailbox, its folder); "directly": from the server."""
    def fetched(program, way, tls, local):
        imap_fetchers.need(program, tls, run_dir)
        folder = own_dir / way
        folder.mkdir()
        server = front.gateway if way == "through" else front.server
        if way == "directly" and front.name != "dovecot":
            tls = "plain"
        port = server.imaps_port if tls == "imaps" else server.imap_port
        return imap_fetchers.FETCHERS[program](folder, port, tls, authority.ca, "%s@%s.example" % (local, front.name)), folder
    return fetched


@SERVER_AND_TLS
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_reads_the_same_mailbox(program, tls, fetch):
    (directly, _), (through, _) = (fetch(program, way, tls, "user") for way in ("directly", "through"))
    assert len(directly) == len(MAILBOX) and directly == through


def decoded(octets):
    """All contents of a message, decoded."""
    return b"\n".join(part.get_payload(decode=True) or b"" for part in email.message_from_bytes(octets).walk())


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_stores_of_what_is_forbidden_its_length_alone(program, front, fetch):
    (directly, _), (through, _) = (fetch(program, way, "imaps", "mixed") for way in ("directly", "through"))
    assert list(map(len, through)) == list(map(len, directly)) and len(through) == len(MIXED)
    assert through[::2] == directly[::2], "a clean neighbour"
    for shown, original, (_, content, encoded) in zip(through[1::2], directly[1::2], FORBIDDEN.values()):
        encoded = encoded.replace(b"\r\n", b"\n")
        assert encoded in original and content in decoded(original)
        assert not leaks(encoded, shown) and not leaks(content, decoded(shown))
        assert b"Gatepost" in decoded(shown)


def subjects(front, user):
    """Of what the server has, the newest last."""
    with logged_in(front.server.imap_port, user, mailbox="INBOX") as session:
        return [values["BODY[HEADER.FIELDS (SUBJECT)]" if front.name != "courier" else 'BODY[HEADER.FIELDS ("SUBJECT")]'].split(b"\r\n")[0]
                for values in session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (Subject)])").values()]


@pytest.mark.parametrize("program", SYNCING)
def test_what_is_in_step_stays_so_and_what_is_clean_goes_up_and_down(program, front, fetch):
    user = "synced-by-%s@%s.example" % (program, front.name)
    mirror, folder = fetch(program, "through", "imaps", user.split("@")[0])
    assert len(mirror) == len(MAILBOX)
    assert not imap_fetchers.sync_again(program, folder), "it had more to do"
    imap_fetchers.add_to_maildir(folder, samples.clean("from the client"))
    with logged_in(front.server.imap_port, user) as session:
        session.append("INBOX", samples.clean("from elsewhere"))
    assert imap_fetchers.sync_again(program, folder)
    assert set(subjects(front, user)[-2:]) == {b"Subject: from the client", b"Subject: from elsewhere"}
    assert any(b"Subject: from elsewhere" in octets for octets in imap_fetchers.in_maildir(folder))
    assert not imap_fetchers.sync_again(program, folder), "it had more to do"
