# SPDX-License-Identifier: ISC
"""Sessions at a server itself, and through the gateway before it, over two mailboxes that hold the same."""
import contextlib

import pytest

from lab.imap_client import logged_in

# Of a message whose header it has read before Dovecot says some things otherwise.
EVERYTHING = "FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])"


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
