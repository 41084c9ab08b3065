# SPDX-License-Identifier: ISC
"""TLS that the gateway cannot end (foreign_tls): clients who were led here on their way to other servers are passed on to
those, whose certificates they see, or refused. All of it plays in a network namespace of its own: there a client is at
CLIENT, and servers are at SERVER, which leads to where they listen."""
import contextlib
import ctypes
import json
import os
import smtplib
import socket
import ssl
import subprocess
import threading

import pytest

from lab import needs, users
from lab.dovecot import Dovecot
from lab.gatepost import Gatepost, certificate, running
from lab.ports import free_port
from lab.postfix import Postfix
from lab.process import kill, resident, wait_until

CLIENT, SERVER = "127.9.9.9", "127.0.0.2"
OURS, FOREIGN = "mx.example.com", "mail.foreign.example"
CLONE_NEWNET = 0x40000000
ANYWHERE = """
backend anywhere {
  smtp original
  pop3 original
  imap original
}
"""


def nft(text):
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


@pytest.fixture(scope="module", autouse=True)
def network():
    """What is started meanwhile is in there, and with it the namespace ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    if libc.unshare(CLONE_NEWNET) != 0:
        pytest.skip("no network namespaces here")
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        nft("""table ip lab {
            chain on_their_way { type filter hook prerouting priority mangle; }
            chain out { type nat hook output priority -100; ip saddr 127.0.0.1 ip daddr %s dnat to 127.0.0.1; }
        }""" % SERVER)
        yield
    finally:
        assert libc.setns(outside, CLONE_NEWNET) == 0
        os.close(outside)


class Front:
    """A gateway where clients are led to `ports`: {protocol: port}."""

    def __init__(self, gateway, ports):
        self.gateway = gateway
        self.ports = ports

    def lead(self, port, protocol):
        """Who is on his way to that port comes to that listener."""
        nft("add rule ip lab on_their_way ip saddr %s ip daddr %s tcp dport %d tproxy to 127.0.0.1:%d"
            % (CLIENT, SERVER, port, self.ports[protocol]))
        return port

    def counter(self, name):
        return json.loads(self.gateway.control("status", "--json"))["gateway"]["counters"][name]

    def records(self, verdict):
        return [r for r in self.gateway.decisions() if r["verdict"] == verdict]


def listeners(ports, foreign, senders):
    options = "transparent  foreign_tls %s" % foreign
    return ('listen smtp "out" on "127.0.0.1:%(smtp)d" { OPTIONS  outbound from { "127.0.0.0/8" }  relay anywhere }\n'
            'listen smtps on "127.0.0.1:%(smtps)d" { OPTIONS  outbound from { "127.0.0.0/8" }  relay anywhere }\n'
            'listen imaps on "127.0.0.1:%(imaps)d" { OPTIONS  backend anywhere }\n'
            'listen pop3s on "127.0.0.1:%(pop3s)d" { OPTIONS  backend anywhere }\n'
            'listen imap on "127.0.0.1:%(imap)d" { OPTIONS  backend anywhere }\n'
            'listen pop3 on "127.0.0.1:%(pop3)d" { OPTIONS  backend anywhere }\n' % ports).replace("OPTIONS", options).replace("127.0.0.0/8", senders)


@contextlib.contextmanager
def front_of(folder, body, foreign="pass", changes=None, senders="127.0.0.0/8"):
    ports = {word: free_port() for word in ("smtp", "smtps", "imaps", "pop3s", "imap", "pop3")}
    gateway = Gatepost(folder, listeners(ports, foreign, senders) + ANYWHERE + body, changes=changes)
    with running(gateway):
        yield Front(gateway, ports)


@pytest.fixture(scope="module")
def front(run_dir, network, authority):
    with front_of(run_dir, certificate(authority.certificate(OURS))) as made:
        yield made


@pytest.fixture(scope="module")
def foreign(network, authority):
    return authority.certificate(FOREIGN)


@pytest.fixture(scope="module")
def foreign_postfix(run_dir, foreign):
    folder = run_dir / "foreign"  # others have a Postfix there
    folder.mkdir()
    server = Postfix(folder, certificate=foreign)
    server.start()
    yield server
    server.stop()


class Listening:
    """A server that does with each connection what the test says, each in a thread of its own."""

    def __init__(self, serve):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.serve = serve
        self.threads = []
        self._begin(self._accept)

    def _begin(self, what, *words):
        self.threads.append(threading.Thread(target=what, args=words, daemon=True))
        self.threads[-1].start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self._begin(self._serve, self.socket.accept()[0])

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            self.serve(connection)

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for thread in self.threads:
            thread.join(30)


@pytest.fixture
def listening():
    made = []

    def start(serve):
        made.append(Listening(serve))
        return made[-1]
    yield start
    for server in made:
        server.stop()


def reach(port):
    return socket.create_connection((SERVER, port), timeout=20, source_address=(CLIENT, 0))


def hello(name):
    """The first octets of a client that asks for this name."""
    out = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def rest(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


def trusts(authority):
    return ssl.create_default_context(cafile=authority.ca)


# ---- SMTP ----

def test_mail_in_tls_of_a_foreign_server_reaches_it_unlooked_at(front, foreign_postfix, authority):
    port = front.lead(foreign_postfix.port, "smtp")
    with smtplib.SMTP(SERVER, port, source_address=(CLIENT, 0), local_hostname="inside.example") as client:
        client.ehlo()
        assert client.has_extn("starttls")
        client._host = FOREIGN
        client.starttls(context=trusts(authority))  # the server's own certificate
        client.sendmail("anna@inside.example", [users.ADDRESSES[0]], "Subject: passed\r\n\r\nby TLS\r\n")
    assert foreign_postfix.wait_for_message(users.ADDRESSES[0], b"Subject: passed")
    assert front.gateway.wait_log("TLS passed")
    assert wait_until(lambda: front.records("passed"))
    record = front.records("passed")[0]
    assert record["stage"] == "tls" and "%s:%d" % (SERVER, port) in record["reason"]


def test_swaks_sends_through(front, foreign_postfix):
    port = front.lead(foreign_postfix.port, "smtp")
    done = subprocess.run(["swaks", "--server", SERVER, "--port", str(port), "--local-interface", CLIENT, "--tls", "--to",
                           users.ADDRESSES[0], "--from", "anna@inside.example", "--header", "Subject: swaks"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert foreign_postfix.wait_for_message(users.ADDRESSES[0], b"Subject: swaks")


def smtp_server(listening, ehlo, starttls=b"220 go\r\n", heard=None):
    def serve(connection):
        lines = connection.makefile("rb")
        connection.sendall(b"220 foreign.example ESMTP\r\n")
        for line in lines:
            if heard is not None:
                heard.append(line)
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                connection.sendall(ehlo)
            elif verb == b"STARTTLS":
                connection.sendall(starttls)
            elif verb == b"QUIT":
                return
    return listening(serve)


WITH = b"250-foreign.example\r\n250-STARTTLS\r\n250 PIPELINING\r\n"
WITHOUT = b"250-foreign.example\r\n250 PIPELINING\r\n"


@contextlib.contextmanager
def said_ehlo(port):
    with reach(port) as connection:
        lines = connection.makefile("rb")
        assert lines.readline().startswith(b"220 ")
        connection.sendall(b"EHLO inside.example\r\n")
        offer = [lines.readline()]
        while offer[-1][3:4] == b"-":
            offer.append(lines.readline())
        yield connection, lines, b"".join(offer)


def test_what_was_sent_behind_starttls_goes_nowhere(front, listening):
    heard = []
    port = front.lead(smtp_server(listening, WITH, heard=heard).port, "smtp")
    with said_ehlo(port) as (connection, lines, offer):
        assert b"STARTTLS" in offer
        connection.sendall(b"STARTTLS\r\nEHLO injected.example\r\n")
        assert lines.readline().startswith(b"421 ")
        assert lines.read() == b""
    assert not any(b"injected" in line for line in heard)


def test_starttls_is_not_offered_where_the_server_does_not(front, listening):
    before = front.counter("tls_not_passed")
    port = front.lead(smtp_server(listening, WITHOUT).port, "smtp")
    with said_ehlo(port) as (connection, lines, offer):
        assert b"STARTTLS" not in offer
        connection.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"454 4.7.0")
        connection.sendall(b"NOOP\r\n")
        assert lines.readline().startswith(b"250 ")
    assert front.counter("tls_not_passed") == before + 1


def test_a_server_that_is_not_there_costs_the_offer_alone(front):
    port = front.lead(free_port(), "smtp")
    with said_ehlo(port) as (_, _, offer):
        assert b"STARTTLS" not in offer and b"PIPELINING" in offer


@pytest.mark.parametrize("reply", [b"454 4.7.0 not now\r\n", b"220 go\r\n250 more\r\n", b"nonsense\r\n"])
def test_a_server_that_does_not_go_ahead_leaves_the_session_in_plaintext(front, listening, reply):
    port = front.lead(smtp_server(listening, WITH, reply).port, "smtp")
    with said_ehlo(port) as (connection, lines, offer):
        assert b"STARTTLS" in offer
        connection.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"454 4.7.0")
        connection.sendall(b"NOOP\r\n")
        assert lines.readline().startswith(b"250 ")


# ---- TLS from the start ----

@pytest.fixture(scope="module")
def foreign_dovecot(run_dir, foreign, foreign_postfix):
    server = Dovecot(run_dir / "foreign", foreign_postfix.mail, foreign)
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("word", ["imaps", "pop3s"])
def test_curl_reads_mail_at_a_foreign_server(front, foreign_dovecot, authority, word):
    port = front.lead(getattr(foreign_dovecot, word + "_port"), word)
    done = subprocess.run(["curl", "-sS", "--interface", CLIENT, "--cacert", authority.ca, "--resolve", "%s:%d:%s" % (FOREIGN, port, SERVER),
                           "--user", "%s:%s" % (users.ADDRESSES[0], users.PASSWORD), "%s://%s:%d/" % (word, FOREIGN, port)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


# ---- STLS, and STARTTLS of IMAP ----

@pytest.mark.parametrize("word", ["imap", "pop3"])
def test_curl_asks_a_foreign_server_for_tls_and_reads_mail(front, foreign_dovecot, authority, word):
    before = front.counter("tls_passed")
    port = front.lead(getattr(foreign_dovecot, word + "_port"), word)
    done = subprocess.run(["curl", "-sS", "--ssl-reqd", "--interface", CLIENT, "--cacert", authority.ca, "--resolve", "%s:%d:%s" % (FOREIGN, port, SERVER),
                           "--user", "%s:%s" % (users.ADDRESSES[0], users.PASSWORD), "%s://%s:%d/" % (word, FOREIGN, port)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert front.counter("tls_passed") == before + 1


HELLO = b"\x16\x03\x01 whatever it is"
ASKS = {"imap": (b"* OK hello\r\n", b"a STARTTLS\r\n", b"gp OK go\r\n", b"a OK", b"a NO [UNAVAILABLE]", b"b NOOP\r\n", b"b OK"),
        "pop3": (b"+OK hello\r\n", b"STLS\r\n", b"+OK go\r\n", b"+OK", b"-ERR [SYS/TEMP]", b"CAPA\r\n", b"+OK")}


def mailbox_server(listening, greeting, answer, heard=None):
    """Greets so, and answers what asks for TLS; what comes behind that is echoed."""
    def serve(connection):
        connection.sendall(greeting)
        line = connection.makefile("rb", 0).readline()
        if heard is not None:
            heard.append(line)
        connection.sendall(answer)
        for octets in iter(lambda: connection.recv(4096), b""):
            if heard is not None:
                heard.append(octets)
            connection.sendall(octets)
    return listening(serve)


@contextlib.contextmanager
def greeted(port):
    with reach(port) as connection:
        lines = connection.makefile("rb")
        assert lines.readline()
        yield connection, lines


@pytest.mark.parametrize("word", ASKS)
def test_what_follows_the_servers_yes_passes_both_ways(front, listening, word):
    greeting, asks, answer, yes = ASKS[word][:4]
    heard = []
    port = front.lead(mailbox_server(listening, greeting, answer, heard).port, word)
    with greeted(port) as (connection, lines):
        connection.sendall(asks)
        assert lines.readline().startswith(yes)
        connection.sendall(HELLO)
        assert lines.read(len(HELLO)) == HELLO
    assert heard[0].split()[-1] in (b"STARTTLS", b"STLS") and heard[1].startswith(b"\x16")


@pytest.mark.parametrize("word", ASKS)
def test_what_was_sent_behind_the_question_for_tls_goes_nowhere(front, listening, word):
    greeting, asks, answer, _, no, _, _ = ASKS[word]
    heard = []
    port = front.lead(mailbox_server(listening, greeting, answer, heard).port, word)
    with greeted(port) as (connection, lines):
        connection.sendall(asks + b"x LOGIN injected injected\r\n")
        assert lines.readline().startswith(no)
        assert lines.read() == b""
    assert not any(b"injected" in octets for octets in heard)


WRONG = {"refused": (None, {"imap": b"gp NO not now\r\n", "pop3": b"-ERR not now\r\n"}), "more behind its yes": (None, {"imap": b"gp OK go\r\n* OK more\r\n", "pop3": b"+OK go\r\n+OK more\r\n"}),
         "nonsense": (None, {"imap": b"\0\r\n", "pop3": b"nonsense\r\n"}), "no greeting for us": ({"imap": b"* BYE go away\r\n", "pop3": b"-ERR go away\r\n"}, None),
         "more behind its greeting": ({"imap": b"* OK hello\r\ngp OK go\r\n", "pop3": b"+OK hello\r\n+OK go\r\n"}, None)}


@pytest.mark.parametrize("word", ASKS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_server_with_mailboxes_that_does_not_go_ahead_leaves_the_session_in_plaintext(front, listening, word, wrong):
    greeting, asks, answer, _, no, goes, on = ASKS[word]
    greets, answers = WRONG[wrong]
    before = front.counter("tls_not_passed")
    port = front.lead(mailbox_server(listening, greets[word] if greets else greeting, answers[word] if answers else answer).port, word)
    with greeted(port) as (connection, lines):
        connection.sendall(asks)
        assert lines.readline().startswith(no)
        connection.sendall(goes)
        assert lines.readline().startswith(on)
    assert front.counter("tls_not_passed") == before + 1


@pytest.mark.parametrize("word", ASKS)
def test_a_server_with_mailboxes_that_is_not_there_is_told(front, word):
    _, asks, _, _, no, goes, on = ASKS[word]
    port = front.lead(free_port(), word)
    with greeted(port) as (connection, lines):
        connection.sendall(asks)
        assert lines.readline().startswith(no)
        connection.sendall(goes)
        assert lines.readline().startswith(on)


def test_a_name_of_ours_is_ended_here(front, authority):
    port = front.lead(free_port(), "smtps")
    with reach(port) as plain, trusts(authority).wrap_socket(plain, server_hostname=OURS) as tls:
        assert tls.recv(100).startswith(b"220 %s" % OURS.encode())


def test_a_hello_that_comes_octet_by_octet_is_read_as_well(front, authority):
    port = front.lead(free_port(), "smtps")
    incoming, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusts(authority).wrap_bio(incoming, out, server_hostname=OURS)
    with reach(port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        for octet in out.read():
            connection.sendall(bytes([octet]))
        while True:
            incoming.write(connection.recv(65536))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        assert tls.getpeercert()


def echo_after_the_end(connection):
    connection.sendall(rest(connection))


def test_octets_and_half_closes_are_passed_on_as_they_are(front, listening):
    port = front.lead(listening(echo_after_the_end).port, "smtps")
    octets = hello(FOREIGN) + os.urandom(300000)
    with reach(port) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        assert rest(connection) == octets


def test_a_client_without_a_name_is_passed_on(front, listening):
    port = front.lead(listening(echo_after_the_end).port, "imaps")
    context = ssl.create_default_context()
    context.check_hostname = False
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    octets = out.read()
    with reach(port) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        assert rest(connection) == octets


@pytest.mark.parametrize("octets", [b"EHLO plain.example\r\n", b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff"])
def test_what_is_no_tls_is_passed_to_nobody(front, listening, octets):
    came = []
    port = front.lead(listening(came.append).port, "smtps")
    with reach(port) as connection:
        connection.sendall(octets)
        with contextlib.suppress(ConnectionResetError):
            assert rest(connection) == b""
    assert not came


def test_a_client_that_hangs_up_in_its_hello_is_gone(front):
    port = front.lead(free_port(), "smtps")
    with reach(port) as connection:
        connection.sendall(hello(FOREIGN)[:100])
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            assert rest(connection) == b""


def test_a_server_that_is_not_there_ends_the_connection(front):
    port = front.lead(free_port(), "smtps")
    before = front.counter("tls_not_passed")
    with reach(port) as connection:
        connection.sendall(hello(FOREIGN))
        assert rest(connection)[:1] == b"\x15"
    assert front.counter("tls_not_passed") == before + 1


MANY = 100 * 1024 * 1024


def pour(connection):
    connection.recv(65536)
    piece = bytes(65536)
    for _ in range(MANY // len(piece)):
        connection.sendall(piece)


@pytest.mark.skipif(needs.SANITIZED, reason="sanitizers keep memory that was given back")
def test_much_is_passed_on_in_little_memory(front, listening):
    port = front.lead(listening(pour).port, "smtps")
    proxies = front.gateway.pids("gatepost-proxy")
    before = sum(resident(pid) for pid in proxies)
    came = 0
    with reach(port) as connection:
        connection.sendall(hello(FOREIGN))
        while True:
            octets = connection.recv(1024 * 1024)
            if not octets:
                break
            came += len(octets)
            if came > MANY // 2:
                during = sum(resident(pid) for pid in proxies)
    assert came == MANY
    assert during < before + 4 * 1024 * 1024


# ---- a passage is a session ----

def wait_for_the_end(connection):
    rest(connection)


@contextlib.contextmanager
def passing(front, listening, serve=wait_for_the_end, word="smtps"):
    port = front.lead(listening(serve).port, word)
    with reach(port) as connection:
        connection.sendall(hello(FOREIGN))
        yield connection


def shown(front):
    lines = (json.loads(line) for line in front.gateway.control("sessions", "--json").splitlines())
    return [s for s in lines if s["doing"] == "passing"]


def test_a_passage_is_among_the_sessions(front, listening):
    with passing(front, listening):
        assert wait_until(lambda: shown(front))
        assert shown(front)[0]["client"] == CLIENT
    assert wait_until(lambda: not shown(front))


def test_a_passage_counts_among_those_of_its_client(own_dir, listening):
    with front_of(own_dir, "", changes={"limits": {"sessions_per_client": 1}}) as front:
        with passing(front, listening):
            assert wait_until(lambda: shown(front))
            with reach(front.lead(free_port(), "smtp")) as second:
                assert second.recv(100).startswith(b"421 ")


def test_a_silent_passage_ends_when_nothing_moves_for_long(own_dir, listening):
    with front_of(own_dir, "", changes={"timeouts": {"mailbox": "1s"}}) as front:
        with passing(front, listening) as connection:
            assert rest(connection) == b""
        assert front.gateway.wait_log("nothing has moved for too long")


def test_a_stop_waits_for_no_silent_passage(own_dir, listening):
    with front_of(own_dir, "", changes={"timeouts": {"drain": "60s"}}) as front, passing(front, listening) as connection:
        assert wait_until(lambda: shown(front))
        assert front.gateway.stop() in (0, None)
        with contextlib.suppress(ConnectionResetError):
            assert rest(connection) == b""


def test_a_reload_leaves_a_passage_alone(own_dir, listening):
    with front_of(own_dir, "") as front:
        with passing(front, listening, echo_after_the_end) as connection:
            assert wait_until(lambda: shown(front))
            front.gateway.reload()
            assert front.gateway.wait_log("serving generation=2")
            connection.sendall(b"more")
            connection.shutdown(socket.SHUT_WR)
            assert rest(connection).endswith(b"more")


def test_both_ends_hear_of_a_proxy_that_was_killed(own_dir, listening):
    ended = threading.Event()

    def serve(connection):
        with contextlib.suppress(OSError):
            rest(connection)
        ended.set()
    with front_of(own_dir, "") as front:
        front.gateway.caused.append("gatepost-proxy")
        with passing(front, listening, serve) as connection:
            assert wait_until(lambda: shown(front))
            for pid in front.gateway.pids("gatepost-proxy"):
                kill(pid)
            with contextlib.suppress(ConnectionResetError):
                assert rest(connection) == b""
            assert ended.wait(20)


# ---- refused ----

def test_who_may_not_send_is_not_passed_on_either(own_dir, listening):
    came = []
    with front_of(own_dir, "", senders="127.1.0.0/16") as front:
        with said_ehlo(front.lead(smtp_server(listening, WITH, heard=came).port, "smtp")) as (_, _, offer):
            assert b"STARTTLS" not in offer
        with reach(front.lead(listening(came.append).port, "smtps")) as connection:
            connection.sendall(hello(FOREIGN))
            assert rest(connection)[:1] == b"\x15"
    assert not came


@pytest.fixture(scope="module")
def refusing(run_dir, network, authority):
    folder = os.path.join(str(run_dir), "refusing")
    os.makedirs(folder)
    with front_of(folder, certificate(authority.certificate(OURS)), foreign="refuse") as made:
        yield made


def test_a_name_that_is_not_ours_is_refused(refusing, listening, authority):
    came = []
    port = refusing.lead(listening(came.append).port, "smtps")
    before = refusing.counter("tls_not_passed")
    with reach(port) as plain, pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
        trusts(authority).wrap_socket(plain, server_hostname=FOREIGN)
    assert refusing.counter("tls_not_passed") == before + 1
    assert not came


def test_a_name_of_ours_is_not_refused(refusing, authority):
    port = refusing.lead(free_port(), "smtps")
    with reach(port) as plain, trusts(authority).wrap_socket(plain, server_hostname=OURS) as tls:
        assert tls.recv(100).startswith(b"220 %s" % OURS.encode())


@pytest.mark.parametrize("word", ASKS)
def test_tls_of_mailboxes_is_not_offered_where_it_is_refused(refusing, listening, word):
    came = []
    before = refusing.counter("tls_not_passed")
    port = refusing.lead(listening(came.append).port, word)
    with reach(port) as connection:
        lines = connection.makefile("rb")
        assert b"STARTTLS" not in lines.readline()
        connection.sendall(ASKS[word][1])
        assert lines.readline().startswith(ASKS[word][4])
    assert refusing.counter("tls_not_passed") == before + 1 and not came


def test_starttls_is_not_offered_where_it_is_refused(refusing, listening):
    port = refusing.lead(smtp_server(listening, WITH).port, "smtp")
    with said_ehlo(port) as (connection, lines, offer):
        assert b"STARTTLS" not in offer
        connection.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"454 4.7.0")
