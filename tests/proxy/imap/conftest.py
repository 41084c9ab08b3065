# SPDX-License-Identifier: ISC
"""Sessions at a server itself, and through the gateway before it, over two mailboxes that hold the same."""
import contextlib

import pytest

from lab import needs, samples
from lab.dovecot import Dovecot
from lab.gatepost import Gatepost, backend, ready_with, running
from lab.imap_client import logged_in
from lab.ports import free_port

# Of a message whose header it has read before Dovecot says some things otherwise.
EVERYTHING = "FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])"


@pytest.fixture(scope="module")
def before_dovecot(run_dir, authority, certified, request):
    """A Gatepost, with the suite's RULES and CHANGES, before a Dovecot, its `server`: with the suite's MAILS, {address: messages}; DOVECOT are
    settings of it."""
    needs.to_be_root("servers of its own")
    module = request.module
    folder = run_dir / module.__name__
    folder.mkdir()
    server = Dovecot(folder, str(folder / "mail"), authority.certificate("behind.example.com", "localhost"), getattr(module, "DOVECOT", ""))
    for address, messages in getattr(module, "MAILS", {}).items():
        server.fill(address, messages)
    server.start()
    body = certified + module.RULES + backend("dovecot", free_port(), imap=["%d tls none" % server.imap_port]) \
        + 'domain "example.com" { backend dovecot }\n'
    changes = samples.with_signatures(getattr(module, "CHANGES", {}), folder)
    gateway = Gatepost(folder, body, changes, implicit_tls=True, imap="backend dovecot")
    gateway.server = server
    try:
        with running(gateway, ready=ready_with(changes)):
            yield gateway
    finally:
        server.stop()


@pytest.fixture(scope="module")
def both_of(front_of):
    """with both_of(server's name, local part, twin's local part) as (direct, through): sessions in their INBOX, beside which is a Junk."""
    known = set()

    @contextlib.contextmanager
    def of(name, local, twin=None):
        front = front_of(name)
        users = ["%s@%s.example" % (which, name) for which in (twin or local, local)]
        for user in sorted(set(users) - known):
            with logged_in(front.server.imap_port, user, mailbox="INBOX") as session:
                session.command("CREATE " + front.server.junk)
                for _ in range(2):
                    session.expect(EVERYTHING)
            known.add(user)
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(logged_in(port, user, mailbox="INBOX"))
                   for port, user in zip((front.server.imap_port, front.gateway.imap_port), users)]
    return of


@pytest.fixture
def both(front, both_of):
    with both_of(front.name, "user", "twin") as sessions:
        yield sessions


@pytest.fixture
def direct(both):
    """A session at the server itself."""
    return both[0]


@pytest.fixture
def reader(both):
    """The same through the gateway."""
    return both[1]
