# SPDX-License-Identifier: ISC
"""What an administrator does with the packages, in a bare Debian: install them and pass a first message, upgrade under load, try to go
back, remove and purge. Slow: `make check-deb`."""
import os
import re
import shutil
import signal
import sqlite3
import time

import pytest

from lab import packages, samples
from lab.backend import Backend
from lab.bare_debian import INSTALL, BareDebian
from lab.packages import NEWER
from lab.persistent_senders import PersistentSenders, arrived
from lab.ports import free_port
from lab.process import children, wait_until
from lab.service import Service
from lab.smtp_client import send

PROXIES = 2
USERS = ("gatepost", "gatepost-keeper", "gatepost-redis")


@pytest.fixture(scope="module")
def behind():
    server = Backend().start()
    yield server
    server.stop()


class Machine:
    """A Debian with a Gatepost, which is started as its unit would."""

    def __init__(self, folder, behind, authority):
        (folder / "debian").mkdir()
        self.debian = BareDebian(folder / "debian")
        self.behind = behind
        self.authority = authority
        self.port = free_port()
        self.log_path = folder / "log"
        self.service = Service()
        self.popen = None

    def configure(self):
        """What --first-run writes, but for the ports, which are the test's."""
        certificate = self.authority.certificate("mx.example.com")
        tls = self.debian.path("/etc/gatepost/tls")
        tls.mkdir()
        shutil.copy(certificate.chain, tls / "fullchain.pem")
        shutil.copy(certificate.key, tls / "privkey.pem")
        said = self.debian.must("gatepost", "--first-run", "--hostname", "mx.example.com", "--domain", "example.com",
                                "--server", "127.0.0.1:%d" % self.behind.port, "--server-tls", "none", "--recipients", "any",
                                "--certificate", "/etc/gatepost/tls/fullchain.pem", "--key", "/etc/gatepost/tls/privkey.pem")
        assert "greets: 220" in said and "gatepostctl status" in said
        file = self.debian.path("/etc/gatepost/gatepost.conf")
        text = file.read_text()
        for written, ours in (('"0.0.0.0:25"', '"127.0.0.1:%d"' % self.port), ('listen smtps on "0.0.0.0:465"\n', ""), ('log { to "syslog" }', "")):
            assert text.count(written) == 1, written
            text = text.replace(written, ours)
        file.write_text(text + "process { proxies %d }\nresolver { forward \"127.0.0.1:1\"  timeout 100ms  patience 200ms }\n" % PROXIES)
        samples.write_signatures(self.debian.path("/var/lib/clamav"))
        self.debian.must("gatepost", "-n")

    def start(self):
        folder = self.debian.path("/run/gatepost")  # RuntimeDirectory=
        folder.mkdir(exist_ok=True)
        self.popen = self.service.start(self.debian.command("gatepost", "-F"), self.log_path, self.debian.environment, PROXIES)
        assert wait_until(lambda: all(self.log().count(text) for text in ("scanners ready program=gatepost-av", "keeper ready")), 60), self.log()
        return self

    def log(self):
        return self.log_path.read_text()

    def stop(self):
        """As systemd would."""
        self.popen.send_signal(signal.SIGTERM)
        status = self.popen.wait(45)
        self.popen = None
        return status

    def close(self):
        if self.popen:
            self.popen.kill()
            self.popen.wait()
        self.service.close()

    def install(self, made):
        return self.debian.run(*INSTALL, *self.debian.bring(*made.values()), "redis-server")

    def send(self, message):
        return send(self.port, message, "user@example.com", timeout=60)


@pytest.fixture
def machine(own_dir, behind, authority, made):
    behind.forget()
    it = Machine(own_dir, behind, authority)
    yield it
    it.close()


@pytest.fixture
def running(machine, made):
    """With the packages, a configuration, and a gateway that serves."""
    status, said = machine.install(made[0])
    assert status == 0, said[-3000:]
    machine.configure()
    return machine.start()


def reference(reply):
    return reply.text.rpartition("(")[2].rstrip(")")


