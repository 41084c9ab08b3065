# SPDX-License-Identifier: ISC
"""What a mail server may say to a milter, and what it should not, word by word."""
import concurrent.futures
import contextlib
import json
import shutil
import socket
import struct
import subprocess

import pytest

from lab.gatepost import Gatepost, backend, domains, running
from lab.milter_client import MilterClient, names
from lab.pairs import other_end, own_end
from lab.ports import free_port
from lab.process import asleep, descriptors, kill, port_answers, wait_until

CONTROL, DEAF = 3, 4  # common/milter.h

RULES = """
rule "client" when client.ip == "192.0.2.66" then drop 554 5.7.1 "not from there"
rule "sender" when sender == "bad@client.example" then reject 553 5.7.1 "50% bad"
rule "set" when message.subject contains "[set]" then header set "X-Set" "ours"
rule "mark" when message.subject contains "[mark]" then header add "X-Mark" "{client.ip}"
rule "split" when message.subject contains "[split]" and recipient == "second@example.com" then reject 550 5.7.1 "not for the second"
rule "banner" when message.subject contains "[banner]" then banner "From outside"
rule "held" when message.subject contains "[hold]" then quarantine "spam"
rule "half" when message.subject contains "[half]" and recipient == "Second@example.com" then quarantine "spam"
"""


@pytest.fixture(scope="module")
def gateway(run_dir):
    folder = run_dir / "milter-words"
    folder.mkdir()
    port = free_port()
    body = 'listen milter "asked" on "127.0.0.1:%d"\n' % port + backend("behind", free_port()) + domains("behind", "example.com") + RULES
    gateway = Gatepost(folder, body, {"limits": {"message_size": "256KiB"}})
    gateway.milter = str(port)
    with running(gateway, ready=("gatepost-milter ready", "gatepost-release ready")) as gateway:
        yield gateway


@pytest.fixture
def client(gateway):
    with MilterClient(gateway.milter) as client:
        yield client


def record(gateway, mark):
    return next(r for r in reversed(gateway.decisions()) if mark in str(r.get("subject")))


def test_each_callback_has_its_answer(client, gateway):
    assert client.leading_blanks
    assert client.envelope() == "cccc"
    assert client.message(("Subject", " [mark] each")) == "c"
    assert client.said == [(b"i", struct.pack(">I", 0) + names("X-Mark", " 192.0.2.7"))]
    told = record(gateway, "[mark] each")
    assert told["client"] == "192.0.2.7" and told["helo"] == "client.example" and told["verdict"] == "accept"
    client.quit()


def test_a_mail_server_that_cannot_change_fields_is_not_served(gateway):
    with pytest.raises(ConnectionError):
        MilterClient(gateway.milter, actions=0)


def test_blanks_behind_colons_come_as_the_mail_server_has_them(gateway):
    with MilterClient(gateway.milter, protocol=0) as client:
        assert not client.leading_blanks
        assert client.envelope() == "cccc"
        assert client.message(("Subject", "[mark] without blanks")) == "c"
    assert record(gateway, "without blanks")["subject"] == "[mark] without blanks"


@pytest.mark.parametrize("family, address, told", [(b"6", "IPv6:2001:db8::7", "2001:db8::7"), (b"6", "2001:db8::7", "2001:db8::7"),
                                                   (b"6", "::ffff:192.0.2.9", "192.0.2.9"), (b"U", "", "127.0.0.1"), (b"L", "/run/x", "127.0.0.1")])
def test_clients_of_each_family_are_known(family, address, told, client, gateway):
    assert client.connect(address, family=family) == "c"
    assert client.helo() + client.mail() + client.rcpt() == "ccc"
    assert client.message(("Subject", " family %s <%s>" % (family.decode(), address))) == "c"
    assert record(gateway, "family %s <%s>" % (family.decode(), address))["client"] == told


def test_a_client_that_is_dropped_hears_it_at_its_next_words(client):
    assert client.connect("192.0.2.66") == "c"
    assert client.helo().startswith("554 5.7.1 not from there")
    assert client.mail().startswith("554 5.7.1 not from there")


def test_percent_signs_of_replies_stay(client):
    assert client.connect() + client.helo() + client.mail("<bad@client.example>") == "ccc"
    assert client.rcpt().startswith("553 5.7.1 50%% bad")


def test_who_says_no_helo_is_told_so(client):
    assert client.connect() == "c"
    assert client.mail().startswith("503 ")


@pytest.mark.parametrize("word", ["a\r\nMAIL FROM:<x@y>", "a\nb", "a\rb", "x\x7f", "y" * 1200, ""])
def test_no_helo_is_two_lines(word, client):
    assert client.connect() == "c"
    assert client.helo(word)[0] in "5c"
    assert client.helo("sound.example") + client.mail() + client.rcpt() == "ccc", "and nothing of it is a command"


