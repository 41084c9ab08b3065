# SPDX-License-Identifier: ISC
"""The quarantine: 250 means that it is at the server behind or held, whatever happens; what is released arrives once."""
import contextlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import threading
import time
from concurrent import futures

import pytest

from lab import needs
from lab.backend import CLOSE
from lab.disk import fill, small_disk
from lab.gatepost import Gatepost, backend, domains
from lab.process import wait_until
from lab.smtp_client import Closed, Session, client_context

LEAVING, AWAY = 2, 3  # as the store writes them

BAD = 'rule "bad" when message.subject contains "bad" then quarantine "spam"\n'
MIXED = 'rule "mixed" when message.subject contains "mixed" and recipient == "v@example.com" then quarantine "mixed mail"\n'


def body(server, rules=BAD + MIXED):
    return backend("behind", server.port) + domains("behind", "example.com", "other.example") + rules


@pytest.fixture
def behind(new_backend):
    return new_backend()


@pytest.fixture
def gateway(start, behind):
    gateway = start(body(behind))
    ready(gateway)
    return gateway


def ready(gateway, times=1):
    """Something can be held: the keeper has been given a key so often."""
    assert wait_until(lambda: gateway.log().count("gatepost-release ready") >= times and gateway.log().count("keeper ready") >= 1, 20)


def message(subject, text=b"hello\r\n"):
    return b"From: Boss <boss@far.example>\r\nSubject: %s\r\nMessage-ID: <1@far.example>\r\n\r\n" % subject.encode() + text


def send(gateway, octets, *to, options=b"", rcpt_options=b"", sender=b"sender@client.example", session=None):
    """The reply to the final dot."""
    with session or Session(gateway.port, timeout=40) as client:
        client.ehlo()
        client.expect(b"MAIL FROM:<%s>%s" % (sender, options), 250)
        for one in to or ("u@example.com",):
            client.expect(b"RCPT TO:<%s>%s" % (one.encode(), rcpt_options), 250)
        return client.data(octets)


def hold(gateway, *subjects, **how):
    """Messages that are held; their numbers."""
    for subject in subjects or ("bad",):
        reply = send(gateway, message(subject), **how)
        assert (reply.code, reply.enhanced) == (250, "2.0.0"), reply
    return sorted(entry["number"] for entry in held(gateway))


