# SPDX-License-Identifier: ISC
"""What Gatepost promises under systemd, kept by a systemd that runs: the packages in a bare Debian, started by their unit. One machine
for all, which each test leaves as a gateway that serves; the last one takes it away. Slow: `make check-deb`."""
import contextlib
import io
import os
import re
import shutil

import pytest

from lab import samples
from lab.backend import Backend
from lab.bare_debian import INSTALL
from lab.booted_debian import BootedDebian
from lab.packages import NEWER
from lab.persistent_senders import PersistentSenders, arrived
from lab.process import wait_until
from lab.smtp_client import Session, send

UNIT = "gatepost.service"
USERS = ("gatepost", "gatepost-keeper", "gatepost-redis")
CERTIFICATE = ("/etc/gatepost/tls/fullchain.pem", "/etc/gatepost/tls/privkey.pem")
DECISIONS = "/var/log/gatepost/decisions.json"
RULES = '''
rule "hold" when header["Subject"] contains "hold me" then quarantine "held"
rule "picture" when qr.codes matches /evil/ then reject 550 5.7.1 "picture"
'''
NO_SUCH_USER = {"RCPT": lambda session, line: "550 5.1.1 no such user" if b"no-such-user" in line else None}


class Machine:
    def __init__(self, folder):
        folder.mkdir()
        self.debian = BootedDebian(folder)
        self.must, self.run, self.path = self.debian.must, self.debian.run, self.debian.path

    def install(self, made):
        return self.run(*INSTALL, *self.debian.bring(*made.values()))

    def configure(self, behind, authority):
        """As --first-run does, whose file is left as it is."""
        certificate = authority.certificate("mx.example.com")
        self.path("/etc/gatepost/tls").mkdir()
        for path, file in zip(CERTIFICATE, (certificate.chain, certificate.key)):
            shutil.copy(file, self.path(path))
        samples.write_signatures(self.path("/var/lib/clamav"))
        self.must("gatepost", "--first-run", "--hostname", "mx.example.com", "--domain", "example.com", "--server", "127.0.0.1:%d" % behind.port,
                  "--server-tls", "none", "--recipients", "any", "--certificate", CERTIFICATE[0], "--key", CERTIFICATE[1])

    @property
    def configuration(self):
        return self.path("/etc/gatepost/gatepost.conf")

    def parent(self):
        return int(self.debian.show(UNIT, "MainPID"))

    def another_parent(self, before):
        """Waits for one that serves."""
        assert wait_until(lambda: self.parent() not in (0, before) and self.debian.show(UNIT, "ActiveState") == "active", 120, 0.2), self.log()

    def send(self, message):
        return send(25, message, "user@example.com", timeout=120)

    def log(self):
        return "\n".join(str(entry.get("MESSAGE")) for entry in self.debian.journal(UNIT))

    def logged(self, text):
        return wait_until(lambda: text in self.log(), 60, 0.2)

    def troubles(self):
        """What was logged as a warning, or worse, since systemd last started it."""
        return [entry["MESSAGE"] for entry in self.debian.journal(UNIT, "-p", "warning", "_SYSTEMD_INVOCATION_ID=" + self.debian.show(UNIT, "InvocationID"))]


@pytest.fixture(scope="module")
def booted(made, run_dir):
    """With the packages, and nothing configured."""
    it = Machine(run_dir / "booted")
    try:
        it.debian.fetch(*it.debian.bring(*made[0].values()))
        it.debian.boot()
        with it.debian.network():
            status, said = it.install(made[0])
            assert status == 0, said[-3000:]
            yield it
    finally:
        it.debian.close()


@pytest.fixture(scope="module")
def behind(booted):
    server = Backend().start()
    yield server
    server.stop()


def begin_anew(behind):
    behind.forget()
    behind.script.update(NO_SUCH_USER)


@pytest.fixture(scope="module")
def machine(booted, behind, authority):
    """What --first-run has written serves."""
    assert booted.debian.show(UNIT, "ActiveState") == "inactive"
    begin_anew(behind)
    booted.configure(behind, authority)
    booted.must("systemctl", "enable", "--now", "gatepost")
    return booted


@pytest.fixture(scope="module")
def full(machine):
    """All programs run, and all that can be written is."""
    text = machine.configuration.read_text()
    assert text.count('log { to "syslog" }') == 1
    machine.configuration.write_text(text.replace('log { to "syslog" }', 'log { to "journald"  decisions "%s" }' % DECISIONS) + RULES)
    machine.must("systemctl", "restart", "gatepost")
    assert all(machine.logged("scanners ready program=gatepost-" + name) for name in ("scan", "av", "qr")) and machine.logged("keeper ready")
    return machine


