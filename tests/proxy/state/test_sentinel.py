# SPDX-License-Identifier: ISC
"""Redis by way of its sentinels: the master is found, and found again after a fail-over; what cannot be used is told, and no call waits
longer than the time-out."""
import socket
import threading
import time

import pytest

from lab.ports import free_port
from lab.process import wait_until
from lab.redis import Redis, rights
from lab.sentinels import NAME, Watched


@pytest.fixture
def client(client):
    """One that is told where its Redis is by these."""
    return lambda addresses, **settings: client(**{"sentinels": addresses, "master": NAME, "timeout": 1000, "retry": 300, **settings})


@pytest.fixture
def watched(own_dir):
    started = []

    def start(**how):
        started.append(Watched(own_dir, **how))
        return started[-1].start()
    yield start
    for one in started:
        one.stop()


class Sentinel:
    """One that gives `answer` to whatever is asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.listener.accept()
                with one:
                    self.asked.append(one.recv(65536))
                    one.sendall(self.answer() if callable(self.answer) else self.answer)
                    while one.recv(65536):
                        pass
            except OSError:
                if self.listener.fileno() < 0:
                    return


def told(address):
    """A sentinel's answer."""
    host, _, port = address.rpartition(":")
    return ("*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(host), host, len(port), port)).encode()


@pytest.fixture
def redis(own_dir):
    it = Redis(own_dir).start()
    yield it
    it.stop()


@pytest.fixture
def sentinel():
    opened = []

    def new(answer):
        opened.append(Sentinel(answer))
        return opened[-1]
    yield new
    for one in opened:
        one.listener.close()


# Asking

def test_it_is_asked_by_name_and_believed(sentinel, redis, client):
    one = sentinel(told(redis.address))
    it = client([one.address])
    assert it.value("SET", "k", "v") == "OK" and redis.cli("GET", "k") == "v"
    assert one.asked == [b"*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n$7\r\nsenders\r\n"]
    assert "the redis master is" in it.log()


def silent():
    time.sleep(5)
    return b""


@pytest.mark.parametrize("answer, reason", [
    (b"*-1\r\n", "knows no master of that name"),
    (b"+OK\r\n", "answers something else"),
    (b"*1\r\n$1\r\nx\r\n", "answers something else"),
    (b"*2\r\n:1\r\n:2\r\n", "names a host, not an address"),
    (told("redis.example.com:6379"), "names a host, not an address"),
    (told("127.0.0.1:0"), "names no port"),
    (told("127.0.0.1:66000"), "names no port"),
    (b"-NOAUTH Authentication required.\r\n", "NOAUTH"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol"),
    (b"", "no answer in time"),
    (silent, "no answer in time"),
    (told("127.0.0.1:1"), "Connection refused"),
])
def test_what_is_no_answer_is_told_and_the_next_one_is_asked(sentinel, redis, client, answer, reason):
    wrong = sentinel(answer)
    it = client([wrong.address], retry=60000)
    start = time.monotonic()
    assert "none" in it.command("PING") and time.monotonic() - start < 3
    assert reason in it.log()
    other = client([wrong.address, sentinel(told(redis.address)).address], retry=60000)
    assert other.works() and "redis is away" not in other.log()


def test_one_that_does_not_listen_costs_nothing(sentinel, redis, client):
    it = client(["127.0.0.1:%d" % free_port(), "127.0.0.1:%d" % free_port(), sentinel(told(redis.address)).address])
    assert it.works() and "redis is away" not in it.log()


def test_all_that_hang_take_no_longer_than_the_time_out(sentinel, client):
    it = client([sentinel(silent).address for _ in range(3)], timeout=600, retry=60000)
    start = time.monotonic()
    tasks = [it.send("command", argv=["PING"]) for _ in range(10)]
    assert all("none" in it.wait(task) for task in tasks)
    assert time.monotonic() - start < 2
    assert it.log().count("redis is away") == 1


def test_who_says_that_he_is_no_master_is_none(sentinel, redis, client):
    redis.cli("REPLICAOF", "127.0.0.1", "1")
    it = client([sentinel(told(redis.address)).address], retry=200)
    assert "none" in it.command("PING") and "it is not the master" in it.log()
    redis.cli("REPLICAOF", "NO", "ONE")
    assert wait_until(it.available) and it.works()


def test_a_master_that_was_demoted_is_left(sentinel, redis, client, own_dir):
    """It says READONLY on a connection that is there."""
    where = [redis.address]
    it = client([sentinel(lambda: told(where[0])).address])
    assert it.value("SET", "k", "v") == "OK"
    other = Redis(own_dir / "other").start()
    redis.cli("REPLICAOF", "127.0.0.1", other.port)
    where[0] = other.address
    assert "none" in it.command("SET", "k", "w")
    assert it.value("SET", "k", "x") == "OK" and other.cli("GET", "k") == "x"
    other.stop()


# A real fail-over

@pytest.mark.parametrize("how", ["kill", "pause"])
def test_a_fail_over_is_followed(watched, client, how):
    it_all = watched()
    it = client(it_all.addresses(), timeout=500)
    assert it.value("INCR", "n") == 1
    before = it_all.master()
    (before.kill if how == "kill" else before.pause)()
    waited = []

    def works():
        start = time.monotonic()
        answer = it.command("INCR", "n")
        waited.append(time.monotonic() - start)
        return "value" in answer
    assert wait_until(works, 60, 0.02), it.log()
    assert max(waited) < 5, "a call waits no longer than the time-out"
    after = it_all.wait_for_another(before)
    assert after and it.value("GET", "n") == after.cli("GET", "n")
    assert it.log().count("redis is away") <= 2 and it.log().count("the redis master is") == 2
    if how == "pause":
        before.resume()
        assert wait_until(lambda: "role:slave" in before.cli("INFO", "replication"), 30)
        assert it.works()


def test_a_switch_by_hand_is_followed(watched, client):
    it_all = watched()
    it = client(it_all.addresses())
    assert it.value("INCR", "n") == 1
    before = it_all.master()
    assert it_all.sentinels[0].cli("SENTINEL", "FAILOVER", NAME) == "OK"
    assert it_all.wait_for_another(before)
    assert wait_until(lambda: "value" in it.command("INCR", "n"), 20)
    assert wait_until(lambda: it_all.master().cli("GET", "n") == it.value("GET", "n"), 60), "once the old one is told that it is no master"


def test_each_has_its_password_and_speaks_tls(watched, client, authority):
    certificate = authority.certificate("redis.example.com")
    tls = ["tls-cert-file %s" % certificate.chain, "tls-key-file %s" % certificate.key, "tls-ca-cert-file %s" % authority.ca,
           "tls-auth-clients no", "tls-replication yes", "port 0", "tls-port @PORT@",
           "sentinel auth-pass %s node" % NAME, "sentinel auth-user %s default" % NAME,
           "user gatepost on >secret -@all +sentinel|get-master-addr-by-name", "sentinel sentinel-pass watch"]
    it_all = watched(nodes=2, sentinels=1, tls=certificate, node_password="node", password="watch", more=tls,
                     options={"masterauth": "node", "tls-replication": "yes", "tls-ca-cert-file": authority.ca})
    for node in it_all.nodes:
        node.cli("ACL", "SETUSER", "gatepost", "on", ">s3cret", "~gatepost:*", "-@all", *rights())
    with open(authority.ca) as file:
        ca = file.read()
    login = {"user": "gatepost", "password": "s3cret", "sentinel_user": "gatepost", "sentinel_password": "secret", "ca": ca}
    it = client(it_all.addresses(), tls_name="redis.example.com", **login)
    assert it.value("SET", "gatepost:k", "v") == "OK"
    before = it_all.master()
    before.kill()
    assert wait_until(lambda: "value" in it.command("INCR", "gatepost:n"), 30), it.log()
    for wrong in ({"sentinel_password": "wrong"}, {"tls_name": "other.example.com"}, {"ca": ""}):
        other = client(it_all.addresses(), **{"tls_name": "redis.example.com", **login, **wrong})
        assert "none" in other.command("PING") and "redis is away" in other.log()
