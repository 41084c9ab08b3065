# SPDX-License-Identifier: ISC
"""The programs themselves while memory is out at the n-th allocation of their own code (tests/fakes/failing_memory.c), for
all n of a message's way and for samples of a reload's: nothing is lost, nobody dies, all is well as soon as there is memory."""
import re
import ssl

import pytest

from lab import needs, steered
from lab.gatepost import backend, certificate, domains
from lab.process import descriptors, is_alive, wait_until
from lab.smtp_client import Closed, Session

RULES = """
rule "attached" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no"
rule "mark" when message.subject matches /mark/ then header add "X-Mark" "{message.subject}"
"""
RELOADS = 30  # of each kind, at most

pytestmark = needs.root


def let_fail(pid, n):
    """The n-th allocation from now on; -n: that and all that follow; 0: none."""
    steered.let_memory_fail(pid, n)


def let_go(gateway, pid):
    """Memory is there again: how many allocations there were, and how many failed."""
    said = gateway.log().count("allocations=")
    let_fail(pid, 0)
    assert wait_until(lambda: gateway.log().count("allocations=") > said)
    return tuple(map(int, re.findall(r"allocations=(\d+) failed=(\d+)", gateway.log())[-1]))


@pytest.fixture
def failing(start, new_backend, authority, own_dir):
    """A gateway with one proxy, not in a chroot: the leak checker of a sanitizer needs /proc. And the server behind."""
    server = new_backend()
    body = certificate(authority.certificate("mx.example.com")) + backend(
        "behind", server.port, options="recipient_check on  probe off") + domains("behind", "example.com") + RULES
    gateway = start(body, changes={"process": {"proxies": 1, "chroot": '""'}}, **steered.programs(own_dir))
    return gateway, server


def send(gateway, mark, encrypted=False):
    """The code that the message was answered with, or the command that was refused before; 0: the connection was closed."""
    message = b"From: a@client.example\r\nSubject: mark %s\r\n\r\nx\r\n" % mark.encode()
    try:
        with Session(gateway.port, timeout=5) as client:
            replies = [client.greeting, client.command("EHLO client.example")]
            if encrypted and replies[-1].code == 250:
                replies.append(client.command("STARTTLS"))
                if replies[-1].code == 220:
                    client.handshake()
                    replies.append(client.command("EHLO client.example"))
            for command in "MAIL FROM:<a@client.example>", "RCPT TO:<user@example.com>":
                if replies[-1].code < 400:
                    replies.append(client.command(command))
            if replies[-1].code < 400:
                replies.append(client.data(message))
            return replies[-1].code
    except (Closed, ConnectionError, ssl.SSLError):
        return 0


def has(server, mark):
    return any(b"Subject: mark %s\r\n" % mark.encode() in message.content for message in server.messages)


def serves(gateway, server, mark):
    """A message is taken, perhaps after the moment for which a server counts as down, and is there."""
    assert wait_until(lambda: send(gateway, mark) == 250, 10), gateway.log()[-3000:]
    assert has(server, mark)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_a_message_that_is_taken_without_memory_is_delivered(failing, encrypted):
    gateway, server = failing
    proxy, = gateway.pids("gatepost-proxy")
    serves(gateway, server, "first")
    let_fail(proxy, 10 ** 6)
    assert send(gateway, "counted", encrypted) == 250
    total, _ = let_go(gateway, proxy)
    assert total > 20
    open_before = descriptors(proxy)
    codes = []
    for n in [*range(1, total + 1), *range(-1, -total - 1, -3)]:
        let_fail(proxy, n)
        code = send(gateway, "n%d." % n, encrypted)
        let_go(gateway, proxy)
        assert code < 500, "refused for good at %d\n%s" % (n, gateway.log()[-3000:])
        assert code // 100 != 2 or has(server, "n%d." % n), "lost at %d" % n
        serves(gateway, server, "after%d." % n)
        codes.append(code)
    assert gateway.pids("gatepost-proxy") == [proxy] and is_alive(proxy)
    assert len([code for code in codes if code != 250]) > total // 4, codes
    assert wait_until(lambda: descriptors(proxy) <= open_before), (open_before, descriptors(proxy))


def reload(gateway):
    def ends():
        return gateway.log().count(" serving generation=") + gateway.log().count("nothing is changed")
    before = ends()
    gateway.reload()
    assert wait_until(lambda: ends() > before, 20), gateway.log()[-3000:]


def test_a_reload_without_memory_changes_nothing_or_all(failing):
    gateway, server = failing
    parent = gateway.process.pid
    let_fail(parent, 10 ** 6)
    reload(gateway)
    total, _ = let_go(gateway, parent)
    assert total > 20
    step = total // RELOADS + 1
    open_before = descriptors(parent)
    for n in [*range(1, total + 1, step), *range(-1, -total - 1, -2 * step)]:
        let_fail(parent, n)
        reload(gateway)
        let_go(gateway, parent)
        serves(gateway, server, "reloaded%d." % n)
    serving = gateway.log().count(" serving generation=")
    reload(gateway)
    assert gateway.log().count(" serving generation=") == serving + 1, gateway.log()[-3000:]
    serves(gateway, server, "last")
    assert wait_until(lambda: len(gateway.pids("gatepost-proxy")) == 1)
    assert wait_until(lambda: descriptors(parent) <= open_before), (open_before, descriptors(parent))
