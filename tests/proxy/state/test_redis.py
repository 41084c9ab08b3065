# SPDX-License-Identifier: ISC
"""Redis as a proxy asks it, with a real redis-server: answers, logging in, and every way of having none."""
import socket
import threading
import time

import pytest

from lab import needs
from lab.ports import free_port
from lab.process import wait_until
from lab.redis import Redis, rights, script

NOW = "1700000000"
SCRIPT_CALLS = [  # each branch of each script
    ("greylist", ["meeting", "counter"], [NOW, "300", "3600", "86400", "5", "1", "1"]),
    ("history", ["sender"], []),
    ("accepted", ["counter", "sender"], [NOW, "3600", "1"]),
    ("rates", ["now", "before"], ["60"]),
    ("contact", ["contact", "another"], []),
    ("contacts", ["contact"], ["3600"]),
    ("retries", ["refused", "place"], ["3600", "x"]),
    ("retry", ["refused", "place", "another", "delivered"], []),
    ("dmarc", ["report"], ["3600", "100", "row", "policy", "1"]),
    ("login", ["failed", "busy"], ["60", "3600", "3"]),
    ("login_over", ["failed", "busy", "tried"], ["failed", "mark", "3600", "600", "16", "1"]),
    ("login_over", ["failed", "busy", "tried"], ["failed", "other", "3600", "600", "16", "1"]),
    ("login_over", ["failed", "busy", "tried"], ["succeeded", "", "3600", "600", "16", "1"]),
]

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"


@pytest.fixture
def new_redis(own_dir):
    started = []

    def start_redis(**how):
        started.append(Redis(own_dir, **how))
        return started[-1].start()

    yield start_redis
    for server in started:
        server.stop()


@pytest.fixture
def redis(new_redis):
    return new_redis()


@pytest.fixture(params=["socket", "tcp"])
def both(request, redis, client):
    """A client through the parent's socket, and one that connects itself."""
    return client(socket=redis.socket) if request.param == "socket" else client(server=redis.address)


# Answers

def test_each_kind_of_reply_comes_through(both):
    assert both.value("SET", "k", "v w") == "OK"
    assert both.value("GET", "k") == "v w"
    assert both.value("GET", "absent") is None
    assert both.value("INCR", "n") == 1
    assert both.value("RPUSH", "l", "a", "", "c") == 3
    assert both.value("LRANGE", "l", "0", "-1") == ["a", "", "c"]
    assert both.value("EVAL", "return {1, {2, 'x'}, false}", "0") == [1, [2, "x"], None]


def test_bytes_are_not_interpreted(both):
    assert both.value("SET", "k\r\nDEL x\r\n", "a\u0000b\r\n$5\r\n") == "OK"
    assert both.value("GET", "k\r\nDEL x\r\n") == "a\u0000b\r\n$5\r\n"


def test_ten_thousand_in_a_row_are_answered_in_order(both, redis):
    done = both.do("burst", count=10000, argv=["INCR", "n"])
    assert done["answered"] == 10000 and done["in_order"]
    assert redis.cli("GET", "n") == "10000"


def test_a_pipeline_is_fast(both):
    both.works()
    start = time.monotonic()
    both.do("burst", count=50000, argv=["INCR", "n"])
    assert time.monotonic() - start < (20 if needs.SANITIZED else 5)


def test_a_long_value_comes_whole(both):
    value = "0123456789abcdef" * 60000
    assert both.value("SET", "k", value) == "OK"
    assert both.value("GET", "k") == value


def test_a_value_that_is_too_long_is_given_up(both):
    assert both.value("SETRANGE", "k", str(3 * 1024 * 1024), "x")
    assert "none" in both.command("GET", "k")
    assert "a reply that is too long" in both.log()


def test_a_command_that_is_too_long_is_refused(both):
    assert "refused" in both.command("SET", "k", "x" * 4100000, "y" * 200000)
    assert both.works()


# Scripts