def ctl(gateway, *words):
    """(exit status, what it printed, what it complained of)"""
    done = subprocess.run([str(gateway.build / "gatepostctl"), *words, "--config", gateway.file], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


def held(gateway, *words):
    code, out, err = ctl(gateway, "quarantine", "list", "--json", *words)
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def entry(gateway, number):
    return held(gateway, str(number))[0]


def release(gateway, *words):
    code, out, err = ctl(gateway, "quarantine", "release", *map(str, words))
    assert code == 0, err
    return out


def becomes(gateway, number, state, seconds=15):
    assert wait_until(lambda: entry(gateway, number)["state"] == state, seconds, 0.1), entry(gateway, number)


def store(gateway):
    return pathlib.Path(gateway.dir) / "keeper" / "held"


def containers(gateway):
    return sorted(path.name for path in store(gateway).glob("*.sealed"))


def hurry(gateway):
    """What is tried again later is tried now."""
    _due_now(gateway, LEAVING)


def give_up(gateway):
    """What is away has been so for too long; to be said only when nobody has it any more."""
    _due_now(gateway, AWAY)


def _due_now(gateway, state):
    with contextlib.closing(sqlite3.connect(str(store(gateway) / "held.db"), timeout=5)) as database:
        database.execute("UPDATE recipient SET due = 0 WHERE state = ?", [state])
        database.commit()


def content_behind(server, n=0):
    """Our fields, and what stands behind them."""
    octets = server.messages[n].content
    at = octets.index(b"From: Boss")
    return octets[:at], octets[at:]


def kill(gateway, name, number=signal.SIGKILL):
    pids = gateway.pids(name)
    for pid in pids:
        os.kill(pid, number)
    return pids


# ---- holding


def test_what_is_quarantined_is_taken_and_held_sealed_and_not_at_the_server_behind(gateway, behind):
    assert hold(gateway, "bad one") == [1]
    assert send(gateway, message("good")).code == 250
    assert [m.content.count(b"Subject: good") for m in behind.messages] == [1]
    one, = held(gateway)
    assert (one["state"], one["why"], one["rule"], one["from"], one["to"], one["subject"]) == \
        ("waiting", "spam", "bad", "sender@client.example", "u@example.com", "bad one")
    assert one["until"] - one["arrived"] == 30 * 86400
    sealed, = containers(gateway)
    octets = (store(gateway) / sealed).read_bytes()
    assert octets.startswith(b"GPSEAL1\n") and b"bad one" not in octets
    assert (store(gateway) / sealed).stat().st_mode & 0o777 == 0o600 and store(gateway).stat().st_mode & 0o777 == 0o700


def test_one_of_two_recipients_is_held_for_and_the_other_has_it(gateway, behind):
    assert send(gateway, message("mixed"), "u@example.com", "v@example.com").code == 250
    assert [m.recipients for m in behind.messages] == [["u@example.com"]]
    assert [e["to"] for e in held(gateway)] == ["v@example.com"]


def test_a_message_for_several_is_held_once_and_released_one_by_one(gateway, behind):
    assert hold(gateway, "bad") == [1]
    send(gateway, message("bad"), "u@example.com", "w@example.com", "x@other.example")
    assert len(held(gateway)) == 3 and len(containers(gateway)) == 1
    release(gateway, 2)
    becomes(gateway, 2, "delivered")
    assert [m.recipients for m in behind.messages] == [["w@example.com"]]
    assert len(containers(gateway)) == 1
    release(gateway, 1, 3)
    becomes(gateway, 1, "delivered")
    becomes(gateway, 3, "delivered")
    assert len(behind.messages) == 3 and containers(gateway) == []


def test_a_mixed_message_that_the_server_behind_puts_off_is_held_once_and_delivered_at_the_retry(gateway, behind):
    behind.script["DOT"] = "451 4.3.0 later"
    assert send(gateway, message("mixed"), "u@example.com", "v@example.com").code == 451
    behind.script.clear()
    for _ in range(2):
        assert send(gateway, message("mixed"), "u@example.com", "v@example.com").code == 250
    assert [e["to"] for e in held(gateway)] == ["v@example.com"] and len(containers(gateway)) == 1


def retried(gateway, octets, *to, options=b""):
    """What each recipient has heard in the end of a sender that comes again with those who were put off."""
    told = {}
    for _ in range(6):
        with Session(gateway.port, timeout=40) as client:
            client.ehlo()
            client.expect(b"MAIL FROM:<sender@client.example>" + options, 250)
            replies = {one: client.command("RCPT TO:<%s>" % one).code for one in to if told.get(one, 451) // 100 == 4}
            taken = [one for one, code in replies.items() if code == 250]
            told.update(replies, **(dict.fromkeys(taken, client.data(octets).code) if taken else {}))
        if not any(code // 100 == 4 for code in told.values()):
            break
    return told


@pytest.mark.parametrize("options", [b"", b" SIZE=100"], ids=["no size", "a size"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DOT"])
def test_of_a_mixed_message_only_those_are_refused_whom_the_server_behind_refuses(gateway, behind, step, options):
    behind.script[step] = "550 5.1.1 no"
    told = retried(gateway, message("mixed"), "u@example.com", "v@example.com", options=options)
    assert told == {"u@example.com": 550, "v@example.com": 250}
    assert [e["to"] for e in held(gateway)] == ["v@example.com"] and len(containers(gateway)) == 1


def test_of_a_mixed_message_that_is_put_off_and_then_refused_for_good_the_same_is_true(gateway, behind):
    behind.script["DOT"] = "451 4.3.0 later"
    for _ in range(2):
        assert send(gateway, message("mixed"), "u@example.com", "v@example.com").code == 451
    behind.script["DOT"] = "550 5.6.0 no"
    assert retried(gateway, message("mixed"), "u@example.com", "v@example.com") == {"u@example.com": 550, "v@example.com": 250}
    assert [e["to"] for e in held(gateway)] == ["v@example.com"] and len(containers(gateway)) == 1


def test_what_is_put_off_in_one_transaction_is_held_for_another_that_was_told_250(gateway, behind):
    """A mail server sends one message to many recipients in several transactions at once."""
    behind.script["DOT"] = lambda session, line: [2, b"550 5.7.1 no\r\n"] if b"u@example.com" in session.rcpt_lines[0] else None
    replies = {}
    first = threading.Thread(target=lambda: replies.update(first=send(gateway, message("mixed bad"), "u@example.com", "v@example.com").code))
    gateway.configure(body(behind, MIXED + 'rule "w" when recipient == "w@example.com" then quarantine "spam"\n'))
    gateway.reload()
    assert gateway.wait_log("serving generation=2")
    first.start()
    assert wait_until(lambda: held(gateway))
    for to in ("v@example.com", "w@example.com"):
        assert send(gateway, message("mixed bad"), to).code == 250
    first.join()
    assert replies["first"] == 451
    time.sleep(0.5)
    assert sorted(e["to"] for e in held(gateway)) == ["v@example.com", "w@example.com"]
    release(gateway, *[e["number"] for e in held(gateway)])
    assert wait_until(lambda: len(behind.messages) == 2)


# ---- what arrives


BODIES = {
    "plain": b"hello\r\n",
    "dots at line beginnings": b".\r\n..\r\n...three\r\n.\r\n.b\r\n\r\n.",
    "eight bit": "Grüße, 世界\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "nothing": b"",
    "a megabyte": b"".join(b"%032d %s\r\n" % (n, os.urandom(16).hex().encode()) for n in range(16000)),
}


@pytest.mark.parametrize("name", BODIES)
def test_released_it_arrives_octet_for_octet_behind_our_fields(gateway, behind, name):
    octets = message("bad", BODIES[name])
    octets += b"" if octets.endswith(b"\r\n") else b"\r\n"
    options = b" BODY=8BITMIME" if name == "eight bit" else b""
    assert send(gateway, octets, options=options).code == 250
    assert release(gateway, 1) == "1 released\n"
    becomes(gateway, 1, "delivered")
    ours, theirs = content_behind(behind)
    assert theirs == octets
    assert re.match(rb'X-Gatepost-Released: [\w.]+; held as "spam", released by root;\r\n\tmark=[0-9a-f]{64};\r\n\t[A-Z]', ours), ours
    assert ours.count(b"Received: from client.example") == 1
    assert (b"BODY=8BITMIME" in behind.messages[0].mail_line) == (name == "eight bit")
    assert behind.messages[0].sender == "sender@client.example" and containers(gateway) == []


def test_what_the_client_asked_for_is_asked_of_the_server_behind(gateway, behind):
    gateway.wait_until_offered("DSN", "SMTPUTF8")
    assert send(gateway, message("bad"), "übel@example.com", sender="grün@client.example".encode(),
                options=b" SMTPUTF8 RET=HDRS ENVID=QQ314159", rcpt_options=b" NOTIFY=SUCCESS,DELAY ORCPT=utf-8;u@b.example").code == 250
    release(gateway, 1)
    becomes(gateway, 1, "delivered")
    one = behind.messages[0]
    for word in (b"SMTPUTF8", b"RET=HDRS", b"ENVID=QQ314159"):
        assert word in one.mail_line, one.mail_line
    assert b"NOTIFY=SUCCESS,DELAY" in one.rcpt_lines[0] and b"ORCPT=utf-8;u@b.example" in one.rcpt_lines[0]
    assert (one.sender, one.recipients) == ("grün@client.example", ["übel@example.com"])


def test_results_in_our_name_that_it_brought_are_taken_out_and_ours_stand_on_top(gateway, behind):
    forged = b"Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=boss@far.example\r\n"
    foreign = b"Authentication-Results: mx.far.example; dkim=pass header.d=far.example\r\n"
    assert send(gateway, forged + foreign + message("bad")).code == 250
    release(gateway, 1)
    becomes(gateway, 1, "delivered")
    ours, _ = content_behind(behind)
    assert b"spf=pass smtp.mailfrom=boss@far.example" not in ours and foreign in ours
    assert ours.startswith(b"X-Gatepost-Released:")


def test_a_null_sender_is_held_and_released_as_one(gateway, behind):
    assert send(gateway, message("bad"), sender=b"").code == 250
    release(gateway, 1)
    becomes(gateway, 1, "delivered")
    assert behind.messages[0].sender == ""


# ---- what people do


def test_released_twice_it_is_told_why_not_and_arrives_once(gateway, behind):
    hold(gateway)
    release(gateway, 1)
    becomes(gateway, 1, "delivered")
    for words in (["release", "1"], ["release", "--again", "1"], ["delete", "1"]):
        code, out, err = ctl(gateway, "quarantine", *words)
        assert code != 0 and out == "" and "it was released and delivered" in err
    code, _, err = ctl(gateway, "quarantine", "release", "77")
    assert code != 0 and "nothing of that number" in err
    assert len(behind.messages) == 1


def test_deleted_it_is_gone_from_the_disk_and_the_same_mail_is_held_anew(gateway, behind):
    hold(gateway)
    assert ctl(gateway, "quarantine", "delete", "1")[:2] == (0, "1 deleted\n")
    assert containers(gateway) == [] and held(gateway) == []
    assert entry(gateway, 1)["state"] == "deleted" and entry(gateway, 1)["by"] == "root"
    assert hold(gateway) == [2]
    assert behind.messages == []


def test_a_false_alarm_is_reported_and_stays_held(gateway):
    hold(gateway)
    assert ctl(gateway, "quarantine", "report-false", "1")[0] == 0
    assert entry(gateway, 1)["reported_false"] is True and entry(gateway, 1)["state"] == "waiting"


def test_the_list_is_asked_by_number_reference_address_words_and_why(gateway):
    hold(gateway, "bad apples")
    send(gateway, message("mixed pears"), "v@example.com", sender=b"anna@far.example")
    reference = entry(gateway, 2)["reference"]
    numbers = lambda *words: [e["number"] for e in held(gateway, *words)]
    assert numbers() == [2, 1] and numbers("1") == [1] and numbers(reference) == [2]
    assert numbers("ANNA@far") == [2] and numbers("u@example.com") == [1] and numbers("PEARS") == [2] and numbers("nothing") == []
    assert numbers("--why", "spam") == [1] and numbers("--most", "1") == [2]
    ctl(gateway, "quarantine", "delete", reference)
    assert numbers() == [1] and numbers("--all") == [2, 1]
    words = ctl(gateway, "quarantine", "list")[1]
    assert 'waiting, held as "spam" by rule "bad"' in words and "bad apples" in words


def test_a_story_is_told_of_it_from_its_arrival_to_its_end(gateway):
    hold(gateway)
    release(gateway, 1)
    becomes(gateway, 1, "delivered")
    reference = entry(gateway, 1)["reference"]
    words = gateway.control("trace", reference)
    told = [json.loads(line) for line in gateway.control("trace", "--json", reference).splitlines()]
    assert {"quarantine", "release", "delivered"} <= {record["verdict"] for record in told}, told
    assert "release" in words and "delivered" in words


# ---- the server behind


def test_while_the_server_behind_is_down_it_is_tried_again_until_it_is_up(gateway, behind, new_backend):
    hold(gateway)
    behind.stop()
    release(gateway, 1)
    assert wait_until(lambda: entry(gateway, 1)["attempt"] >= 1 and entry(gateway, 1)["state"] == "leaving", 15)
    assert entry(gateway, 1)["said"] and containers(gateway)
    up = new_backend(port=behind.port)
    assert wait_until(lambda: hurry(gateway) or entry(gateway, 1)["state"] == "delivered", 30, 0.5)
    assert len(up.messages) == 1 and up.messages[0].recipients == ["u@example.com"]


def test_put_off_by_the_server_behind_it_comes_again_with_the_reason_in_the_list(gateway, behind):
    hold(gateway)
    behind.script["RCPT"] = "450 4.2.0 mailbox busy"
    release(gateway, 1)
    assert wait_until(lambda: "mailbox busy" in entry(gateway, 1)["said"])
    assert entry(gateway, 1)["state"] == "leaving"
    behind.script.clear()
    becomes(gateway, 1, "delivered", 20)
    assert len(behind.messages) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "DOT"])
def test_refused_by_the_server_behind_it_waits_again_with_the_reason_in_the_list(gateway, behind, step):
    hold(gateway)
    behind.script[step] = "550 5.1.1 not here"
    release(gateway, 1)
    if step in ("RCPT", "DOT"):
        assert wait_until(lambda: entry(gateway, 1)["said"] == "550 5.1.1 not here"), entry(gateway, 1)
        assert entry(gateway, 1)["state"] == "waiting" and containers(gateway)
    else:
        assert wait_until(lambda: "not here" in entry(gateway, 1)["said"]), entry(gateway, 1)
    behind.script.clear()
    if entry(gateway, 1)["state"] == "waiting":
        release(gateway, 1)
    becomes(gateway, 1, "delivered", 20)
    assert len(behind.messages) == 1


def test_a_slow_server_behind_gets_it_once(gateway, behind):
    hold(gateway)
    behind.script["DOT"] = [4, b"250 2.0.0 at last\r\n"]
    release(gateway, 1)
    becomes(gateway, 1, "away")
    becomes(gateway, 1, "delivered", 20)
    assert len(behind.messages) == 1 and "at last" in entry(gateway, 1)["said"]


def test_broken_off_after_the_dot_it_is_in_doubt_and_goes_again_only_when_somebody_says_so(gateway, behind):
    hold(gateway)
    behind.script["DOT"] = [CLOSE]
    release(gateway, 1)
    becomes(gateway, 1, "in doubt")
    behind.script.clear()
    hurry(gateway)
    time.sleep(2)
    assert len(behind.refused) == 1 and behind.messages == []
    code, _, err = ctl(gateway, "quarantine", "release", "1")
    assert code != 0 and "may have it already" in err
    release(gateway, "--again", 1)
    becomes(gateway, 1, "delivered")
    assert len(behind.messages) == 1


def test_broken_off_before_the_dot_it_is_tried_again_by_itself(gateway, behind):
    hold(gateway)
    behind.script["DATA"] = [CLOSE]
    release(gateway, 1)
    assert wait_until(lambda: behind.verbs().count("DATA") >= 1)
    behind.script.clear()
    assert wait_until(lambda: hurry(gateway) or entry(gateway, 1)["state"] == "delivered", 20, 0.5)
    assert len(behind.messages) == 1


@needs.root
def test_released_to_a_real_server_it_is_in_the_mailbox(start, postfix):
    gateway = start(backend("behind", postfix.port) + domains("behind", "example.com") + BAD)
    ready(gateway)
    mark = os.urandom(6).hex()
    assert send(gateway, message("bad " + mark), "user@example.com").code == 250
    release(gateway, 1)
    becomes(gateway, 1, "delivered", 30)
    assert "250" in entry(gateway, 1)["said"]


# ---- processes that die


def sent_until_taken(gateway, octets, tries=60):
    """As a mail server: again after 4xx and broken connections. The number of tries."""
    for n in range(1, tries):
        with contextlib.suppress(Closed, OSError):
            reply = send(gateway, octets)
            if reply.code == 250:
                return n
            assert 400 <= reply.code < 500, reply
        time.sleep(0.1)
    raise AssertionError("never taken")


def test_a_keeper_that_is_killed_while_it_holds_loses_nothing_that_was_taken(gateway):
    for n in range(8):
        killer = threading.Timer(0.02 + 0.004 * n, kill, [gateway, "gatepost-keeper"])
        killer.start()
        sent_until_taken(gateway, message("bad %d" % n))
        killer.join()
        assert wait_until(lambda: ctl(gateway, "quarantine", "list")[0] == 0, 40)
        time.sleep(1.1)  # one that has lived for a while is replaced at once
    assert sorted(e["subject"] for e in held(gateway)) == ["bad %d" % n for n in range(8)]
    assert len(containers(gateway)) == 8


def test_what_waits_for_a_keeper_that_died_is_held_by_the_next(gateway):
    hold(gateway, "bad 0")
    kill(gateway, "gatepost-keeper", signal.SIGSTOP)
    replies = []
    sender = threading.Thread(target=lambda: replies.append(send(gateway, message("bad 1"))))
    sender.start()
    time.sleep(0.5)
    kill(gateway, "gatepost-keeper")
    sender.join()
    assert replies[0].code == 250, replies
    assert len(held(gateway)) == 2


def test_without_a_keeper_only_what_is_to_be_held_is_put_off(start, behind, own_dir):
    nothing = own_dir / "file"
    nothing.write_text("no folder")
    gateway = start(body(behind), changes={"keeper": {"folder": '"%s"' % nothing}, "timeouts": {"verdict": "2s"}})
    began = time.monotonic()
    with futures.ThreadPoolExecutor() as at_once:
        bad = at_once.submit(send, gateway, message("bad"))
        mixed = at_once.submit(send, gateway, message("mixed"), "u@example.com", "v@example.com")
        assert send(gateway, message("good")).code == 250
        assert (bad.result().code, bad.result().enhanced, mixed.result().code) == (451, "4.3.0", 451)
    assert 1.9 < time.monotonic() - began < 25, "as long as a reply may take"
    assert [b"Subject: good" in m.content for m in behind.messages] == [True]


def test_gatepost_release_killed_with_a_message_in_hand_costs_no_message_and_none_comes_twice(gateway, behind):
    hold(gateway, *("bad %d" % n for n in range(6)))
    for number in range(1, 7):
        if number % 2:
            kill(gateway, "gatepost-release", signal.SIGSTOP)
        release(gateway, number)
        kill(gateway, "gatepost-release")
        ready(gateway, 1 + number)
        time.sleep(1.1)
    time.sleep(2)
    give_up(gateway)
    assert wait_until(lambda: hurry(gateway) or not held(gateway), 20, 1), held(gateway)
    arrived = sorted(re.search(rb"bad \d", m.content)[0] for m in behind.messages)
    assert arrived == [b"bad %d" % n for n in range(6)]


def test_a_proxy_killed_with_a_message_at_the_server_behind_leaves_it_in_doubt(gateway, behind):
    hold(gateway)
    behind.script["DOT"] = [3, b"250 2.0.0 ok\r\n"]
    release(gateway, 1)
    assert wait_until(lambda: "DATA" in behind.verbs())
    time.sleep(0.5)
    kill(gateway, "gatepost-proxy")
    assert wait_until(lambda: give_up(gateway) or entry(gateway, 1)["state"] == "in doubt", 10, 0.5)
    time.sleep(4)
    assert len(behind.messages) + len(behind.refused) == 1, "sent again without being asked for"


def test_a_keeper_that_stood_still_hears_what_became_of_mail_before_it_gives_it_up(gateway, behind):
    hold(gateway, *("bad %d" % n for n in range(16)))
    behind.script["MAIL"] = [1, b"250 2.1.0 ok\r\n"]
    release(gateway, *range(1, 17))
    assert wait_until(lambda: all(e["state"] == "away" for e in held(gateway)), 5, 0)
    kill(gateway, "gatepost-keeper", signal.SIGSTOP)
    try:
        assert wait_until(lambda: len(behind.messages) == 16, 20)
        time.sleep(0.5)
        give_up(gateway)
    finally:
        kill(gateway, "gatepost-keeper", signal.SIGCONT)
    assert wait_until(lambda: held(gateway) == []), held(gateway)
    time.sleep(6)
    assert len(behind.messages) == 16


def test_a_keeper_that_is_replaced_while_mail_is_on_its_way_sends_none_twice(gateway, behind):
    hold(gateway)
    behind.script["MAIL"] = [4, b"250 2.1.0 ok\r\n"]  # it is with a proxy, and not begun
    release(gateway, 1)
    becomes(gateway, 1, "away")
    gateway.configure(body(behind), {"history": {"age": "10d"}})
    before = gateway.pids("gatepost-keeper")
    gateway.reload()
    assert wait_until(lambda: gateway.pids("gatepost-keeper") not in ([], before), 20)
    becomes(gateway, 1, "delivered", 30)
    time.sleep(3)
    assert len(behind.messages) == 1


def test_a_restart_of_the_gateway_keeps_what_is_held_and_sends_on_what_was_released(gateway, behind):
    hold(gateway, "bad 1", "bad 2")
    behind.script["MAIL"] = "451 4.3.0 later"
    release(gateway, 1)
    assert wait_until(lambda: entry(gateway, 1)["attempt"] >= 1)
    assert gateway.stop() == 0
    behind.script.clear()
    gateway.start()
    ready(gateway, 2)
    assert wait_until(lambda: hurry(gateway) or entry(gateway, 1)["state"] == "delivered", 20, 0.5)
    assert entry(gateway, 2)["state"] == "waiting"
    release(gateway, 2)
    becomes(gateway, 2, "delivered")
    assert len(behind.messages) == 2


def test_what_nobody_had_begun_when_the_gateway_stopped_goes_at_the_next_start(gateway, behind):
    hold(gateway)
    kill(gateway, "gatepost-release", signal.SIGSTOP)
    release(gateway, 1)
    becomes(gateway, 1, "away")
    assert gateway.stop() == 0
    gateway.start()
    ready(gateway, 2)
    assert wait_until(lambda: gateway.log().count("keeper ready") == 2, 20)
    becomes(gateway, 1, "delivered", 20)
    assert len(behind.messages) == 1


def test_a_reload_that_takes_the_rule_away_leaves_what_is_held_to_be_released(gateway, behind):
    hold(gateway)
    gateway.configure(body(behind, ""))
    gateway.reload()
    assert gateway.wait_log("serving generation=2")
    assert send(gateway, message("bad")).code == 250 and len(behind.messages) == 1
    release(gateway, 1)
    becomes(gateway, 1, "delivered")
    assert len(behind.messages) == 2


def test_without_rule_and_history_what_is_held_can_still_be_released(start, behind):
    changes = {"history": {"enabled": "off"}, "log": {"decisions": '""'}}
    gateway = start(body(behind), changes=changes)
    ready(gateway)
    hold(gateway)
    gateway.configure(body(behind, ""), changes)
    gateway.reload()
    assert gateway.wait_log("serving generation=2")
    time.sleep(1)
    release(gateway, 1)
    becomes(gateway, 1, "delivered")


# ---- the disk


@needs.root
def test_a_full_disk_puts_mail_off_and_later_it_is_held(start, behind, own_dir):
    with small_disk(own_dir / "disk", "4m") as disk:
        gateway = start(body(behind), changes={"keeper": {"folder": '"%s/keeper"' % disk}, "history": {"enabled": "off"}})
        ready(gateway)
        before = disk / "keeper" / "held"
        assert send(gateway, message("bad before")).code == 250
        codes = {}
        for pages in range(4):  # that are left: they may do for the message and not for its row
            ballast = fill(disk)
            os.truncate(ballast, ballast.stat().st_size - 4096 * pages)
            codes["bad %d" % pages] = send(gateway, message("bad %d" % pages)).code
            assert send(gateway, message("good")).code == 250
            ballast.unlink()
            sent_until_taken(gateway, message("bad before"), 100)
        assert set(codes.values()) <= {250, 451} and 451 in codes.values()
        for n in range(5):
            sent_until_taken(gateway, message("bad later %d" % n), 100)
        subjects = {e["subject"] for e in held(gateway)}
        wanted = {"bad before"} | {subject for subject in codes if codes[subject] == 250} | {"bad later %d" % n for n in range(5)}
        assert wanted <= subjects
        assert len(list(before.glob("*.sealed"))) == len(subjects)
        gateway.stop()


def records(gateway):
    return json.loads(gateway.control("status", "--json"))["history"]["records"]


@needs.root
def test_a_keeper_that_comes_back_on_a_full_disk_answers_and_holds_again_when_there_is_room(start, behind, own_dir):
    with small_disk(own_dir / "disk", "12m") as disk:
        gateway = start(body(behind), changes={"keeper": {"folder": '"%s/keeper"' % disk}})
        ready(gateway)
        assert send(gateway, message("bad before")).code == 250
        ballast = fill(disk)
        first, = gateway.pids("gatepost-keeper")
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: gateway.pids("gatepost-keeper") not in ([], [first]) and gateway.control("status", "--json"), 30)
        assert send(gateway, message("bad meanwhile")).code == 451 and send(gateway, message("good")).code == 250
        ballast.unlink()
        sent_until_taken(gateway, message("bad later"), 100)
        assert {e["subject"] for e in held(gateway)} >= {"bad before", "bad later"}
        assert wait_until(lambda: send(gateway, message("good")).code == 250 and records(gateway), 20, 0.5)
        gateway.stop()


@needs.root
def test_a_disk_that_is_full_while_mail_is_released_costs_no_time_of_the_processor_and_no_message(start, behind, own_dir):
    with small_disk(own_dir / "disk", "4m") as disk:
        gateway = start(body(behind), changes={"keeper": {"folder": '"%s/keeper"' % disk}, "history": {"enabled": "off"}})
        ready(gateway)
        hold(gateway, *("bad %d" % n for n in range(3)))
        behind.script["DOT"] = [2, b"250 2.0.0 ok\r\n"]
        for n in range(1, 4):
            release(gateway, n)
        ballast = fill(disk)
        assert wait_until(lambda: "nothing can be held" in gateway.log(), 20)
        pid, = gateway.pids("gatepost-keeper")
        began = cpu_of(pid)
        time.sleep(3)
        assert cpu_of(pid) - began < 1.0, "it spins"
        ballast.unlink()
        assert wait_until(lambda: len(behind.messages) == 3, 20)
        assert wait_until(lambda: "messages are held again" in gateway.log(), 15), "it never comes back by itself"
        assert wait_until(lambda: held(gateway) == [], 15, 0.5)
        assert len(behind.messages) == 3
        gateway.stop()


def cpu_of(pid):
    """Seconds of the processor that it has had."""
    words = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_a_domain_that_is_full_is_put_off_alone(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + 'domain "example.com" { backend behind  quarantine_size 1MiB }\n'
                    + domains("behind", "other.example") + BAD)
    ready(gateway)
    big = message("bad", os.urandom(280000).hex().encode().replace(b"00", b"\r\n") + b"\r\n")
    replies = [send(gateway, b"X-N: %d\r\n" % n + big).code for n in range(4)]
    assert replies[0] == 250 and replies[-1] == 451
    assert send(gateway, message("bad"), "u@other.example").code == 250
    ctl(gateway, "quarantine", "delete", "1")
    assert send(gateway, b"X-N: 3\r\n" + big).code == 250


# ---- keys


def key_of(gateway):
    return pathlib.Path(gateway.dir) / "quarantine.key"


@needs.root
def test_the_key_is_made_for_root_alone_and_stays(gateway):
    status = key_of(gateway).stat()
    assert status.st_mode & 0o777 == 0o600 and status.st_uid == 0
    assert b"BEGIN PRIVATE KEY" in key_of(gateway).read_bytes()
    before = key_of(gateway).read_bytes()
    gateway.stop()
    gateway.start()
    ready(gateway, 2)
    assert key_of(gateway).read_bytes() == before


SPOILT_KEYS = {  # what is done to it, what is said, how it is mended
    "others may read it": (lambda key: key.chmod(0o640), "others may read the key; chmod 600", lambda key: key.chmod(0o600)),
    "it is somebody else's": (lambda key: os.chown(key, 65534, 65534), "the key belongs to somebody else; chown root", lambda key: os.chown(key, 0, 0)),
}


@needs.root
@pytest.mark.parametrize("spoil, said, mend", SPOILT_KEYS.values(), ids=SPOILT_KEYS)
def test_a_key_that_is_not_ours_alone_is_refused_and_said_until_it_is_mended(gateway, spoil, said, mend):
    hold(gateway)
    gateway.stop()
    spoil(key_of(gateway))
    gateway.start()
    assert gateway.wait_log(said)
    assert send(gateway, message("bad again")).code == 451
    mend(key_of(gateway))
    ready(gateway, 2)
    assert hold(gateway, "bad again") == [1, 2]


def new_key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "X25519"], capture_output=True, check=True).stdout