@pytest.mark.parametrize("word", ["<a@b.example>\r\nDATA", "<a@b.example>\nRCPT TO:<user@example.com>", "<" + "a" * 1200 + "@b.example>", "<", ""])
def test_no_address_is_two_lines(word, client):
    assert client.connect() + client.helo() == "cc"
    assert client.mail(word)[0] in "5c"
    assert client.mail("<sender@client.example>", "SIZE=10\r\nDATA")[0] == "5"
    assert client.mail() == "c"
    assert client.rcpt(word)[0] == "5"
    assert client.rcpt() == "c"
    assert client.message(("Subject", " one")) == "c"


def test_a_value_whose_lines_are_not_folded_makes_no_field(client):
    assert client.envelope() == "cccc"
    assert client.message(("Subject", " [set] lines"), ("X-Odd", " one\nX-Set: two\n\nbody"), ("X-Set", " theirs")) == "c"
    assert [name for letter, octets in client.said if letter == b"m" for name in octets[4:].split(b"\0")[:2]] == [b"X-Set", b""], \
        "the one that is a field goes, and no other"


def test_a_dot_ends_no_message_and_one_without_an_end_is_ended(client, gateway):
    assert client.envelope() == "cccc"
    assert client.message(("Subject", " dots"), body=b".\r\n.\r\nMAIL FROM:<a@b>\r\n..\r\nend") == "c"
    assert record(gateway, "dots")["size"] == len(b"Subject: dots\r\n\r\n.\r\n.\r\nMAIL FROM:<a@b>\r\n..\r\nend\r\n")


def test_a_mail_server_that_does_not_tell_of_data_is_served(client):
    assert client.envelope() == "cccc"
    assert client.message(("Subject", " [mark] old"), data=False) == "c"
    assert len(client.said) == 1


def test_a_message_that_is_broken_off_leaves_nothing_behind(client, gateway):
    assert client.envelope() == "cccc"
    assert client.ask(b"T") + client.field("Subject", " [hold] broken off") == "cc"
    client.send(b"A")
    assert client.mail() + client.rcpt() == "cc"
    assert client.message(("Subject", " whole")) == "c"
    assert record(gateway, "whole")["verdict"] == "accept"
    assert not any("broken off" in held["subject"] for held in gateway.held())


def test_a_connection_that_is_cut_in_a_message_leaves_nothing_behind(gateway):
    with MilterClient(gateway.milter) as client:
        assert client.envelope() == "cccc"
        assert client.ask(b"T") + client.field("Subject", " [hold] cut") == "cc"
    assert wait_until(lambda: '"sessions":0' in (gateway.control("status", "--json") or "").replace(" ", ""))
    assert not any("cut" in held["subject"] for held in gateway.held())


def test_what_is_held_is_thrown_away_by_the_mail_server(client, gateway):
    assert client.envelope() == "cccc"
    assert client.message(("Subject", " [hold] all")) == "d"
    assert any("[hold] all" in held["subject"] for held in gateway.held())


def test_recipients_are_taken_out_as_the_mail_server_named_them(client):
    assert client.envelope() == "cccc"
    assert client.rcpt("<Second@Example.COM>", "NOTIFY=NEVER") == "c"
    assert client.message(("Subject", " [half]")) == "c"
    assert client.said == [(b"-", names("<Second@Example.COM>"))]


def test_recipients_who_fare_differently_each_hear_their_own_reply_at_the_retry(gateway):
    with MilterClient(gateway.milter) as client:
        assert client.envelope() + client.rcpt("<second@example.com>") == "ccccc"
        assert client.message(("Subject", " [split]")).startswith("451 4.5.3")
    with MilterClient(gateway.milter) as client:
        assert client.envelope() == "cccc"
        assert client.rcpt("<second@example.com>").startswith("452 4.5.3")
        assert client.message(("Subject", " [split]")) == "c"
        assert client.mail() + client.rcpt("<second@example.com>") == "cc"
        assert client.message(("Subject", " [split]")).startswith("550 5.7.1 not for the second")


def test_a_keeper_that_is_away_puts_off_what_is_to_be_held(client, gateway):
    [keeper] = gateway.pids("gatepost-keeper")
    gateway.caused.append("pid=%d" % keeper)
    assert client.envelope() == "cccc"
    kill(keeper)
    answer = client.message(("Subject", " [hold] away"))
    assert answer.startswith("451 ") or answer == "d"
    assert wait_until(lambda: gateway.held() is not None)
    assert (answer == "d") == any("[hold] away" in held["subject"] for held in gateway.held())