def test_a_script_is_sent_whole_once(redis, client):
    it = client(server=redis.address)
    for n in (2, 4, 6):
        assert it.do("eval", script=ADD, keys=["n"], args=["2"])["value"] == n
    counts = redis.cli("INFO", "commandstats")
    assert "cmdstat_eval:calls=1," in counts and "cmdstat_evalsha:calls=2," in counts


def test_a_script_that_was_forgotten_is_sent_again(redis, client):
    it = client(server=redis.address)
    it.do("eval", script=ADD, keys=["n"], args=["1"])
    for n in (3, 5):
        redis.cli("SCRIPT", "FLUSH")
        assert it.do("eval", script=ADD, keys=["n"], args=["2"])["value"] == n
    assert "class" not in it.log()


def test_many_scripts_that_were_forgotten_are_sent_again(redis, client):
    it = client(server=redis.address)
    it.do("eval", script=ADD, keys=["n"], args=["1"])
    redis.cli("SCRIPT", "FLUSH")
    tasks = [it.send("eval", script=ADD, keys=["n"], args=["1"]) for _ in range(500)]
    assert sorted(it.wait(task)["value"] for task in tasks) == list(range(2, 502))


def test_an_error_in_a_script_is_no_answer(redis, client):
    it = client(server=redis.address)
    assert "none" in it.do("eval", script="return redis.call('INCR')", keys=[], args=[])
    assert it.works()
    assert "redis answers with an error class=ERR" in it.log()


# The private one: its scripts are loaded by the parent, over each connection before a proxy gets it

@pytest.fixture
def private(new_redis, client):
    server = new_redis()
    server.cli("ACL", "SETUSER", "loader", "on", ">secret", "-@all", "+script|load")
    server.cli("ACL", "SETUSER", "admin", "on", ">admin", "+@all", "~*")
    server.cli("ACL", "SETUSER", "default", "resetkeys", "-@all", *rights(), "~gatepost:*")
    server.admin = lambda *words: server.cli("--user", "admin", "--pass", "admin", "--no-auth-warning", *words)
    it = client(socket=server.socket, secret="secret")
    it.server = server
    return it


def test_the_private_ones_scripts_are_run_by_their_digests_alone(private):
    for n in (1, 2):
        assert private.do("eval", script=script("rates"), keys=["gatepost:n", "gatepost:before"], args=["60"])["value"] == [n, 0]
    counts = private.server.admin("INFO", "commandstats")
    assert "cmdstat_eval:" not in counts and "cmdstat_evalsha:calls=2," in counts


def test_forgotten_there_they_are_loaded_again_by_the_parent(private):
    def counts():
        return private.do("eval", script=script("rates"), keys=["gatepost:n", "gatepost:before"], args=["60"])
    assert counts()["value"] == [1, 0]
    private.server.admin("SCRIPT", "FLUSH")
    assert "none" in counts()
    assert counts()["value"] == [2, 0] and private.available()
    assert "class=NOSCRIPT" in private.log() and "redis is away" not in private.log()


def test_what_the_parent_does_not_load_is_no_answer(private):
    """However often it is tried: the breaker opens."""
    for _ in range(5):
        private.do("eval", script="return {1}", keys=[], args=[])
    assert not private.available()


def test_a_parent_that_is_not_let_in_is_no_answer(private):
    private.server.admin("ACL", "SETUSER", "loader", "resetpass", ">another")
    assert "none" in private.command("PING") and "at=introduction reason=WRONGPASS" in private.log()


# One with the rights that gatepost.conf(5) tells

def manual_line():
    """What is to be given to the Redis, from the manual."""
    text = (needs.ROOT / "man" / "gatepost.conf.5").read_text()
    lines = text.split("user gatepost on", 1)[1].split(".Ed")[0]
    return ("gatepost on" + lines).replace("\\(dq", '"').replace("\\-", "-").split()


