# SPDX-License-Identifier: ISC
"""A password is known for as long as it takes to tell it to the server behind, and is nowhere afterwards: not in the memory of
those through whom it went, nor on the disk."""
import itertools
import os
import re

import pytest

from lab import needs, traces
from lab.backend import HANG, server_context
from lab.gatepost import Gatepost, backend, running
from lab.pop3_client import base64_of, connected
from lab.pop3_logins import (by_login, by_plain, by_plain_initial, by_plain_initial_in_pieces, by_user_pass, by_user_pass_in_pieces,
                             by_user_pass_pipelined)
from lab.pop3_stub import Pop3Stub
from lab.process import children, wait_until

pytestmark = needs.root
in_release = pytest.mark.skipif(needs.SANITIZED, reason="a sanitizer keeps what was freed")

RULES = 'rule "guesses" when login.failures >= 3 then reject 535 5.7.0 "too many failed logins"\n'
MAIL = [b"Subject: read\r\n\r\nhello\r\n"]
# Of the servers behind two know any password, one none, and one says nothing to it.
SERVERS = ("plaintext", "encrypted", "refusing", "silent")
FRESH = itertools.count()


def by_user_pass_with_more_behind(session, user, password):
    return by_user_pass_pipelined(session, user, password, "NOOP")


WAYS = [by_user_pass, by_user_pass_with_more_behind, by_user_pass_in_pieces, by_plain_initial, by_plain, by_plain_initial_in_pieces, by_login]


@pytest.fixture(scope="module")
def site(run_dir, authority, certified):
    """One Gatepost with one proxy, so that all logins leave their traces there. A user NAME@SERVER.example is sent to that server."""
    context = server_context(authority.certificate("behind.example.com"))
    stubs = {name: Pop3Stub(MAIL, password="right" if name == "refusing" else None, context=context if name == "encrypted" else None).start()
             for name in SERVERS}
    stubs["silent"].script.update({"PASS": [HANG], "AUTH": [HANG]})
    body = certified + RULES + "".join(backend(name, pop3=["%d tls %s" % (stub.port, "required" if stub.context else "none")])
                                       for name, stub in stubs.items())
    options = "".join(' users { "anna@%s.example" } backend %s\n' % (name, name) for name in SERVERS)
    gateway = Gatepost(run_dir / "passwords", body, changes={"process": {"proxies": 1}, "timeouts": {"backend": "1s"}}, implicit_tls=True,
                       pop3="backend refusing\n" + options)
    gateway.behind = stubs
    with running(gateway, stubs.values()):
        yield gateway


def descendants(pid):
    """The process and all that it has started."""
    return [pid] + [further for child in children(pid) for further in descendants(child)]


def uid_of(pid):
    with open("/proc/%d/status" % pid) as status:
        return int(re.search(r"Uid:\s+(\d+)", status.read())[1])


def known(site, password):
    """What its proxy has of it."""
    return traces.in_memory(password, site.pids("gatepost-proxy"))


# ---- in memory


@in_release
def test_while_the_server_is_asked_the_password_is_there(site):
    """So that what follows would find it."""
    password = traces.new_secret()
    with connected(site) as session:
        session.expect("USER anna@silent.example")
        session.send("PASS %s\r\n" % password)
        assert wait_until(lambda: known(site, password), 1)


@in_release
@pytest.mark.parametrize("front, behind", [("plain", "plaintext"), ("stls", "encrypted"), ("pop3s", "plaintext")])
@pytest.mark.parametrize("way", WAYS)
def test_behind_the_login_no_proxy_knows_the_password(way, front, behind, site):
    password = traces.new_secret()
    with connected(site, front) as session:
        assert way(session, "anna@%s.example" % behind, password).startswith(b"+OK")
        assert not known(site, password)
        session.expect("STAT")
    assert site.behind[behind].logins[-1].password == password


@in_release
@pytest.mark.parametrize("way", WAYS)
def test_nor_one_that_was_refused(way, site):
    password = traces.new_secret()
    with connected(site) as session:
        assert way(session, "user%d@refusing.example" % next(FRESH), password).startswith(b"-ERR [AUTH]")
        assert not known(site, password)


def turned_away(session, password):
    user = "user%d@refusing.example" % next(FRESH)
    for n in range(3):
        by_user_pass(session, user, "wrong %d" % n)
    assert b"too many" in by_user_pass(session, user, password)


def without_an_answer(session, password):
    assert by_user_pass(session, "anna@silent.example", password).startswith(b"-ERR [SYS/TEMP]")


def hung_up_before_the_answer(session, password):
    session.expect("USER anna@silent.example")
    session.send("PASS %s\r\n" % password)
    session.close()


def half_a_line(session, password):
    session.expect("USER anna@plaintext.example")
    session.send("PASS " + password)
    session.close()


def before_a_user(session, password):
    session.expect("PASS " + password, "-ERR")


def no_response_of_plain(session, password):
    session.expect(b"AUTH PLAIN " + base64_of("anna\0" + password), "-ERR")


def for_a_name(session, password):
    session.expect("AUTH LOGIN", "+ ")
    session.expect(base64_of(password), "+ ")
    session.expect("*", "-ERR")


@in_release
@pytest.mark.parametrize("way", [turned_away, without_an_answer, hung_up_before_the_answer, half_a_line, before_a_user,
                                 no_response_of_plain, for_a_name])
def test_nor_one_that_was_no_login(way, site):
    password = traces.new_secret()
    with connected(site) as session:
        way(session, password)
        assert wait_until(lambda: not known(site, password), 2), known(site, password)


# ---- elsewhere


def test_no_core_can_be_left_of_who_knows_passwords(site):
    for pid in site.pids("gatepost-proxy"):
        assert traces.largest_core(pid) == ("0", "0")
        assert os.stat("/proc/%d/mem" % pid).st_uid == 0 != uid_of(pid), "it can be dumped"


def test_no_password_stands_in_a_file_or_with_another_process(site, own_dir, start):
    """What Gatepost logs and records, its keeper's database, what Redis writes down; and what these processes have in memory."""
    stub = Pop3Stub(MAIL, password="right").start()
    gateway = start(backend("behind", pop3=["%d tls none" % stub.port]) + RULES, pop3="backend behind")
    passwords = [traces.new_secret() for _ in range(len(WAYS) + 1)]
    try:
        for way, password in zip(WAYS, passwords):
            with connected(gateway) as session:
                assert way(session, "tried@refusing.example", password).startswith(b"-ERR [AUTH]")
        stub.password = passwords[-1]
        with connected(gateway) as session:
            session.login("known@refusing.example", passwords[-1])
            session.message(1)
        assert len(gateway.decisions()) > len(WAYS) // 2
        others = set(descendants(gateway.process.pid)) - set(gateway.pids("gatepost-proxy"))
        assert len(others) > 4
        assert needs.SANITIZED or not [trace for password in passwords for trace in traces.in_memory(password, others)]
    finally:
        gateway.stop()
        stub.stop()
    written = b"".join(octets for _, octets in traces.files(own_dir))
    assert all(text in written for text in (b"SQLite format 3", b"tried@refusing.example", b"logins-failed"))
    assert not [trace for password in passwords for trace in traces.in_files(password, own_dir)]
