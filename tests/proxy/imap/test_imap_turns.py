# SPDX-License-Identifier: ISC
"""Who asks for many messages in many sessions waits for himself, and others do not wait for him."""
import contextlib

import pytest

from lab import samples
from lab.imap_client import logged_in
from lab.process import asleep, wait_until

GREEDY, MODEST = "greedy@example.com", "modest@example.com"
RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"limits": {"scans_per_user": 1}, "process": {"proxies": 1, "scanners": 1}}
MAILS = {GREEDY: [samples.clean("greedy %d" % n) for n in range(5)], MODEST: [samples.clean("modest")]}


@pytest.fixture(scope="module")
def site(before_dovecot):
    return before_dovecot


def states(gateway):
    return {line.split()[0] for line in gateway.control("sessions").splitlines()}


def who_read(gateway):
    return [record["login"] for record in gateway.decisions() if record["stage"] == "message"]


def test_who_reads_much_at_once_is_examined_one_after_the_other_and_others_between(site):
    with contextlib.ExitStack() as stack:
        greedy = [stack.enter_context(logged_in(site.imap_port, GREEDY, mailbox="INBOX")) for _ in range(5)]
        modest = stack.enter_context(logged_in(site.imap_port, MODEST, mailbox="INBOX"))
        with asleep(site.workers("gatepost-scan")):
            for number, session in enumerate(greedy, 1):
                session.send("x FETCH %d (BODY.PEEK[])\r\n" % number)
            greedy[4].close()
            modest.send("x FETCH 1 (BODY.PEEK[])\r\n")
            assert wait_until(lambda: states(site) <= {"waiting", "judging"}), states(site)
        for session in greedy[:4] + [modest]:
            assert session.responses("x")[-1].startswith(b"x OK")
    assert who_read(site).index(MODEST) <= 1 and who_read(site).count(GREEDY) in (4, 5)


def read(site, user):
    with logged_in(site.imap_port, user, mailbox="INBOX") as session:
        session.send("x FETCH 1 (BODY.PEEK[])\r\n")
        return session.responses("x")


def test_what_was_found_in_a_message_holds_for_who_reads_it_next(site):
    answers = read(site, MODEST)
    with asleep(site.workers("gatepost-scan")):
        assert read(site, MODEST) == answers
    assert MAILS[MODEST][0] in answers[0] and answers[-1].startswith(b"x OK")