@needs.root
def test_a_new_key_in_front_seals_from_the_reload_on_and_the_old_one_opens_what_it_sealed(gateway, behind):
    hold(gateway, "bad old")
    before = (store(gateway) / containers(gateway)[0]).read_bytes()[8:16]
    key_of(gateway).write_bytes(new_key() + key_of(gateway).read_bytes())
    gateway.reload()
    ready(gateway, 2)
    hold(gateway, "bad new")
    assert (store(gateway) / containers(gateway)[1]).read_bytes()[8:16] != before
    release(gateway, 1, 2)
    becomes(gateway, 1, "delivered")
    becomes(gateway, 2, "delivered")
    assert len(behind.messages) == 2


@needs.root
def test_without_its_key_a_message_waits_on_and_the_reason_is_told(gateway, behind):
    hold(gateway)
    old = key_of(gateway).read_bytes()
    gateway.stop()
    key_of(gateway).write_bytes(new_key())
    gateway.start()
    ready(gateway, 2)
    release(gateway, 1)
    assert wait_until(lambda: "key" in entry(gateway, 1)["said"])
    assert entry(gateway, 1)["state"] == "waiting" and behind.messages == []
    gateway.stop()
    key_of(gateway).write_bytes(new_key() + old)
    gateway.start()
    ready(gateway, 3)
    release(gateway, 1)
    becomes(gateway, 1, "delivered")


@needs.root
def test_a_reload_that_changes_no_key_leaves_gatepost_release_alone(gateway, behind):
    before = gateway.pids("gatepost-release")
    gateway.configure(body(behind) + 'rule "x" when sender == "x@y.example" then discard\n')
    gateway.reload()
    assert gateway.wait_log("serving generation=2")
    time.sleep(0.3)
    assert gateway.pids("gatepost-release") == before


# ---- a damaged store


def test_a_damaged_store_is_set_aside_with_all_that_it_holds_and_mail_is_held_again(gateway):
    hold(gateway, "bad 1", "bad 2")
    gateway.stop()
    database = store(gateway) / "held.db"
    database.write_bytes(b"\xa5" * database.stat().st_size)
    gateway.start()
    ready(gateway, 2)
    assert gateway.wait_log("what is held is damaged and set aside")
    assert hold(gateway, "bad 3") == [1]
    aside, = store(gateway).parent.glob("held.damaged-*")
    assert len(list(aside.glob("*.sealed"))) == 2
