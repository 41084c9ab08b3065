# SPDX-License-Identifier: ISC
"""Lines of blanks in a header: rules see as many fields as the real Postfix behind and Python's email do."""
import email

import pytest

from lab import needs
from lab.gatepost import Gatepost, backend, domains, running
from lab.postfix import Postfix
from lab.smtp_client import send

pytestmark = needs.root
HEAD = b"From: a@client.example\r\nSubject: one\r\n"
AFTER = b"X-After: yes\r\n\r\nbody\r\n"
HEADERS = {
    "none": (HEAD + AFTER, True),
    "one": (HEAD + b" \r\n" + AFTER, True),
    "two": (HEAD + b" \r\n\t\r\n" + AFTER, True),
    "many": (HEAD + b" \r\n" * 20 + AFTER, True),
    "two, then a fold": (HEAD + b" \r\n \r\n two\r\n" + AFTER, True),
    "two, then the end": (HEAD + b" \r\n \r\n\r\n" + AFTER, False),
    "two, then text": (HEAD + b" \r\n \r\nHello\r\n" + AFTER, False),
}


@pytest.fixture(scope="module")
def site(run_dir):
    """The server behind refuses what has that field in its header."""
    folder = run_dir / "blank-lines"
    folder.mkdir()
    behind = Postfix(folder, options="header_checks = regexp:{{/^X-After:/ REJECT seen}}\n").start()
    gateway = Gatepost(folder, backend("behind", behind.port) + domains("behind", "example.com")
                       + 'observe rule "seen" when header["x-after"] == "yes" then log "x"\n')
    with running(gateway, [behind]):
        yield gateway


@pytest.mark.parametrize("name", HEADERS)
def test_rules_see_the_header_that_receivers_see(site, name):
    message, expected = HEADERS[name]
    seen_behind = send(site.port, message, "user@example.com").code == 550
    seen_here = "seen" in site.decisions()[-1].get("observed", [])
    assert (seen_here, seen_behind, email.message_from_bytes(message)["x-after"] == "yes") == (expected,) * 3
