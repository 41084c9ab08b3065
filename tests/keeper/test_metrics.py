# SPDX-License-Identifier: ISC
"""Metrics over HTTP, as Prometheus reads them: on a Unix socket and on a port of loopback."""
import contextlib
import grp
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from lab import needs
from lab.gatepost import Gatepost, backend, check_configuration, domains
from lab.ports import free_port
from lab.process import is_alive, wait_until
from lab.smtp_client import Session

PATIENCE = 5  # seconds for a request
PLACES = 16   # connections at once
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
STRANGER = 12345  # a user and a group of that number, which have no name


@pytest.fixture
def body(new_backend):
    return backend("behind", new_backend().port) + domains("behind", "example.com")


@pytest.fixture
def serve(start, body, own_dir):
    """serve(...) starts a gateway with metrics on .metrics_socket and .metrics_port, once they answer."""
    def serve_metrics(changes=None):
        path, port = str(own_dir / "metrics"), free_port()
        gateway = start(body, changes=dict({"metrics": {"socket": '"%s"' % path, "port": port}}, **(changes or {})))
        gateway.metrics_socket, gateway.metrics_port = path, port
        assert wait_until(lambda: scrape(gateway))
        return gateway
    return serve_metrics


def curl(*words, **who):
    """(status, head, body) of a response; the status is 0 where there was none."""
    done = subprocess.run(["curl", "-sS", "-i", "--max-time", "20", *words], capture_output=True, text=True, timeout=30, **who)
    head, _, text = done.stdout.partition("\n\n")
    found = re.match(r"HTTP/1\.1 (\d+) ", head)
    return int(found.group(1)) if found else 0, head, text


def at(gateway, path="/metrics", host="127.0.0.1"):
    return "http://%s:%d%s" % (host, gateway.metrics_port, path)


def scrape(gateway):
    """The metrics; None where nobody tells."""
    status, _, text = curl(at(gateway))
    return text if status == 200 else None


def say(gateway, *pieces, patience=10):
    """All that is answered to these pieces of a request, each sent for itself."""
    with socket.create_connection(("127.0.0.1", gateway.metrics_port), timeout=patience) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heard = b""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                sock.sendall(piece)
        with contextlib.suppress(ConnectionError):
            while True:
                got = sock.recv(65536)
                if not got:
                    break
                heard += got
        return heard


def names(text):
    return [line.split(" ")[0] for line in text.splitlines() if not line.startswith("#")]


# ---- what is told


