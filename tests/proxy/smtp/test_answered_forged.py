# SPDX-License-Identifier: ISC
"""Of what may be answered, and be good mail for that: what somebody sends in the name of another is not waited for."""
import pytest

from lab import learning, needs
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains, running
from lab.learning import Learner
from lab.smtp_client import send

pytestmark = needs.root
RULES = 'rule "looked at" when message.subject contains "no such subject" and spf.result == fail and dmarc.result == fail then reject 550 5.7.1 "no"\n'
HOST, ANOTHER = 20, 77  # of plain.example, which has no DMARC
TRIES = 60  # one of four is waited for


@pytest.fixture(scope="module")
def site(run_dir, internet):
    folder = run_dir / "answered-forged"
    folder.mkdir()
    server = Backend().start()
    body = backend("behind", server.port) + domains("behind", "example.com") + internet.configuration + RULES
    with running(Gatepost(folder, body, learning.settings(folder)), ready=("scanners ready program=gatepost-scan",)) as gateway:
        gateway.learner = Learner(gateway)
        yield gateway
    server.stop()


def waiting(site):
    return site.learner.status()["answerable"]


def come(site, internet, host, author, count):
    """How many of them wait to be answered."""
    before = waiting(site)
    for number in range(count):
        lines = ["From: Anna <%s>" % author, "Subject: hello", "Message-ID: <%d.%d@plain.example>" % (host, number), "", "shall we meet?", ""]
        to = "user%d-%d@example.com" % (host, number)
        assert send(site.port, "\r\n".join(lines).encode(), to, sender="anna@plain.example", source=internet.address(host)).code == 250
    return waiting(site) - before


@pytest.mark.parametrize("author", ["anna@plain.example", "mallory@client.example"])
def test_who_may_not_send_by_that_domain_is_not_answered_in_its_place(author, site, internet):
    assert come(site, internet, ANOTHER, author, TRIES) == 0


def test_who_may_send_by_it_is(site, internet):
    assert come(site, internet, HOST, "anna@plain.example", TRIES) > 0
