# SPDX-License-Identifier: ISC
"""Programs that read and sync mail over IMAP, from real servers: each has through Gatepost the mailbox that it has from the server itself, and of
what is forbidden nothing but its length. Some run here; what others say is said word for word."""
import pytest

from lab import imap_fetchers, imap_programs, samples
from lab.imap_client import Session, logged_in
from lab.program_mailboxes import CHANGES, MAILBOX, MIXED, RULES, assert_lengths_alone  # CHANGES and RULES are the suite's: conftest.py

from lab.forbidden import leaks

PROGRAMS, SYNCING = list(imap_fetchers.FETCHERS), list(imap_fetchers.SYNCING)
MAILBOXES = {"user": MAILBOX, "mixed": MIXED} | {"synced-by-" + name: MAILBOX for name in SYNCING}
MAILBOXES |= {name + twin: imap_programs.MAILS for name in imap_programs.PROGRAMS for twin in ("", "-twin")}

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


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_stores_of_what_is_forbidden_its_length_alone(program, front, fetch):
    (directly, _), (through, _) = (fetch(program, way, "imaps", "mixed") for way in ("directly", "through"))
    assert_lengths_alone(directly, through)


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


# ---- programs that do not run here


@pytest.fixture
def conversation(front):
    """conversation(name of a program): it is logged in, at the server itself and through the gateway."""
    sessions = []

    def of(name):
        program = imap_programs.PROGRAMS[name]
        users = ["%s%s@%s.example" % (name, twin, front.name) for twin in ("-twin", "")]
        for port, user in zip((front.server.imap_port, front.gateway.imap_port), users):
            prepare(front, user)
            sessions.append(Session(port))
            program.login(sessions[-1], user)
        return imap_programs.Conversation(program, *sessions, mailboxes(front), lambda: deliver(front, users), tells=front.name != "courier")
    yield of
    for session in sessions:
        session.close()


def mailboxes(front):
    before = front.server.junk.removesuffix("Junk")
    return {name.lower(): before + name for name in ("Junk", "Trash", "Sent")}


def prepare(front, user):
    """Of a message whose header it has read before Dovecot says some things otherwise."""
    with logged_in(front.server.imap_port, user, mailbox="INBOX") as session:
        for name in ("junk", "trash"):
            session.command("CREATE " + mailboxes(front)[name])
        session.expect("FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])")


def deliver(front, users):
    for user in users:
        with logged_in(front.server.imap_port, user) as session:
            session.append("INBOX", imap_programs.ARRIVING)


@pytest.mark.parametrize("name", imap_programs.PROGRAMS)
def test_a_program_has_what_it_has_without_us_and_of_what_is_forbidden_its_length_alone(name, conversation):
    both = conversation(name)
    assert both.differences() == []
    assert leaks(imap_programs.PROGRAM, both.directly) and not leaks(imap_programs.PROGRAM, both.through)
    assert imap_programs.ARRIVING in both.through or imap_programs.IDLE_UNTIL_MAIL not in both.program.steps