def test_the_same_is_told_as_gatepostctl_prints(serve):
    gateway = serve()
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        assert client.data(b"Subject: x\r\n\r\nx\r\n").code == 250
    printed = gateway.control("metrics")
    assert "gatepost_messages_total 1\n" in printed and "gatepost_disk_free_bytes " in printed
    responses = [curl("--unix-socket", gateway.metrics_socket, "http://localhost/metrics"), curl(at(gateway)), curl(at(gateway, host="[::1]")),
                 curl("--http1.0", at(gateway)), curl(at(gateway, "/metrics?name=x"))]
    for status, head, text in responses:
        assert status == 200 and names(text) == names(printed)
        assert "gatepost_messages_total 1\n" in text
        fields = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        assert fields == {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Content-Length": str(len(text.encode())), "Connection": "close"}


def test_they_are_of_today_at_each_scrape(serve):
    gateway = serve()
    for n in range(1, 4):
        with Session(gateway.port) as client:
            client.ehlo()
            client.envelope("u@example.com")
            assert client.data(b"Subject: x\r\n\r\nx\r\n").code == 250
        assert "gatepost_messages_total %d\n" % n in scrape(gateway)


def test_what_is_held_is_told_where_something_may_be(start, body, own_dir):
    path = str(own_dir / "metrics")
    gateway = start(body + 'rule "spam" when message.subject contains "spam" then quarantine "spam"\n', changes={"metrics": {"socket": '"%s"' % path}})
    assert wait_until(lambda: '"serves": true' in (gateway.control("status", "--json") or ""))
    for subject in (b"spam", b"spam again", b"none"):
        with Session(gateway.port) as client:
            client.ehlo()
            client.envelope("u@example.com")
            assert client.data(b"From: a@client.example\r\nSubject: %s\r\n\r\nx\r\n" % subject).code == 250
    told = curl("--unix-socket", path, "http://localhost/metrics")[2]
    assert "gatepost_held 2\n" in told and "gatepost_held_leaving 0\n" in told
    assert int(re.search(r"^gatepost_held_bytes (\d+)$", told, re.M).group(1)) > 0


def test_nothing_else_is_there(serve):
    gateway = serve()
    assert curl(at(gateway, "/"))[0] == 404
    assert curl(at(gateway, "/metrics/x"))[0] == 404
    assert curl("-I", at(gateway))[0] == 405
    status, head, _ = curl("-d", "x=y", at(gateway))
    assert status == 405 and "Allow: GET" in head
    assert curl("-X", "BREW", at(gateway))[0] == 405
    for nonsense in (b"\r\n\r\n", b"EHLO x\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00\n\n"):
        assert say(gateway, nonsense).startswith(b"HTTP/1.1 400 ")
    assert scrape(gateway)


def test_without_being_asked_for_there_are_none(start, body):
    gateway = start(body)
    keeper = wait_until(lambda: gateway.pids("gatepost-keeper"))[0]
    assert gateway.wait_log("keeper ready")
    listens = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    assert "pid=%d," % keeper not in listens


def test_they_are_told_where_nothing_is_kept(serve):
    gateway = serve({"history": {"enabled": "off"}, "log": {"decisions": '""'}})
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        assert client.data(b"Subject: x\r\n\r\nx\r\n").code == 250
    assert "gatepost_messages_total 1\n" in scrape(gateway)
    assert "gatepost_history_records 0\n" in scrape(gateway)
    assert gateway.control("trace") is None


# ---- bounds


def test_a_request_in_pieces_is_one(serve):
    gateway = serve()
    assert say(gateway, *(bytes([octet]) for octet in REQUEST)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert say(gateway, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 8000 + b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


def test_one_that_is_too_long_is_refused(serve):
    gateway = serve()
    long = b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 9000
    assert say(gateway, long).startswith(b"HTTP/1.1 400 ")
    assert say(gateway, b"x" * 20000)[:13] in (b"HTTP/1.1 400 ", b"")


def test_half_a_line_is_waited_for_no_longer_than_it_may_take_and_keeps_nobody_waiting(serve):
    gateway = serve()
    with socket.create_connection(("127.0.0.1", gateway.metrics_port), timeout=PATIENCE + 5) as slow:
        began = time.monotonic()
        slow.sendall(b"GET /met")
        assert scrape(gateway) and gateway.control("status")
        assert time.monotonic() - began < 3
        for octet in b"rics HTT":  # an octet now and then is no reprieve
            time.sleep(0.25)
            slow.sendall(bytes([octet]))
        assert slow.recv(1) == b""
        assert PATIENCE - 1 < time.monotonic() - began < PATIENCE + 3
    assert scrape(gateway)


def test_so_many_at_once_and_no_more(serve):
    gateway = serve()
    with contextlib.ExitStack() as held:
        for _ in range(PLACES):
            held.enter_context(socket.create_connection(("127.0.0.1", gateway.metrics_port))).sendall(b"GET ")
        assert wait_until(lambda: curl(at(gateway))[0] == 503, 3)
        assert gateway.control("metrics") and gateway.control("status")
    assert wait_until(lambda: scrape(gateway), 3)


def test_many_are_answered_together(serve):
    gateway = serve()
    with contextlib.ExitStack() as held:
        asking = [held.enter_context(socket.create_connection(("127.0.0.1", gateway.metrics_port), timeout=10)) for _ in range(PLACES)]
        began = time.monotonic()
        for sock in asking:
            sock.sendall(REQUEST)
        for sock in asking:
            assert sock.recv(15) == b"HTTP/1.1 200 OK"
        assert time.monotonic() - began < 3


def test_who_goes_away_meanwhile_harms_nobody(serve):
    gateway = serve()
    keeper = gateway.pids("gatepost-keeper")
    os.kill(gateway.process.pid, signal.SIGSTOP)  # so that all wait for the parent
    for _ in range(PLACES):
        with socket.create_connection(("127.0.0.1", gateway.metrics_port)) as sock:
            sock.sendall(REQUEST)
    os.kill(gateway.process.pid, signal.SIGCONT)
    assert wait_until(lambda: scrape(gateway))
    assert gateway.pids("gatepost-keeper") == keeper


def test_a_parent_that_says_nothing_is_asked_again(serve):
    gateway = serve()
    os.kill(gateway.process.pid, signal.SIGSTOP)
    try:
        assert say(gateway, REQUEST) == b""  # in the end
    finally:
        os.kill(gateway.process.pid, signal.SIGCONT)
    assert wait_until(lambda: scrape(gateway))
    assert all(is_alive(pid) for pid in gateway.pids("gatepost-keeper"))


# ---- who may


@needs.root
def test_on_the_socket_a_role_is_needed(serve):
    gateway = serve({"keeper": {"auditors": '"games"'}})
    words = ["--unix-socket", gateway.metrics_socket, "http://localhost/metrics"]
    assert os.stat(gateway.metrics_socket).st_mode & 0o777 == 0o666
    member = curl(*words, user=STRANGER, group=STRANGER, extra_groups=[grp.getgrnam("games").gr_gid])
    assert member[0] == 200 and "gatepost_sessions " in member[2]
    for _ in range(3 * PLACES):
        status, _, text = curl(*words, user=STRANGER, group=STRANGER, extra_groups=[])
        assert status in (0, 403) and "gatepost_" not in text
    assert curl(*words)[0] == 200


@needs.root
def test_on_the_port_none_is(serve):
    gateway = serve()
    assert curl(at(gateway), user=STRANGER, group=STRANGER, extra_groups=[])[0] == 200


# ---- what befalls them


def test_they_come_again_with_the_next_keeper(serve):
    gateway = serve()
    os.kill(gateway.pids("gatepost-keeper")[0], signal.SIGKILL)
    assert wait_until(lambda: scrape(gateway))
    assert wait_until(lambda: curl("--unix-socket", gateway.metrics_socket, "http://localhost/metrics")[0] == 200)


def test_a_reload_moves_them(serve, body):
    gateway = serve()
    old = at(gateway)
    gateway.metrics_port = free_port()
    gateway.configure(body, {"metrics": {"port": gateway.metrics_port}})
    gateway.reload()
    assert wait_until(lambda: scrape(gateway))
    assert curl(old)[0] == 0 and curl("--unix-socket", gateway.metrics_socket, "http://localhost/metrics")[0] == 0


def test_a_port_that_somebody_has_is_logged_and_costs_nothing_else(start, body, own_dir):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port, path = other.getsockname()[1], str(own_dir / "metrics")
        gateway = start(body, changes={"metrics": {"socket": '"%s"' % path, "port": port}})
        assert wait_until(lambda: curl("--unix-socket", path, "http://localhost/metrics")[0] == 200)
        assert "no metrics on this port address=127.0.0.1 port=%d" % port in gateway.log()
        assert gateway.control("status")


def test_the_control_socket_is_no_place_for_them(own_dir, body):
    gateway = Gatepost(own_dir, body)
    gateway.configure(body, {"metrics": {"socket": '"%s/control"' % gateway.dir}})
    code, said = check_configuration(gateway.file)
    assert code == 1 and "keeper control is there" in said
