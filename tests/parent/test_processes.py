# SPDX-License-Identifier: ISC
"""Processes that die or hang, and configurations that change, cost one message a temporary refusal at most."""
import os
import signal
import time

import pytest

from lab import needs, samples
from lab.gatepost import backend, check_configuration, domains
from lab.load import Load, arrived, marked
from lab.process import is_alive, is_running, kill, wait_until
from lab.smtp_client import Closed, Session, send, stuffed

LOOKS_INSIDE = 'rule "looks inside" when message.part_count > 500 then reject 550 5.7.1 "too many parts"\n'
LOOKS_AT_ATTACHMENTS = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
ANTIVIRUS = 'rule "malware" when av.result == infected then reject 554 5.7.1 "malware: {av.signatures}"\n'


@pytest.fixture
def serve(start, new_backend):
    """serve(policy, changes) gives a gateway with gateway.behind."""
    def go(policy="", changes=None, **how):
        server = new_backend()
        body = backend("behind", server.port) + domains("behind", "example.com")
        gateway = start(body + policy, changes=changes, **how)
        gateway.behind, gateway.body = server, body
        return gateway
    return go


@pytest.fixture
def antivirus(own_dir):
    """Settings for antivirus scanners that know EICAR."""
    return {"antivirus": {"enabled": "on", "database": '"%s"' % samples.write_signatures(own_dir / "signatures")}}


def send_clean(gateway):
    return send(gateway.port, samples.clean(), "user@example.com", timeout=40).code


def replaced(processes, before):
    """As many processes as before, none of those before."""
    return wait_until(lambda: len(processes()) == len(before) and not set(processes()) & set(before), 15)


# -- proxies

def test_a_killed_proxy_is_replaced_and_no_connection_is_refused(serve):
    gateway = serve()
    proxies = gateway.pids("gatepost-proxy")
    assert len(proxies) == 2
    os.kill(proxies[0], signal.SIGKILL)
    assert [send_clean(gateway) for _ in range(20)] == [250] * 20
    assert wait_until(lambda: len(gateway.pids("gatepost-proxy")) == 2 and proxies[0] not in gateway.pids("gatepost-proxy"))
    assert proxies[1] in gateway.pids("gatepost-proxy"), "the other one serves on"


def test_sessions_of_the_other_proxy_live_on(serve):
    gateway = serve()
    sessions = [Session(gateway.port) for _ in range(16)]
    os.kill(gateway.pids("gatepost-proxy")[0], signal.SIGKILL)
    lived = 0
    for session in sessions:
        try:
            lived += session.command("NOOP").code == 250
        except (Closed, ConnectionError):
            pass
        session.close()
    assert 0 < lived < 16


def test_a_proxy_that_dies_again_and_again_does_not_take_the_parent_along(serve):
    gateway = serve()
    for _ in range(3):
        before = gateway.pids("gatepost-proxy")
        for pid in before:
            kill(pid)
        assert wait_until(lambda: set(gateway.pids("gatepost-proxy")) - set(before), 15)
    assert wait_until(gateway.answers, 20)
    assert send_clean(gateway) == 250


# -- scanners

PAGE = samples.with_attachment("page.html", b"<html>" + os.urandom(20) * 60000)  # takes a scanner a good while


def page(mark):
    return b"X-Mark: %s\r\n" % mark.encode() + PAGE


def a_worker(gateway):
    """There is none for a moment after the death of the only one."""
    found = []
    assert wait_until(lambda: found.extend(gateway.workers("gatepost-scan")) or found, 15)
    return found[0]


def hurt_while_busy(gateway, hurt, times):
    """Senders keep the only scanner busy; it is hurt so many times in the midst of its work. hurt(pid) is false when it was not."""
    with Load(gateway.port, senders=4, message=page) as load:
        hits = 0
        for _ in range(10 * times):
            worker = a_worker(gateway)
            if wait_until(lambda: is_running(worker) or not is_alive(worker), 60, 0.001):
                hits += hurt(worker)
            told = len(load.told)
            assert wait_until(lambda: len(load.told) > told + 3, 120), "nothing is delivered any more"
            if hits == times:
                return load
    raise AssertionError("never caught in mid-scan")


def at_most(load, tempfails):
    """No more tempfails than that, and each message that was accepted is there once."""
    assert all(400 <= reply.code <= 499 for reply in load.refusals), load.refusals
    assert len(load.refusals) <= tempfails and not load.broken, load.refusals
    return True


def test_a_scanner_killed_in_mid_scan_costs_one_tempfail(serve):
    gateway = serve(LOOKS_AT_ATTACHMENTS, {"timeouts": {"scan": "60s", "verdict": "120s", "data": "60s"}})
    load = hurt_while_busy(gateway, kill, 4)
    assert at_most(load, 4)
    assert arrived(gateway.behind) == {mark: 1 for mark in load.told}