@pytest.fixture
def limited(new_redis, client):
    server = new_redis()
    name, *words = manual_line()
    server.cli("ACL", "SETUSER", name, *[">s3cret" if word.startswith(">") else word for word in words])
    it = client(server=server.address, user=name, password="s3cret")
    it.server = server
    return it


def test_the_rights_that_the_manual_tells_suffice(limited):
    """For each script; those who may more find the same."""
    for name, keys, args in SCRIPT_CALLS:
        got = limited.do("eval", script=script(name), keys=["gatepost:" + key for key in keys], args=args)
        assert "value" in got, "%s: %s" % (name, limited.log())
    limited.server.cli("SCRIPT", "FLUSH")
    for name, keys, args in SCRIPT_CALLS:
        assert "value" in limited.do("eval", script=script(name), keys=["gatepost:" + key for key in keys], args=args), name
    assert "class=" not in limited.log()


def test_they_are_no_more_than_is_needed(limited):
    assert "none" in limited.command("GET", "other")
    assert "none" in limited.do("eval", script="return redis.call('GET', KEYS[1])", keys=["other"], args=[])
    for words in (["INFO"], ["KEYS", "*"], ["CONFIG", "GET", "*"], ["FLUSHALL"], ["SCRIPT", "FLUSH"]):
        assert "none" in limited.command(*words) and limited.works()


def test_the_manual_tells_what_the_private_one_has():
    assert set(rights()) < set(manual_line())


# A Redis Cluster