def test_large_messages_are_refused_with_their_reply(client):
    assert client.envelope() == "cccc"
    assert client.ask(b"T") == "c"
    assert client.field("Subject", " large") + client.ask(b"N") == "cc"
    for _ in range(10):
        assert client.ask(b"B", b"x" * 59998 + b"\r\n") == "c"
    assert client.ask(b"E").startswith("552 5.3.4")


def test_two_hundred_connections_that_wait_leave_room_for_others(gateway):
    clients = [MilterClient(gateway.milter) for _ in range(200)]
    try:
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            assert list(pool.map(MilterClient.envelope, clients)) == ["cccc"] * len(clients)
        with MilterClient(gateway.milter) as another:
            assert another.envelope() == "cccc" and another.message(("Subject", " another")) == "c"
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            assert list(pool.map(lambda c: c.message(("Subject", " many")), clients)) == ["c"] * len(clients)
    finally:
        for client in clients:
            client.socket.close()


def test_a_queue_that_a_proxy_closes_is_made_anew(gateway):
    for how in (socket.SHUT_RD, socket.SHUT_RDWR):
        [pid] = gateway.pids("gatepost-milter")
        with other_end(gateway, pid) as queue:
            queue.shutdown(how)
        with contextlib.suppress(OSError), MilterClient(gateway.milter) as client:
            client.connect()
        assert wait_until(lambda: gateway.pids("gatepost-milter") not in ([], [pid]) and port_answers(int(gateway.milter)))
        with MilterClient(gateway.milter) as client:
            assert client.envelope() == "cccc" and client.message(("Subject", " anew")) == "c"


