# SPDX-License-Identifier: ISC
"""NTLM by a real client to a real server, curl and Cyrus: it passes, and the guard hears who it is."""
import re
import subprocess

import pytest

from lab import needs, samples, users
from lab.cyrus import Cyrus
from lab.pop3_client import Session, plain

RULES = 'rule "guesses" when login.failures >= 2 then reject 535 5.7.0 "too many"\n'
POP3 = 'mechanisms { "PLAIN" "NTLM" }'
FIRST, SECOND = "user@example.com", "second@example.com"
MAILS = {address: samples.octets(samples.message("hello", "Hello.\n.\n..\n", to=address)) for address in (FIRST, SECOND, "guessed@example.com")}
NEGOTIATE = "TlRMTVNTUAABAAAABoIIAAAAAAAAAAAAAAAAAAAAAAA="  # curl's

pytestmark = [needs.root, pytest.mark.usefixtures("no_proxy_dies")]


@pytest.fixture(scope="module")
def mailboxes(run_dir):
    folder = run_dir / "ntlm-mailboxes"
    folder.mkdir()
    server = Cyrus(folder, mechanisms="PLAIN NTLM")
    for address, message in MAILS.items():
        server.fill(address, [message])
    try:
        yield server.start()
    finally:
        server.stop()


def by_curl(port, user, password=users.PASSWORD):
    """(the message, the server's lines)"""
    done = subprocess.run(["curl", "-sS", "-v", "--max-time", "20", "--login-options", "AUTH=NTLM", "--user", "%s:%s" % (user, password),
                           "pop3://127.0.0.1:%d/1" % port], capture_output=True, check=False)
    assert b"> AUTH NTLM" in done.stderr, done.stderr
    return done.stdout, b"".join(line for line in done.stderr.splitlines(True) if line.startswith(b"< "))


def test_a_user_has_his_mail_as_the_server_shows_it(site, mailboxes):
    directly, through = by_curl(mailboxes.pop3_port, FIRST), by_curl(site.pop3_port, FIRST)
    assert directly[0] == through[0] == MAILS[FIRST], through[1]
    assert " user=%s mechanism=ntlm" % FIRST in site.log()


def test_a_wrong_password_counts_for_its_user(site):
    for number in range(3):
        message, said = by_curl(site.pop3_port, "guessed@example.com", "wrong%d" % number)
        assert message == b"" and b"-ERR" in said and (b"too many" in said) == (number == 2), said
    assert by_curl(site.pop3_port, FIRST)[0] == MAILS[FIRST]


def test_each_login_has_a_connection_of_its_own(site):
    users_in_turn = [FIRST, SECOND, FIRST, SECOND]
    answers = [by_curl(site.pop3_port, user) for user in users_in_turn]
    assert [message for message, _ in answers] == [MAILS[user] for user in users_in_turn]
    assert len({re.search(rb"SESSIONID=<[^>]+>", said)[0] for _, said in answers}) == len(answers)


def test_who_comes_behind_an_exchange_that_was_broken_off_is_himself(site):
    with Session(site.pop3_port) as session:
        session.expect("AUTH NTLM " + NEGOTIATE, "+ ")
        session.expect("*", "-ERR")
        session.expect(b"AUTH PLAIN " + plain(SECOND))
        assert session.message(1) == MAILS[SECOND]