def test_a_hung_scanner_costs_one_tempfail_and_is_replaced(serve):
    gateway = serve(LOOKS_AT_ATTACHMENTS, {"timeouts": {"scan": "2s", "verdict": "60s"}})

    def hang(pid):
        if not is_alive(pid):
            return False
        os.kill(pid, signal.SIGSTOP)
        if wait_until(lambda: not is_alive(pid), 8):
            return True
        os.kill(pid, signal.SIGCONT)  # it was between two messages
        return False

    load = hurt_while_busy(gateway, hang, 2)
    assert at_most(load, 2)
    assert arrived(gateway.behind) == {mark: 1 for mark in load.told}


def test_scanners_are_recycled(serve):
    gateway = serve(LOOKS_INSIDE, {"scan": {"recycle": 5}})
    scanners = gateway.workers("gatepost-scan")
    assert [send_clean(gateway) for _ in range(12)] == [250] * 12
    assert replaced(lambda: gateway.workers("gatepost-scan"), scanners)


def test_a_program_in_a_zip_is_refused_and_clean_mail_passes(serve):
    gateway = serve(LOOKS_AT_ATTACHMENTS)
    reply = send(gateway.port, samples.zipped_program(), "user@example.com")
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert send_clean(gateway) == 250


def test_malware_is_refused_and_clean_mail_passes(serve, antivirus):
    gateway = serve(ANTIVIRUS, antivirus)
    reply = send(gateway.port, samples.eicar(), "user@example.com", timeout=40)
    assert (reply.code, reply.enhanced) == (554, "5.7.1") and "Eicar" in reply.text
    assert send_clean(gateway) == 250
    assert len(gateway.behind.messages) == 1


def test_a_killed_antivirus_scanner_is_a_tempfail_never_clean(serve, antivirus):
    gateway = serve(ANTIVIRUS, antivirus)
    codes, killed = [], 0
    for _ in range(5):
        with Session(gateway.port, timeout=30) as session:
            session.ehlo()
            session.envelope("user@example.com")
            session.expect("DATA", 354)
            worker = gateway.workers("gatepost-av")[0]
            session.send(stuffed(samples.eicar()))
            killed += kill(worker)
            codes.append(session.reply().code)
    assert killed
    assert all(code == 554 or 400 <= code <= 499 for code in codes), codes
    assert not gateway.behind.messages
    assert wait_until(lambda: send_clean(gateway) == 250, 20, 0.2)


def test_new_signatures_are_used_without_a_restart(serve, antivirus, own_dir):
    antivirus["antivirus"]["reload"] = "1s"
    gateway = serve(ANTIVIRUS, antivirus)
    word = b"a word that nobody has forbidden yet"
    assert send(gateway.port, marked("one", word), "user@example.com", timeout=40).code == 250
    with open(own_dir / "signatures" / "more.ndb", "w") as f:
        f.write("Lab-Word:0:*:%s\n" % word.hex())
    assert wait_until(lambda: send(gateway.port, marked("two", word), "user@example.com", timeout=40).code == 554, 20, 0.3)


# -- SIGHUP

def test_reloads_under_load_lose_and_refuse_nothing(serve):
    gateway = serve(changes={"timeouts": {"drain": "5s"}})
    with Load(gateway.port, senders=6) as load:
        for generation in range(2, 10):
            told = len(load.told)
            gateway.reload()
            assert gateway.wait_log("serving generation=%d" % generation, 30)
            assert wait_until(lambda: len(load.told) > told + 10, 30), "nothing is delivered any more"
            assert wait_until(lambda: len(gateway.pids("gatepost-proxy")) <= 4, 30), "an old generation does not end"
    assert not load.refusals and not load.broken
    assert arrived(gateway.behind) == {mark: 1 for mark in load.told}


def test_a_live_session_finishes_under_the_old_configuration(serve):
    gateway = serve()
    with Session(gateway.port) as old:
        old.ehlo()
        gateway.configure(gateway.body.replace("example.com", "example.org"))
        gateway.reload()

        def new_domain_is_served():
            return send(gateway.port, samples.clean(), "user@example.org").code == 250
        assert wait_until(new_domain_is_served)
        old.envelope("user@example.com")
        assert old.data(samples.clean()).code == 250

    def old_domain_is_refused():  # an old proxy may still take a last connection
        return send(gateway.port, samples.clean(), "user@example.com").code in (550, 554)
    assert wait_until(old_domain_is_refused)


@pytest.mark.parametrize("wrong", ['domian "example.org" { backend behind }\n', 'domain "example.org" { backend nobody }\n',
                                   'rule "x" when clientip == 1 then reject\n', "backend {\n", 'include "missing.conf"\n',
                                   'test "fails" { given sender "a@b.example"  expect reject by "nothing" }\n'])
