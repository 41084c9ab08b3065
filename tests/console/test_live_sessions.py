# SPDX-License-Identifier: ISC
"""gatepostctl sessions and top: who is connected, what he is doing, and what goes on."""
import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from lab.gatepost import backend, certificate, domains
from lab.process import wait_until
from lab.smtp_client import Session, client_context

SLOW = 3  # seconds that the server behind takes for a message


@pytest.fixture
def behind(new_backend):
    return new_backend()


@pytest.fixture
def gateway(start, behind, authority):
    return start(certificate(authority.certificate("mx.example.com")) + backend("behind", behind.port) + domains("behind", "example.com"))


def sessions(gateway):
    told = gateway.control("sessions", "--json")
    return None if told is None else [json.loads(line) for line in told.splitlines()]


def only(gateway, **what):
    """The one session there is, once it is as said; None where it is not in time."""
    return wait_until(lambda: [s for s in sessions(gateway) if what.items() <= s.items()] if len(sessions(gateway)) == 1 else [])


def test_a_session_is_told_with_what_it_does(gateway):
    assert sessions(gateway) == []
    with Session(gateway.port) as client:
        session, = only(gateway, doing="idle")
        assert session["client"] == "127.0.0.1" and session["port"] == client.socket.getsockname()[1]
        assert session["protocol"] == "smtp" and session["tls"] is False and session["messages"] == 0
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example>", 250)
        assert only(gateway, doing="envelope", **{"from": "a@client.example"})
        for name in ("u", "v", "w"):
            client.expect("RCPT TO:<%s@example.com>" % name, 250)
        session, = only(gateway, recipients=3)
        assert session["to"] == "u@example.com"
        client.expect("DATA", 354)
        assert only(gateway, doing="receiving")
        client.send("Subject: x\r\n\r\nhello\r\n.\r\n")
        assert client.reply().code == 250
        session, = only(gateway, doing="idle", messages=1)
        assert "from" not in session and session["recipients"] == 0
        assert client.command("HUH").code == 500
        assert only(gateway, errors=1)
    assert wait_until(lambda: sessions(gateway) == [])


def test_null_senders_and_tls_are_told(gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        client.starttls(client_context())
        client.ehlo()
        client.expect("MAIL FROM:<>", 250)
        assert only(gateway, tls=True, **{"from": "<>"})


def test_a_delivery_that_takes_long_is_seen(start, new_backend):
    gateway = start(backend("behind", new_backend({"DOT": [SLOW, b"250 2.0.0 ok\r\n"]}).port) + domains("behind", "example.com"))
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        client.expect("DATA", 354)
        client.send("Subject: x\r\n\r\n" + "hello\r\n" * 100 + ".\r\n")
        session, = only(gateway, doing="delivering")
        assert session["size"] >= 700 and session["id"].endswith(".1")
        assert session["doing_ms"] <= session["age_ms"]
        assert client.reply().code == 250


def test_sessions_of_a_proxy_that_hangs_are_told_and_those_of_one_that_died_are_not(gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        assert only(gateway, doing="idle")
        proxies = gateway.pids("gatepost-proxy")
        for pid in proxies:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(0.2)
            assert len(sessions(gateway)) == 1
        finally:
            for pid in proxies:
                os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: sessions(gateway) == [])


def test_the_oldest_session_comes_first_and_hostile_words_are_harmless(gateway):
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(Session(gateway.port))
        one.ehlo()
        time.sleep(0.01)  # ages are told in milliseconds
        other = stack.enter_context(Session(gateway.port))
        other.ehlo()
        other.expect('MAIL FROM:<"a\\"b\x7f{}"@client.example>', 250, 501, 553)
        other.expect("RSET", 250)
        other.expect('MAIL FROM:<"a\\"b{}%s"@client.example>', 250)
        assert wait_until(lambda: len(sessions(gateway)) == 2)
        ports = [session["port"] for session in sessions(gateway)]
        assert ports == [one.socket.getsockname()[1], other.socket.getsockname()[1]]
        assert wait_until(lambda: '"a\\"b{}%s"@client.example' in gateway.control("sessions"))


def test_more_sessions_than_a_packet_tells_are_told(start, behind):
    gateway = start(backend("behind", behind.port) + domains("behind", "example.com"), changes={"limits": {"sessions_per_client": 1000}})
    open_ones = [Session(gateway.port) for _ in range(700)]
    try:
        for client in open_ones:
            client.ehlo()
            client.expect("MAIL FROM:<%s@client.example>" % ("a" * 60), 250)
        assert wait_until(lambda: len(gateway.control("sessions", "--json")) > 160 * 1024)
        told = gateway.control("sessions", "--json")
        assert {json.loads(line)["port"] for line in told.splitlines()} == {client.socket.getsockname()[1] for client in open_ones}
    finally:
        for client in open_ones:
            client.close()


def test_top_tells_rates_and_sessions_again_and_again(gateway):
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        assert wait_until(lambda: [session["doing"] for session in sessions(gateway)] == ["envelope"])
        told = subprocess.Popen([str(gateway.build / "gatepostctl"), "top", "--json", "--interval", "1", "--times", "3", "--config", gateway.file],
                                stdout=subprocess.PIPE, text=True)
        first = json.loads(told.stdout.readline())
        assert first["per_second"] == {} and first["sessions"][0]["doing"] == "envelope"
        assert first["status"]["gateway"]["sessions"] == 1
        assert client.data(b"Subject: x\r\n\r\nhello\r\n").code == 250
        second, third = [json.loads(line) for line in told.stdout]
        assert second["per_second"]["messages"] + third["per_second"]["messages"] > 0
        assert third["sessions"][0]["messages"] == 1
        assert told.wait(10) == 0
        words = gateway.control("top", "--times", "1")
        assert "1 session" in words
        assert client.socket.getsockname()[0] in words


@pytest.mark.parametrize("words", (["sessions", "x"], ["top", "x"], ["top", "--interval", "0"], ["top", "--times", "many"]))
def test_what_is_no_question_is_told_how_it_is_asked(gateway, words):
    done = subprocess.run([str(gateway.build / "gatepostctl"), *words, "--config", gateway.file], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("usage: gatepostctl " + words[0])
