# SPDX-License-Identifier: ISC
"""What Gatepost leans on goes and comes back: one warning, not one a message or a proxy, one line with how long it was away, and the
status says the same."""
import json
import re

import pytest

from lab import dns_responder, samples
from lab.backend import Backend
from lab.gatepost import backend, domains
from lab.ports import free_port
from lab.process import kill, wait_until
from lab.smtp_client import Session, send

MESSAGE = b"Subject: trouble\r\nFrom: a@client.example\r\n\r\nhello\r\n"
INFO = {"log": {"level": '"info"'}}


def status(it):
    return json.loads(it.control("status", "--json"))["gateway"]


def warnings(it):
    return [line for line in it.log().splitlines() if re.match(r"\S+ (warning|error): ", line)]


def seconds(it, event):
    assert it.wait_log(event), it.log()[-3000:]
    return int(re.search(re.escape(event) + r".* seconds=(\d+)", it.log()).group(1))


def test_a_server_that_is_away_is_one_warning_for_all_proxies_and_one_line_when_it_is_back(start):
    port = free_port()
    it = start(backend("behind", port) + domains("behind", "example.com"), changes={"process": {"proxies": 4}, **INFO})
    for _ in range(8):
        assert send(it.port, MESSAGE, "user@example.com").code == 451
    assert it.wait_log("backend server down backend=behind server=127.0.0.1")
    assert [line.split(": ")[1:2] for line in warnings(it)] == [["warning"]], warnings(it)
    assert [server["state"] for server in status(it)["backends"]] == ["down"]
    server = Backend(port=port).start()
    try:
        assert wait_until(lambda: send(it.port, MESSAGE, "user@example.com").code == 250, 15, every=0.3)
        assert seconds(it, "backend server up backend=behind") <= 20
        assert [server["state"] for server in status(it)["backends"]] == ["up"]
    finally:
        server.stop()
    assert it.log().count("backend server down") == it.log().count("backend server up") == 1


@pytest.fixture
def names():
    """A name server that answers nothing until `behaviours` is emptied."""
    server = dns_responder.Responder()
    server.behaviours.update({"*.example": dns_responder.never, "*.arpa": dns_responder.never, "*.test": dns_responder.never})
    yield server.start()
    server.stop()


def test_a_resolver_that_answers_nothing_is_one_warning_and_its_return_is_told(start, new_backend, names):
    it = start(backend("behind", new_backend().port) + domains("behind", "example.com")
               + 'rule "spf" when spf.result == fail then reject 550 5.7.1 "no"\n'
               'rule "name" when client.ptr == "evil.example" then reject 550 5.7.1 "no"\n'
               'resolver { forward "%s"  timeout 1s  patience 1s }\n' % names.address, changes={"process": {"proxies": 1}, **INFO})

    def mail(n):
        return send(it.port, MESSAGE, "user@example.com", sender="a@n%d.example" % n, timeout=20)
    for n in range(9):
        mail(n)
        if "DNS is away" in it.log():
            break
    assert it.wait_log("DNS is away, what needs it is unknown reason=\"nothing is answered\"", 3), it.log()[-3000:]
    before = len(warnings(it))
    for n in range(100, 102):
        mail(n)
    assert len(warnings(it)) == before, warnings(it)
    assert status(it)["resolver"]["state"] == "down" and "the DNS is away" in it.control("status")
    names.behaviours.clear()
    assert wait_until(lambda: mail(len(names.queries) + 200) and "DNS is back" in it.log(), 15, every=0.3), it.log()[-3000:]
    assert seconds(it, "DNS is back") >= 3
    assert status(it)["resolver"]["state"] == "up" and "DNS" not in it.control("status")
    assert it.log().count("DNS is away") == 1


def test_one_message_that_names_silent_servers_is_not_the_dns(start, new_backend, names):
    it = start(backend("behind", new_backend().port) + domains("behind", "example.com")
               + 'rule "name" when client.ptr == "evil.example" then reject 550 5.7.1 "no"\n'
               'rule "spf" when spf.result == fail then reject 550 5.7.1 "no"\n'
               'rule "dkim" when dkim.result == fail then reject 550 5.7.1 "no"\n'
               'resolver { forward "%s"  timeout 2s  patience 2s }\n' % names.address, changes={"process": {"proxies": 1}, **INFO})
    signature = b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=eA==\r\n"
    send(it.port, b"".join(signature % n for n in range(12)) + MESSAGE, "user@example.com", sender="a@evil.example", timeout=20)

    def unanswered():
        return int(re.search(r"(?m)^gatepost_dns_failures_total (\d+)", it.control("metrics")).group(1))
    assert wait_until(lambda: unanswered() >= 8, 20), it.control("metrics")

    def is_told():
        with Session(it.port):  # as each session ends, the proxy looks
            pass
        return "DNS is away" in it.log()
    assert not wait_until(is_told, 6, every=0.5)


def test_a_keeper_that_died_is_told_and_so_is_that_it_is_back(start, new_backend):
    it = start(backend("behind", new_backend().port) + domains("behind", "example.com"), changes=INFO)
    assert it.wait_log("keeper ready")
    pid, = it.pids("gatepost-keeper")
    kill(pid)
    assert it.wait_log("keeper died")
    assert seconds(it, "keeper is back") <= 5
    assert it.log().count("keeper died") == it.log().count("keeper is back") == 1


def test_scanners_that_cannot_serve_are_told_and_so_is_that_they_are_back(start, new_backend, own_dir):
    folder = own_dir / "signatures"
    it = start(backend("behind", new_backend().port) + domains("behind", "example.com") + 'rule "infected" when av.result == infected then reject\n',
               changes={"antivirus": {"enabled": "on", "reload": "1s", "database": '"%s"' % folder}, **INFO})
    assert it.wait_log("scanners down, messages that need them are deferred program=gatepost-av")
    before = len(warnings(it))
    for _ in range(3):
        assert send(it.port, MESSAGE, "user@example.com").code == 451
    assert len(warnings(it)) == before, warnings(it)
    samples.write_signatures(folder)
    assert seconds(it, "scanners are back program=gatepost-av") <= 20
    assert send(it.port, MESSAGE, "user@example.com").code == 250