def test_a_port_that_is_taken_is_told_and_served_once_it_is_free(own_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        body = 'listen milter "asked" on "127.0.0.1:%d"\n' % port + backend("behind", free_port()) + domains("behind", "example.com")
        with running(Gatepost(own_dir, body), ready=("gatepost-milter not started", "keeper ready")) as gateway:
            [told] = json.loads(gateway.control("status", "--json"))["gateway"]["milters"]
            assert told["listen"] == "inet:%d@127.0.0.1" % port and told["state"] == "down" and "in use" in told["reason"]
            taken.close()
            assert gateway.wait_log("gatepost-milter ready", 30)
            with MilterClient(str(port)) as client:
                assert client.envelope() == "cccc" and client.message(("Subject", " free")) == "c"
            assert json.loads(gateway.control("status", "--json"))["gateway"]["milters"][0]["state"] == "serving"


CALLBACKS = """
conn = mt.connect("inet:%(port)s@127.0.0.1")
if conn == nil then error("connect") end
local function go_on(what, failed, wanted)
  if failed ~= nil then error(what .. ": " .. failed) end
  if mt.getreply(conn) ~= (wanted or SMFIR_CONTINUE) then error(what) end
end
go_on("conninfo", mt.conninfo(conn, "client.example", "192.0.2.8"))
go_on("helo", mt.helo(conn, "client.example"))
go_on("mailfrom", mt.mailfrom(conn, "<sender@client.example>"))
go_on("rcptto", mt.rcptto(conn, "<user@example.com>"))
go_on("data", mt.data(conn))
go_on("header", mt.header(conn, "Subject", " [mark] [set] [banner] by miltertest"))
go_on("header", mt.header(conn, "X-Set", " theirs"))
go_on("eoh", mt.eoh(conn))
go_on("body", mt.bodystring(conn, "words\\r\\n"))
go_on("eom", mt.eom(conn))
if not mt.eom_check(conn, MT_BODYCHANGE, " From outside\\r\\n\\r\\nwords\\r\\n") then error("no banner") end
if not mt.eom_check(conn, MT_HDRINSERT, "X-Mark") then error("no X-Mark") end
if not mt.eom_check(conn, MT_HDRINSERT, "X-Set") then error("no X-Set") end
if not mt.eom_check(conn, MT_HDRDELETE, "X-Set") then error("X-Set stays") end
mt.disconnect(conn)
"""


@pytest.mark.skipif(not shutil.which("miltertest"), reason="no miltertest")
def test_miltertest_is_answered_at_each_callback(gateway, own_dir):
    script = own_dir / "callbacks.lua"
    script.write_text(CALLBACKS % {"port": gateway.milter})
    done = subprocess.run(["miltertest", "-s", str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def leaving(own_dir, new_backend):
    """A gateway of one proxy that is asked about what leaves, and its relay."""
    port, relay = free_port(), new_backend()
    body = 'listen milter "out" on "127.0.0.1:%d" { outbound relay smart }\n' % port + backend("smart", relay.port) + RULES
    gateway = Gatepost(own_dir, body, {"process": {"proxies": 1}})
    gateway.milter, gateway.relay = str(port), relay
    with running(gateway, ready=("gatepost-milter ready", "gatepost-release ready")):
        yield gateway


def test_what_is_held_on_its_way_out_leaves_by_the_relay(leaving):
    proxies = leaving.pids("gatepost-proxy")
    with MilterClient(leaving.milter) as client:
        assert client.connect() + client.helo() + client.mail() + client.rcpt("<someone@elsewhere.example>") == "cccc"
        assert client.message(("Subject", " [hold]")) == "d"
    assert leaving.pids("gatepost-proxy") == proxies
    [entry] = leaving.held()
    leaving.control("quarantine", "release", str(entry["number"]))
    assert wait_until(lambda: leaving.relay.messages), leaving.held()
    assert leaving.relay.messages[0].recipients == ["someone@elsewhere.example"]


def test_a_proxy_that_had_no_descriptors_left_answers_once_it_has(own_dir):
    port = free_port()
    gateway = Gatepost(own_dir, 'listen milter "asked" on "127.0.0.1:%d"\n' % port + RULES, {"process": {"proxies": 1}})
    gateway.process.command = ["prlimit", "--nofile=200:200", *gateway.process.command]

    def answers():
        with MilterClient(str(port)) as client:
            return client.connect() == "c"
    with running(gateway, ready=("gatepost-milter ready",)):
        assert answers()
        idle = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(200)]
        assert gateway.wait_log("accept failed")
        for _ in range(120):
            with MilterClient(str(port)) as client:
                client.send(b"C", names("client.example") + b"4" + struct.pack(">H", 1234) + names("192.0.2.7"))
        for one in idle:
            one.close()
        assert wait_until(answers, 20)


def test_connections_beyond_those_that_could_have_a_session_are_sent_away(own_dir):
    port = free_port()
    body = 'listen milter "asked" on "127.0.0.1:%d"\n' % port + backend("behind", free_port()) + domains("behind", "example.com") + RULES
    gateway = Gatepost(own_dir, body, {"limits": {"sessions": 5}, "process": {"proxies": 1}})
    with running(gateway, ready=("gatepost-milter ready",)):
        [pid] = gateway.pids("gatepost-milter")
        with contextlib.ExitStack() as open_ones:
            silent = [open_ones.enter_context(MilterClient(str(port))) for _ in range(5)]
            for _ in range(3):
                with pytest.raises(ConnectionError):
                    MilterClient(str(port))
            assert gateway.log().count("too many connections of mail servers that ask times=1") == 1
            silent[0].socket.close()
            assert wait_until(lambda: _is_served(port))
            assert silent[1].envelope() == "cccc" and silent[1].message(("Subject", " served")) == "c"
        assert gateway.pids("gatepost-milter") == [pid]


def _is_served(port):
    try:
        with MilterClient(str(port)) as client:
            return client.connect() == "c"
    except ConnectionError:
        return False


def test_who_says_again_and_again_that_it_is_deaf_is_believed_once(gateway):
    """A gatepost-milter that was taken over: proxies listen to one queue of each listener, and it is ended."""
    [pid] = gateway.pids("gatepost-milter")
    proxies, before = gateway.pids("gatepost-proxy"), gateway.log().count("is made anew")
    with own_end(pid, CONTROL) as control, asleep([pid]):
        for _ in range(300):
            control.send(struct.pack("=H", DEAF))
        assert wait_until(lambda: gateway.pids("gatepost-milter") not in ([], [pid]))
    gateway.caused.append("gatepost-milter")
    assert gateway.log().count("is made anew") == before + 1
    assert wait_until(lambda: port_answers(int(gateway.milter)))
    with MilterClient(gateway.milter) as client:
        assert client.envelope() == "cccc" and client.message(("Subject", " heard")) == "c"
    assert gateway.pids("gatepost-proxy") == proxies


def test_queues_that_are_made_anew_take_the_place_of_those_before(gateway):
    descriptors_of = lambda: [descriptors(proxy) for proxy in gateway.pids("gatepost-proxy")]  # noqa: E731
    for number in range(4):
        [pid] = gateway.pids("gatepost-milter")
        with other_end(gateway, pid) as queue:
            queue.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError), MilterClient(gateway.milter) as client:
            client.connect()
        assert wait_until(lambda: gateway.pids("gatepost-milter") not in ([], [pid]) and port_answers(int(gateway.milter)), 30)
        with MilterClient(gateway.milter) as client:
            assert client.envelope() == "cccc" and client.message(("Subject", " anew")) == "c"
        if number == 0:
            assert wait_until(lambda: '"sessions":0' in (gateway.control("status", "--json") or "").replace(" ", ""))
            first = descriptors_of()
    assert wait_until(lambda: descriptors_of() == first), (descriptors_of(), first)