def test_systemd_understands_each_line_of_the_unit(booted):
    said = booted.run("systemd-analyze", "verify", UNIT)[1]
    assert not [line for line in said.splitlines() if "Command 'man " not in line], "nobody has man(1) here: " + said


def test_systemd_is_told_to_go_on_when_a_process_is_ended_for_its_memory(booted):
    assert booted.debian.show(UNIT, "OOMPolicy") == "continue"


def test_when_start_returns_it_serves(machine, behind):
    begin_anew(behind)
    with Session(25) as session:
        assert session.greeting.code == 220
    assert machine.debian.show(UNIT, "StatusText") == "serving"
    assert [machine.send(message).code for message in (samples.clean(), samples.zipped_program(), samples.eicar())] == [250, 550, 550]
    assert len(behind.messages) == 1
    lines = [entry for entry in machine.debian.journal(UNIT, "SYSLOG_IDENTIFIER=gatepost-proxy") if "verdict=reject" in entry["MESSAGE"]]
    assert len(lines) == 2 and {entry["_TRANSPORT"] for entry in lines} == {"syslog"}


def picture(text):
    segno = pytest.importorskip("segno")
    out = io.BytesIO()
    segno.make(text).save(out, kind="png", scale=5)
    return samples.with_attachment("picture.png", out.getvalue())


def test_nothing_that_the_unit_takes_away_is_missed(full, behind):
    begin_anew(behind)
    assert full.send(samples.clean("hold me")).code == 250 and not behind.messages
    assert [full.send(message).code for message in (picture("https://evil.example/"), samples.eicar(), samples.zipped_program())] == [550] * 3
    held, = re.findall(r"^(\d+)  ", full.must("gatepostctl", "quarantine", "list"), re.M)
    assert "hold me" in full.must("gatepostctl", "quarantine", "show", held)
    assert "released" in full.must("gatepostctl", "quarantine", "release", held)
    assert wait_until(lambda: len(behind.messages) == 1, 60)
    assert full.path(DECISIONS).read_text().count('"stage":"message"') >= 4
    assert "Redis        running" in full.must("gatepostctl", "status")
    full.must("systemctl", "reload", "gatepost")
    assert full.logged("generation ended generation=1")
    assert [line for line in full.troubles() if "ends before its issuer" not in line] == []
    assert "CRITICAL" not in full.log()


def test_the_journal_has_each_event_with_its_fields(full):
    assert full.send(samples.zipped_program()).code == 550
    entry = full.debian.journal(UNIT, "GATEPOST_EVENT=message", "GATEPOST_VERDICT=reject")[-1]
    assert "verdict=reject" in entry["MESSAGE"] and entry["GATEPOST_REFERENCE"] in entry["MESSAGE"]
    expected = {"GATEPOST_CLIENT": "127.0.0.1", "GATEPOST_CODE": "550", "SYSLOG_IDENTIFIER": "gatepost-proxy", "PRIORITY": "6", "_SYSTEMD_UNIT": UNIT,
                "_TRANSPORT": "journal"}
    assert {name: entry.get(name) for name in expected} == expected


def test_a_reload_ends_no_session_and_no_parent(full):
    before = full.parent()
    serving = full.log().count("serving generation=")
    with Session(25) as session:
        full.must("systemctl", "reload", "gatepost")
        assert wait_until(lambda: full.log().count("serving generation=") > serving, 60, 0.2)
        assert session.ehlo().code == 250
    assert full.parent() == before and full.debian.show(UNIT, "ActiveState") == "active"


def test_systemd_has_each_listening_socket(full):
    proxies = full.must("ps", "-C", "gatepost-proxy", "-o", "pid=").split()
    assert wait_until(lambda: int(full.debian.show(UNIT, "NFileDescriptorStore")) == 2 * len(set(proxies)), 30)


def test_after_a_kill_it_is_there_again_and_serves_who_has_waited(full):
    before, processes = full.parent(), set(full.debian.processes(UNIT))
    full.must("kill", "-9", str(before))
    assert wait_until(lambda: not processes & set(full.debian.processes(UNIT)), 30, 0.05), "nobody outlives the parent"
    assert full.send(samples.clean()).code == 250  # whom an old proxy had taken would have been cut off
    full.another_parent(before)