def test_a_wrong_configuration_changes_nothing_and_says_why(serve, wrong):
    gateway = serve()
    proxies = gateway.pids("gatepost-proxy")
    gateway.configure(gateway.body + wrong)
    gateway.reload()
    assert gateway.wait_log(os.path.basename(gateway.file) + ":")
    assert send_clean(gateway) == 250
    assert gateway.pids("gatepost-proxy") == proxies


def test_a_wrong_configuration_is_told_by_n(serve):
    gateway = serve()
    assert check_configuration(gateway.file)[0] == 0
    gateway.configure(gateway.body + 'domian "example.org" { backend behind }\n')
    status, said = check_configuration(gateway.file)
    assert status != 0
    assert "gatepost.conf:" in said and "domian" in said and "domain" in said.replace("domian", "")


def test_a_new_listener_is_opened_and_an_old_one_closed(serve):
    from lab.ports import free_port
    from lab.process import port_answers
    gateway = serve()
    old, gateway.port = gateway.port, free_port()
    gateway.configure(gateway.body)
    gateway.reload()
    assert wait_until(gateway.answers)
    assert send_clean(gateway) == 250
    assert wait_until(lambda: not port_answers(old))


def test_an_address_may_be_given_up_and_taken_again_at_once(serve):
    from lab.ports import free_port
    gateway = serve()
    ports = gateway.port, free_port()
    for generation in (2, 3, 4):
        gateway.port = ports[(generation - 1) % 2]
        gateway.configure(gateway.body)
        gateway.reload()
        assert gateway.wait_log("serving generation=%d" % generation), gateway.log()[-2000:]
        assert send_clean(gateway) == 250


def test_however_many_proxies_hold_them_addresses_may_be_taken_again_at_once(serve):
    from lab.ports import free_port

    def others():
        return "".join('listen smtp "other %d" on "127.0.0.1:%d"\n' % (n, free_port()) for n in range(3))
    here, away = others(), others()
    gateway = serve(here, changes={"process": {"proxies": 22}})
    for generation, port, more in ((2, free_port(), away), (3, gateway.port, here)):
        gateway.port = port
        gateway.configure(gateway.body + more)
        gateway.reload()
        assert gateway.wait_log("serving generation=%d" % generation, 60), gateway.log()[-2000:]
    assert send_clean(gateway) == 250


def test_proxies_that_give_up_an_address_end_by_themselves_however_short_a_drain_is(serve):
    from lab.ports import free_port
    gateway = serve(changes={"timeouts": {"drain": "1s"}})
    gateway.port = free_port()
    gateway.configure(gateway.body)
    gateway.reload()
    assert gateway.wait_log("generation ended"), gateway.log()[-2000:]
    assert "is killed" not in gateway.log(), gateway.log()[-2000:]


# -- SIGTERM

def test_it_ends_soon_and_takes_its_children_along(serve):
    gateway = serve(LOOKS_INSIDE)
    pids = gateway.pids("gatepost-proxy") + gateway.pids("gatepost-scan")
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < 10
    assert not [pid for pid in pids if is_alive(pid)]


def test_sessions_of_a_configuration_that_is_gone_are_told_as_well(serve):
    gateway = serve()
    with Session(gateway.port) as session:
        gateway.reload()
        assert gateway.wait_log("serving generation=2")
        began = time.monotonic()
        assert gateway.stop() == 0
        assert session.reply().code == 421
        assert time.monotonic() - began < 5


def test_a_message_that_is_on_its_way_is_not_lost_by_sigterm(serve):
    gateway = serve()
    gateway.behind.script["DOT"] = [0.7, b"250 2.0.0 ok\r\n"]
    with Session(gateway.port) as session:
        session.ehlo()
        session.envelope("user@example.com")
        session.expect("DATA", 354)
        session.send(samples.clean() + b".\r\n")
        wait_until(lambda: "DATA" in gateway.behind.verbs())
        gateway.process.signal(signal.SIGTERM)
        reply = session.reply()
    assert (reply.code == 250) == (len(gateway.behind.messages) == 1) and reply.code in (250, 421, 451)


def test_the_unprivileged_processes_are_unprivileged(serve, antivirus):
    gateway = serve(LOOKS_INSIDE + ANTIVIRUS, antivirus)
    assert send_clean(gateway) == 250
    heads = gateway.pids("gatepost-scan") + gateway.pids("gatepost-av")
    workers = gateway.workers("gatepost-scan") + gateway.workers("gatepost-av")
    assert len(heads) == 2 and len(workers) == 2
    for pid in gateway.pids("gatepost-proxy") + heads + workers:
        status = proc_status(pid)
        assert "0" not in status["Uid"].split()
        assert status["CapEff"].strip("0") == "" and status["CapPrm"].strip("0") == ""
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == ("0" if pid in heads or needs.SANITIZED else "2")


def proc_status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