def test_a_newcomer_has_mail_through_it(machine, made, behind):
    took, begun = {}, time.monotonic()

    def step(name):
        took[name] = round(time.monotonic() - begun, 1)

    status, said = machine.install(made[0])
    assert status == 0, said[-3000:]
    step("installed")
    assert not machine.debian.path("/etc/systemd/system/multi-user.target.wants/gatepost.service").is_symlink()
    status, said = machine.debian.run("gatepost", "-n")
    assert status == 1 and "tls/fullchain.pem" in said
    machine.configure()
    step("configured")
    machine.start()
    step("serving")
    assert machine.send(samples.clean()).code == 250 and len(behind.messages) == 1
    refused = [machine.send(samples.zipped_program()), machine.send(samples.eicar())]
    assert [reply.code for reply in refused] == [550, 550] and len(behind.messages) == 1
    step("a message in and two refused")
    assert "serving" in machine.debian.must("gatepostctl", "status")
    assert "invoice.exe" in machine.debian.must("gatepostctl", "why", reference(refused[0]))
    step("answers")
    assert machine.stop() == 0
    print(took)
    assert took["answers"] < 15 * 60


def version(machine):
    return re.search(r'"version": ?"(.*?)"', machine.debian.must("gatepostctl", "status", "--json")).group(1)


def test_an_upgrade_under_load_loses_nothing(running, made, behind):
    with PersistentSenders(running) as load:
        load.sent(20)
        status, said = running.install(made[1])
        assert status == 0, said[-3000:]
        load.sent(20)  # the old one goes on with its own programs,
        os.kill(proxies(running)[0], signal.SIGKILL)
        load.sent(20)
        assert running.stop() == 0  # until postinst restarts it
        running.start()
        load.sent(20)
    assert version(running) == NEWER.partition("-")[0]
    assert load.refused_connections == 0
    got = arrived(behind)
    assert set(load.accepted) <= set(got)
    assert "other programs are installed" in running.log()
    assert running.stop() == 0


def proxies(machine):
    return [pid for pid, name in children(machine.popen.pid).items() if name == "gatepost-proxy"]


def test_going_back_is_refused_where_the_databases_are_newer(running, made):
    assert running.stop() == 0
    status, said = running.install(made[1])
    assert status == 0, said[-3000:]
    status, said = running.install(made[0])
    assert status == 0, "the same databases: " + said[-3000:]
    assert running.install(made[1])[0] == 0
    path = running.debian.path("/var/lib/gatepost/keeper/history.db")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 1000")
    db.close()
    status, said = running.install(made[0])
    assert status != 0 and "history.db was written by a newer Gatepost" in said, said[-3000:]
    assert NEWER in running.debian.must("dpkg-query", "-W", "-f", "${Status} ${Version}", "gatepost")
    assert "gatepost 0.1.1" in running.debian.must("gatepost", "-v")


def test_removal_keeps_what_is_kept_and_purge_does_not(running):
    assert running.stop() == 0
    path = running.debian.path
    running.debian.must("apt-get", "-y", "-q", "remove", "gatepost", "gatepost-av")
    assert not path("/usr/sbin/gatepost").exists()
    assert path("/etc/gatepost/gatepost.conf").exists() and path("/var/lib/gatepost/keeper/history.db").exists()
    running.debian.must("apt-get", "-y", "-q", "purge", "gatepost", "gatepost-av")
    assert not path("/var/lib/gatepost").exists()
    assert sorted(os.listdir(path("/etc/gatepost"))) == ["tls"], "what the administrator has put there is his"
    users = path("/etc/passwd").read_text()
    assert not [user for user in USERS if user + ":" in users]
    assert not path("/etc/apparmor.d/usr.sbin.gatepost").exists()


def test_what_the_lab_needs_does_not_start_with_the_machine(machine):
    debian = machine.debian
    debian.must("apt-get", "-y", "-q", "install", "--no-install-recommends", "redis-server")
    enabled = lambda: {str(link.relative_to(debian.root)) for link in debian.path("/etc").rglob("*") if link.is_symlink()  # noqa: E731
                       and (".wants/" in str(link) or "/rc2.d/S" in str(link))}
    before = enabled()
    assert any("redis-server" in link for link in before)
    shutil.copy(os.path.join(os.path.dirname(packages.__file__), "deps"), debian.path("/root/deps"))
    assert "not started with the machine: nsd.service" in debian.must("sh", "/root/deps", "nsd")
    assert enabled() == before
    assert not debian.path("/usr/sbin/policy-rc.d").exists()
    assert debian.must("sh", "/root/deps", "nsd") == ""