@contextlib.contextmanager
def changed_unit(machine, unit, lines):
    folder = machine.path("/etc/systemd/system") / (unit + ".d")
    folder.mkdir()
    (folder / "test.conf").write_text("[Service]\n" + lines)
    machine.must("systemctl", "daemon-reload")
    try:
        yield
    finally:
        shutil.rmtree(folder)
        machine.must("systemctl", "daemon-reload")


def test_a_parent_that_hangs_is_replaced(full):
    with changed_unit(full, UNIT, "WatchdogSec=5\n"):
        full.must("systemctl", "restart", "gatepost")
        before = full.parent()
        full.must("kill", "-STOP", str(before))
        full.another_parent(before)
    full.must("systemctl", "restart", "gatepost")
    assert "Watchdog timeout" in full.log()
    assert full.send(samples.clean()).code == 250


def test_a_stop_lets_each_process_end_in_order(full):
    with Session(25) as session:
        session.ehlo()
        full.must("systemctl", "stop", "gatepost")
        assert session.reply().code == 421
    ended = [line for line in full.log().split("stopping\n")[-1].splitlines() if "how=" in line]
    assert len(ended) >= 8 and all('how="exit 0"' in line for line in ended), ended
    assert full.debian.show(UNIT, "Result") == "success" and full.debian.show(UNIT, "NFileDescriptorStore") == "0"
    assert full.debian.processes(UNIT) == [] and not full.path("/run/gatepost").exists()
    with pytest.raises(ConnectionRefusedError):
        Session(25)
    full.must("systemctl", "start", "gatepost")


def test_logrotate_as_a_service_has_the_decisions_written_anew(full):
    path = full.path(DECISIONS)
    full.send(samples.clean())
    assert wait_until(lambda: path.exists() and path.stat().st_size > 0, 60)
    with changed_unit(full, "logrotate.service", "ExecStart=\nExecStart=/usr/sbin/logrotate --force /etc/logrotate.d/gatepost\n"):
        full.must("systemctl", "start", "logrotate.service")
    assert wait_until(lambda: full.send(samples.clean()) and path.exists() and path.stat().st_size > 0, 60, 0.5)
    old, = path.parent.glob(path.name + "-*")
    kept, begun = old.stat().st_size, path.stat().st_size
    full.send(samples.clean())
    assert wait_until(lambda: path.stat().st_size > begun, 60) and old.stat().st_size == kept


def test_who_waits_while_a_mistake_is_mended_is_served(full):
    good = full.configuration.read_text()
    full.configuration.write_text(good + "nonsense\n")
    assert full.run("systemctl", "restart", "gatepost")[0] != 0
    with Session(25, greeting=False, timeout=120) as session:
        full.configuration.write_text(good)
        assert session.reply().code == 220


def test_an_upgrade_under_load_refuses_no_connection_and_loses_nothing(full, made, behind):
    begin_anew(behind)
    before = full.parent()
    with PersistentSenders(full) as load:
        load.sent(20)
        status, said = full.install(made[1])
        assert status == 0, said[-3000:]
        assert full.parent() != before
        load.sent(20)
    assert load.refused_connections == 0
    assert set(load.accepted) <= set(arrived(behind))
    assert '"%s"' % NEWER.partition("-")[0] in full.must("gatepostctl", "status", "--json")


def test_a_version_that_does_not_take_the_configuration_is_not_started(full, made):
    before, good = full.parent(), full.configuration.read_text()
    full.configuration.write_text(good + "nonsense\n")
    status, said = full.install(made[0])
    full.configuration.write_text(good)
    assert status == 0 and "the version before goes on" in said, said[-3000:]
    assert full.parent() == before and full.send(samples.clean()).code == 250
    full.must("systemctl", "restart", "gatepost")


def test_a_purge_ends_it_and_leaves_nothing(full):
    full.must("apt-get", "-y", "-q", "purge", "gatepost", "gatepost-av")
    assert full.debian.processes(UNIT) == [] and full.debian.show(UNIT, "LoadState") == "not-found"
    assert not [name for name in ("/var/lib/gatepost", "/var/log/gatepost", "/run/gatepost") if full.path(name).exists()]
    assert sorted(os.listdir(full.path("/etc/gatepost"))) == ["tls"], "what the administrator has put there is his"
    users = full.path("/etc/passwd").read_text()
    assert not [user for user in USERS if user + ":" in users]
    with pytest.raises(ConnectionRefusedError):
        Session(25)
