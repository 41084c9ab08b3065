# SPDX-License-Identifier: ISC
"""A listener of "[::]" takes IPv4 as well, and whoever comes by IPv4 is a client of IPv4 in all that is found out of it."""
import socket
import threading

import pytest

from lab.gatepost import backend, domains
from lab.ports import free_port
from lab.process import port_answers, wait_until
from lab.smtp_client import Session, send
from lab.wire import Closed

MESSAGE = b"Subject: both\r\n\r\nhello\r\n"
RULES = """
table ours { "::ffff:127.0.0.1" }
rule "four" when client.ip in ours then header add "X-Family" "four"
rule "six" when client.ip == "::1" then header add "X-Family" "six"
"""


@pytest.fixture
def gateway(start, new_backend):
    """One that listens on "[::]" besides, with what `listen` says of it: gateway(listen)."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    server, port = new_backend(), free_port()

    def body(listen):
        return backend("behind", server.port) + domains("behind", "example.com") + RULES + listen.format(port=port)

    def go(listen, changes=None):
        it = start(body(listen), changes=changes)
        it.all_port, it.behind, it.body = port, server, body
        return it
    return go


ALL = 'listen smtp "all" on "[::]:{port}"\n'


def test_both_come_to_one_listener(gateway):
    it = gateway(ALL)
    for host, client, family in (("127.0.0.1", "127.0.0.1", b"four"), ("::1", "::1", b"six")):
        assert send(it.all_port, MESSAGE, "user@example.com", host=host).code == 250
        assert b"X-Family: " + family in it.behind.messages[-1].content
        assert wait_until(lambda client=client: [r for r in it.decisions() if r["client"] == client and r["listener"] == "all"])
    assert b"[127.0.0.1]" in it.behind.messages[0].content and b"[IPv6:::1]" in it.behind.messages[1].content


def test_a_limit_holds_over_both_listeners_for_one_client(gateway):
    it = gateway(ALL, changes={"limits": {"sessions_per_client": 2}})
    with Session(it.port), Session(it.all_port):
        with Session(it.all_port, greeting=False) as third:
            assert third.reply().code == 421
        with Session(it.all_port, host="::1") as other:
            assert other.greeting.code == 220


def test_ipv6_alone_where_that_is_said(gateway):
    it = gateway('listen smtp "all" on "[::]:{port}" {{ ipv6_only }}\n')
    assert port_answers(it.all_port, "::1") and not port_answers(it.all_port)


def test_both_may_have_a_listener_of_their_own(gateway):
    it = gateway('listen smtp "four" on "0.0.0.0:{port}" {{ banner "four" }}\nlisten smtp "six" on "[::]:{port}" {{ banner "six" }}\n')
    for host, name in (("127.0.0.1", "four"), ("::1", "six")):
        with Session(it.all_port, host=host) as client:
            assert client.greeting.text.endswith(name)


APART = 'listen smtp "four" on "127.0.0.1:{port}" {{ banner "four" }}\nlisten smtp "six" on "[::]:{port}" {{ banner "six" }}\n'


def test_a_reload_parts_and_joins_them(gateway):
    it = gateway(ALL)

    def banner(host):
        with Session(it.all_port, host=host) as client:
            return client.greeting.text.split()[-1]
    for listen, said in ((APART, ("four", "six")), (ALL, ("ESMTP", "ESMTP"))):
        it.configure(it.body(listen))
        it.reload()
        assert wait_until(lambda said=said: all((banner("127.0.0.1"), banner("::1")) == said for _ in range(4))), it.log()[-3000:]


class Knocking:
    """Comes again and again; what it heard that was no greeting is in `wrong`."""

    def __init__(self, port):
        self.port, self.greeted, self.wrong, self.over = port, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.knock)
        self.thread.start()

    def knock(self):
        while not self.over.is_set():
            try:
                with Session(self.port) as client:
                    assert client.greeting.code == 220, client.greeting
                self.greeted += 1
            except (OSError, Closed, AssertionError) as error:
                self.wrong.append(repr(error))

    def end(self):
        self.over.set()
        self.thread.join()


def test_whoever_comes_while_a_reload_moves_the_socket_is_greeted(gateway):
    it = gateway(ALL)
    clients = [Knocking(it.all_port) for _ in range(3)]
    try:
        for n, listen in enumerate((APART, ALL) * 3):
            it.configure(it.body(listen))
            it.reload()
            assert wait_until(lambda n=n: it.log().count("generation ended") > n), it.log()[-2000:]
    finally:
        for client in clients:
            client.end()
    assert all(client.greeted for client in clients)
    assert [client.wrong for client in clients] == [[], [], []]