@pytest.fixture
def cluster(new_redis):
    """Of one node, which has all slots."""
    server = new_redis(options={"cluster-enabled": "yes", "cluster-config-file": "nodes.conf", "cluster-port": free_port()})
    server.cli("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    assert wait_until(lambda: "cluster_state:ok" in server.cli("CLUSTER", "INFO"))
    return server


def test_a_cluster_is_refused_when_it_is_connected_to(cluster, client):
    it = client(server=cluster.address, database=2)
    assert "none" in it.command("PING")
    assert "at=HELLO" in it.log() and "it is a Redis Cluster" in it.log()
    for _ in range(5):
        assert "value" not in it.do("eval", script=ADD, keys=["n"], args=["2"])
    assert it.log().count("\n") == 1 and cluster.cli("DBSIZE") == "0"


@pytest.mark.parametrize("answer", [b"-MOVED 3999 127.0.0.1:6381\r\n", b"-CROSSSLOT Keys in request don't hash\r\n",
                                    b"-CLUSTERDOWN Hash slot not served\r\n"])
def test_one_that_hides_what_it_is_shows_by_its_answers(fake, client, answer):
    it = client(server=fake(GREETING, answer).address, retry=60000)
    assert "none" in it.command("GET", "k") and "refused" in it.command("GET", "k")
    assert it.log().count("it is a Redis Cluster") == 1 and "name a single Redis" in it.log()


def test_a_sentinel_is_no_redis(fake, client):
    it = client(server=fake(b"*2\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n", b"").address, retry=60000)
    assert "none" in it.command("GET", "k") and "it is a Sentinel, not a Redis" in it.log()


# Cancelled

def test_a_cancelled_call_takes_its_own_reply_with_it(both):
    assert both.works()
    tasks = [both.send("command", argv=["ECHO", "a%d" % i]) for i in range(3)]
    both.send("cancel", which=tasks[1])
    assert both.wait(tasks[0])["value"] == "a0"
    assert both.wait(tasks[2])["value"] == "a2"
    assert both.value("ECHO", "x") == "x"


def test_cancelled_before_there_is_a_connection(both):
    task = both.send("command", argv=["INCR", "n"])
    both.do("cancel", which=task)
    assert both.value("ECHO", "x") == "x"


# Logging in

@pytest.mark.parametrize("written", ["s3cret x\n", "\ufeffs3cret x\r\n"])
def test_the_password_opens(new_redis, client, written):
    redis = new_redis(password="s3cret x")
    it = client(server=redis.address, password=written)
    assert it.value("SET", "k", "v") == "OK"
    it.close()
    assert "s3cret" not in it.log()


def test_a_user_with_a_password(new_redis, client):
    redis = new_redis()
    redis.cli("ACL", "SETUSER", "gate", "on", ">pass", "~gatepost:*", "+@all", "-@dangerous", "-client")
    it = client(server=redis.address, user="gate", password="pass")
    assert it.value("INCR", "gatepost:n") == 1
    assert it.value("ACL", "WHOAMI") == "gate"


@pytest.mark.parametrize("password, reason", [("wrong", "WRONGPASS"), ("", "NOAUTH")])
def test_a_wrong_password_is_told_and_not_logged(new_redis, client, password, reason):
    redis = new_redis(password="s3cret")
    it = client(server=redis.address, password=password)
    assert "none" in it.command("GET", "k")
    assert not it.available()
    assert "reason=%s" % reason in it.log() and "wrong" not in it.log() and "s3cret" not in it.log()


def test_a_password_that_is_set_right_is_found_out(new_redis, client):
    redis = new_redis(password="old")
    it = client(server=redis.address, password="new")
    assert "none" in it.command("GET", "k")
    redis.cli("CONFIG", "SET", "requirepass", "new")
    assert wait_until(it.available)
    assert it.works() and "redis is back" in it.log()


def test_the_database_is_chosen_before_anything_else(redis, client):
    it = client(server=redis.address, database=3)
    it.do("burst", count=100, argv=["INCR", "n"])
    assert redis.cli("-n", "3", "GET", "n") == "100" and redis.cli("GET", "n") == ""


def test_a_database_that_is_not_there_gets_nothing(new_redis, client):
    redis = new_redis(options={"databases": "2"})
    it = client(server=redis.address, database=3)
    assert "none" in it.command("SET", "k", "v")
    assert redis.cli("DBSIZE") == "0" and "at=SELECT" in it.log()


# TLS

@pytest.fixture
def tls_redis(new_redis, authority):
    return new_redis(tls=authority.certificate("redis.example.com"))


def read(path):
    with open(path) as f:
        return f.read()


def test_tls_with_the_right_name(tls_redis, client, authority):
    it = client(server=tls_redis.address, tls_name="redis.example.com", ca=read(authority.ca))
    assert it.value("SET", "k", "v" * 100000) == "OK"
    done = it.do("burst", count=10000, argv=["INCR", "n"])
    assert done["answered"] == 10000 and done["in_order"]


@pytest.mark.parametrize("how", ["name", "ca", "plain server"])
def test_tls_that_cannot_be_trusted_gets_no_word(new_redis, tls_redis, client, authority, how, own_dir):
    server = tls_redis.address
    if how == "plain server":
        (own_dir / "plain").mkdir()
        plain = Redis(own_dir / "plain").start()
        server = plain.address
    it = client(server=server, tls_name="other.example.com" if how == "name" else "redis.example.com",
                ca="" if how == "ca" else read(authority.ca), password="s3cret")
    assert "none" in it.command("SET", "k", "v")
    assert "redis is away" in it.log()
    if how == "plain server":
        assert plain.cli("DBSIZE") == "0"
        plain.stop()
    else:
        assert "TLS handshake" in it.log()


# Away

def test_nothing_listens(client, own_dir):
    it = client(server="127.0.0.1:%d" % free_port())
    assert "none" in it.command("GET", "k")
    assert "refused" in it.command("GET", "k")
    assert it.log().count("redis is away") == 1 and "Connection refused" in it.log()


def test_it_is_found_when_it_comes(client, own_dir):
    redis = Redis(own_dir)
    it = client(server=redis.address, retry=100)
    assert "none" in it.command("GET", "k")
    redis.start()
    assert wait_until(it.available)
    assert it.works()
    assert it.log().count("redis is away") == 1 and it.log().count("redis is back") == 1
    redis.stop()


def test_the_parent_has_no_socket_yet(client, own_dir):
    redis = Redis(own_dir)
    it = client(socket=redis.socket, retry=100)
    assert "none" in it.command("GET", "k")
    redis.start()
    assert wait_until(it.available)
    assert it.works()
    redis.stop()


def test_killed_under_load_everything_is_answered(both, redis):
    for _ in range(3):
        assert wait_until(both.available) and wait_until(both.works)
        task = both.send("burst", count=1000000, argv=["INCR", "n"])
        wait_until(lambda: both.do("status")["calls"] > 5000, every=0.001)
        redis.kill()
        done = both.wait(task)
        assert done["none"] > 0 and done["in_order"]
        redis.start()
    assert wait_until(both.available) and wait_until(both.works)
    assert both.do("status")["pending"] == 0


def test_a_restart_while_idle_costs_nothing(both, redis):
    assert both.works()
    redis.stop()
    redis.start()
    assert wait_until(both.works)
    assert "redis is away" not in both.log() or both.available()


def test_one_that_stands_still_times_out_and_is_left_alone(redis, client):
    it = client(server=redis.address, timeout=200, retry=300)
    assert it.works()
    redis.pause()
    tasks = [it.send("command", argv=["INCR", "n"]) for _ in range(100)]
    start = time.monotonic()
    assert all("none" in it.wait(task) for task in tasks)
    assert time.monotonic() - start < 5
    assert all("refused" in it.command("INCR", "n") for _ in range(50))
    redis.resume()
    assert wait_until(it.available)
    assert it.value("ECHO", "x") == "x"
    assert it.log().count("redis is away") == 1 and "no answer in time" in it.log()


def test_one_that_stands_still_stays_out(redis, client):
    it = client(server=redis.address, timeout=50, retry=100)
    it.works()
    redis.pause()
    it.command("INCR", "n")
    ends = time.monotonic() + 1.5
    while time.monotonic() < ends:
        assert "value" not in it.command("INCR", "n")
    redis.resume()
    assert wait_until(it.available) and it.works()
    assert it.log().count("redis is away") == 1


def test_calls_under_way_are_answered_at_the_end(redis, client):
    it = client(server=redis.address, timeout=20000)
    assert it.works()
    redis.pause()
    task = it.send("command", argv=["INCR", "n"])
    it.do("status")
    it.close()
    redis.resume()
    assert it.answers[task] == {"id": task, "none": True}


# Errors

def test_full(new_redis, client):
    redis = new_redis(options={"maxmemory": "100kb", "maxmemory-policy": "noeviction"})
    it = client(server=redis.address)
    for _ in range(5):
        assert "none" in it.command("SET", "k", "v" * 1000)
    assert not it.available() and "refused" in it.command("SET", "k", "v")
    assert it.log().count("redis answers with an error class=OOM") == 1
    assert wait_until(it.available), "one call is let through"
    assert "none" in it.command("SET", "k", "v") and not it.available()
    redis.cli("CONFIG", "SET", "maxmemory", "0")
    assert wait_until(it.available)
    assert it.command("SET", "k", "v")["value"] == "OK"
    assert it.available() and all("value" in it.command("SET", "k", "v") for _ in range(10))


def test_read_only(new_redis, client):
    redis = new_redis()
    redis.cli("REPLICAOF", "127.0.0.1", free_port())
    it = client(server=redis.address)
    for _ in range(5):
        assert "none" in it.command("SET", "k", "v")
    assert not it.available() and "class=READONLY" in it.log()
    redis.cli("REPLICAOF", "NO", "ONE")
    assert wait_until(it.available) and it.value("SET", "k", "v") == "OK"


def test_single_errors_leave_it_open(redis, client):
    it = client(server=redis.address)
    for _ in range(20):
        assert "none" in it.command("INCR")
        assert it.works()
    assert it.available() and it.log().count("class=") == 1


# A server that is none

class Fake:
    """Says `hello` to whoever connects, then `answers` one after another, whenever something comes."""

    def __init__(self, *answers):
        self.answers = answers
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with one:
                self.talk(one)

    def talk(self, one):
        try:
            for answer in self.answers:
                if not one.recv(65536):
                    return
                one.sendall(answer)
            while one.recv(65536):
                pass
        except OSError:
            pass

    def close(self):
        self.listener.close()


HELLO = b"-ERR unknown command\r\n"  # as one says that is too old for it
GREETING = HELLO + b"+OK\r\n+PONG\r\n"


@pytest.fixture
def fake():
    opened = []

    def new_fake(*answers):
        opened.append(Fake(*answers))
        return opened[-1]

    yield new_fake
    for one in opened:
        one.close()


@pytest.mark.parametrize("answers, reason", [
    ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "protocol"),
    ([b"220 mail.example.com ESMTP\r\n"], "protocol"),
    ([GREETING, b"\x00\xff\x00\xff" * 100], "protocol"),
    ([GREETING, b"*2000000000\r\n"], "too many elements"),
    ([GREETING, b"*65000\r\n" * 3], "too many elements"),
    ([GREETING, b"*1\r\n" * 20], "depth"),
    ([GREETING, b"$99999999999999999999\r\n"], "protocol"),
    ([GREETING, b"$-5\r\n"], "protocol"),
    ([GREETING, b"$500000000\r\n" + b"x" * 2000000], "too long"),
    ([GREETING, b"+" + b"x" * 2000000], "too long"),
    ([GREETING, b"*60000\r\n" + b"$10000\r\n" + (b"x" * 10000 + b"\r\n$10000\r\n") * 200], "too long"),
    ([GREETING, b":1\r\n:2\r\n"], "a reply without a command"),
    ([GREETING + b":1\r\n"], "a reply without a command"),
    ([GREETING, b":12"], "no answer in time"),
    ([HELLO + b"+OK\r\n"], "no answer in time"),
    ([], "no answer in time"),
    ([HELLO + b"+OK\r\n-LOADING Redis is loading the dataset in memory\r\n"], "LOADING"),
    ([GREETING, b"-\x1b[31m" + b"bad" * 100 + b"\r\n"], "class=ERR"),
])
def test_nonsense_is_no_answer(fake, client, answers, reason):
    it = client(server=fake(*answers).address, timeout=300, retry=60000)
    first = it.command("GET", "k")
    assert "none" in first or first["value"] == 1
    assert wait_until(lambda: reason in it.log()), it.log()


