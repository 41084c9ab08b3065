# SPDX-License-Identifier: ISC
"""What mail programs say from the login until they rest, word for word: each has from every server through Gatepost what it has without, and
of a program in the mailbox nothing but its length. (Programs that run here: test_imap_clients.py.)"""
import pytest

from lab import imap_programs
from lab.imap_client import Session, logged_in

from lab.forbidden import leaks

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
MAILBOXES = {local + twin: imap_programs.MAILS for local in imap_programs.PROGRAMS for twin in ("", "-twin")}

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(in_front):
    return in_front


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