def test_a_server_that_hangs_up_each_time_is_left_alone(client):
    listener = socket.create_server(("127.0.0.1", 0))
    connections = []

    def serve():
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            connections.append(1)
            with one:
                one.recv(65536)
                one.sendall(GREETING)
                one.recv(65536)

    threading.Thread(target=serve, daemon=True).start()
    it = client(server="127.0.0.1:%d" % listener.getsockname()[1], retry=60000)
    for _ in range(5):
        assert "none" in it.command("GET", "k")
    assert "refused" in it.command("GET", "k") and len(connections) == 5
    listener.close()


def test_a_slow_reply_is_not_taken_for_the_next(client):
    """The first reply comes after its call was given up, on a connection that is gone by then."""
    listener = socket.create_server(("127.0.0.1", 0))
    given_up = threading.Event()

    def serve():
        for n in range(2):
            one, _ = listener.accept()
            one.recv(65536)
            one.sendall(GREETING)
            one.recv(65536)
            if n == 0:
                given_up.wait(10)
            try:
                one.sendall(b"$5\r\nreply\r\n" if n else b"$5\r\nstale\r\n")
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    it = client(server="127.0.0.1:%d" % listener.getsockname()[1], timeout=200, retry=100)
    assert "none" in it.command("GET", "a")
    given_up.set()
    assert wait_until(it.available)
    assert it.value("GET", "b") == "reply"
    listener.close()
