# SPDX-License-Identifier: ISC
"""What a gateway that serves reads anew, and when: gatepostctl reload, tables that shrink, files that change by themselves."""
import os
import pathlib
import shutil
import signal
import ssl
import subprocess

import pytest

from lab import steered
from lab.gatepost import backend
from lab.process import wait_until
from lab.smtp_client import Session

USERS = ["user%d@example.com" % n for n in range(30)]


def write(path, users):
    """As an export does it: a new file in the place of the old one."""
    beside = path.with_suffix(".new")
    beside.write_text("".join(user + "\n" for user in users))
    beside.rename(path)


def octets_of(cert):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(cert.chain).read_text())


class Site:
    def __init__(self, gateway, path):
        self.gateway, self.path = gateway, path
        self.socket = os.path.join(gateway.dir, "control")

    def takes(self, address):
        with Session(self.gateway.port) as session:
            session.ehlo()
            session.expect("MAIL FROM:<a@client.example>", 250)
            return session.command("RCPT TO:<%s>" % address).code == 250

    def shown_certificate(self):
        with Session(self.gateway.port) as session:
            session.ehlo()
            session.starttls()
            return session.socket.getpeercert(binary_form=True)

    def ctl(self, *words):
        """gatepostctl on the gateway's socket: (exit status, what it said)."""
        done = subprocess.run([str(self.gateway.build / "gatepostctl"), *words, "--control", self.socket], capture_output=True, text=True,
                              timeout=60)
        return done.returncode, done.stdout + done.stderr

    def reloads(self, *options):
        status, said = self.ctl("reload", *options)
        assert status == 0 and "serves" in said, said
        return said

    def says_soon(self, text, times=1):
        """While its clock runs ahead: it looks at files every few seconds, and takes those that have not changed since."""
        def look():
            steered.move_clock(self.gateway.process.pid, 0.5)
            return self.gateway.log().count(text) >= times
        return wait_until(look, 30)


@pytest.fixture
def site(start, new_backend, own_dir):
    """site(more, changes): a gateway whose recipients stand in a file."""
    def make(more="", changes=None):
        path = own_dir / "recipients.txt"
        write(path, USERS)
        body = backend("behind", new_backend().port) + 'domain "example.com" { backend behind  recipients users }\n' \
            'table users from file "%s"\n%s' % (path, more)
        gateway = start(body, changes={"process": {"proxies": 1}, **(changes or {})}, **steered.programs(own_dir, *steered.RECORDING))
        assert gateway.wait_log("keeper ready", 20)
        return Site(gateway, path)
    return make


def test_a_table_that_lost_most_of_its_entries_keeps_them_until_that_is_accepted(site):
    it = site()
    write(it.path, USERS[:5])
    said = it.reloads()
    assert "warning: the table 'users' keeps its 30 entries: '%s' has only 5 now" % it.path in said
    assert it.takes(USERS[0]) and it.takes(USERS[29])
    said = "table users keeps its 30 entries, %s has only 5 now (gatepostctl reload --accept-shrink users)" % it.path
    status, words = it.ctl("status", "--check")
    assert status == 1 and said in words
    it.gateway.reload()
    assert wait_until(lambda: it.gateway.log().count("the table 'users' keeps its 30 entries") == 2, 10), "at each reload"
    steered.move_clock(it.gateway.process.pid, 20)
    assert "keeps" in it.reloads("--accept-shrink", "others")
    steered.move_clock(it.gateway.process.pid, 20)
    assert "keeps" not in it.reloads("--accept-shrink", "users")
    assert it.takes(USERS[0]) and not it.takes(USERS[29])
    assert "keeps" not in it.ctl("status", "--check")[1]


def test_tables_of_one_file_shrink_together(site, own_dir):
    it = site('table also from file "%s"\n' % (own_dir / "recipients.txt"))
    write(it.path, USERS[:5])
    said = it.reloads("--accept-shrink", "users")
    assert "the table 'also' keeps" not in said
    assert it.takes(USERS[0]) and not it.takes(USERS[29])


def test_a_table_whose_file_was_emptied_by_a_program_that_failed_serves_on_and_grows_again(site):
    it = site()
    write(it.path, [])
    assert it.says_soon("the table 'users' keeps its 30 entries") and it.says_soon("serving generation=2")
    assert it.takes(USERS[29])
    write(it.path, USERS[:20])
    assert it.says_soon("serving generation=3")
    assert it.takes(USERS[19]) and not it.takes(USERS[29])
    assert "keeps" not in it.ctl("status", "--check")[1]


def test_a_refused_reload_is_one_line_in_the_log_and_a_whole_report_for_who_asked(site):
    it = site()
    with open(it.gateway.file, "a") as file:
        file.write('table one { 1 }\ntable two { 2 }\n')
    status, said = it.ctl("reload")
    assert status == 1 and "reload refused, nothing is changed" in said
    assert said.count(": error: expected an entry in quotes, found '1'\n    table one { 1 }\n                ^\n") == 1
    assert ": error: expected an entry in quotes, found '2'" in said
    lines = [line for line in it.gateway.log().splitlines() if "reload refused" in line]
    assert len(lines) == 1 and "at=%s:" % it.gateway.file in lines[0] and " more=1 " in lines[0]
    assert "reason=\"expected an entry in quotes, found '1'\"" in lines[0]
    assert "^" not in it.gateway.log() and "x22" not in it.gateway.log()
    status, said = it.ctl("reload")
    assert status == 1 and "found '2'" in said, "a refused one keeps nobody waiting"


def test_files_wait_for_a_reload_where_none_is_automatic(site):
    it = site(changes={"reload": {"automatic": "off"}})
    write(it.path, USERS[:20])
    assert it.says_soon("files have changed and wait")
    write(it.path, USERS[:18])
    for _ in range(40):
        steered.move_clock(it.gateway.process.pid, 0.5)
    assert "wait for gatepostctl reload" in it.ctl("status")[1]
    assert it.gateway.log().count("files have changed and wait") == 1 and it.takes(USERS[19])
    it.reloads()
    assert it.takes(USERS[17]) and not it.takes(USERS[19])
    assert "wait for gatepostctl reload" not in it.ctl("status")[1]


class Renewed:
    """A certificate whose files are put in the place of the former ones."""
    def __init__(self, authority, folder):
        self.both = [authority.certificate("mx.example.com", kind="ecdsa", file="reloading-%d" % n) for n in (1, 2)]
        self.served = [folder / "chain.pem", folder / "key.pem"]
        self.sentence = 'certificate "mx.example.com" { chain "%s"  key "%s" }\n' % tuple(self.served)

    def put(self, n):
        for source, path in zip((self.both[n].chain, self.both[n].key), self.served):
            shutil.copy(source, str(path) + ".new")
            os.rename(str(path) + ".new", path)


@pytest.fixture
def renewed(authority, own_dir):
    return Renewed(authority, own_dir)


def test_certificates_alone_are_taken_up_by_themselves_where_nothing_else_is(site, renewed):
    renewed.put(0)
    it = site(renewed.sentence, {"reload": {"automatic": "certificates"}})
    write(it.path, USERS[:20])
    assert it.says_soon("files have changed and wait")
    renewed.put(1)
    assert it.says_soon('reason="certificates have changed"') and it.says_soon("serving generation=2")
    assert it.takes(USERS[29]), "the table is as it was"
    for _ in range(40):
        steered.move_clock(it.gateway.process.pid, 0.5)
    assert it.gateway.log().count("files have changed and wait") == 1 and "wait for gatepostctl reload" in it.ctl("status")[1]
    assert it.shown_certificate() == octets_of(renewed.both[1])
    it.gateway.process.signal(signal.SIGHUP)
    assert it.says_soon("serving generation=3")
    assert it.takes(USERS[19]) and not it.takes(USERS[29])


def test_what_else_is_broken_on_the_disk_keeps_no_certificate_waiting(site, renewed, authority, own_dir):
    renewed.put(0)
    trusted = own_dir / "ca.pem"
    shutil.copy(authority.ca, trusted)
    it = site(renewed.sentence + 'backend verified { smtp "127.0.0.1:9" tls verify "mail.example.com" }\n'
              'domain "example.org" { backend verified }\nrule "new" when sender.first_contact then score 1\n',
              {"reload": {"automatic": "certificates"}, "tls": {"ca_file": '"%s"' % trusted}})
    trusted.write_text("")
    os.chmod(os.path.join(it.gateway.dir, "contacts.key"), 0o644)
    renewed.put(1)
    assert it.says_soon('reason="certificates have changed"') and it.says_soon("serving generation=2")
    assert it.shown_certificate() == octets_of(renewed.both[1])
    status, said = it.ctl("reload")
    assert status == 1 and 'there is no certificate in "%s"' % trusted in said


def test_a_contacts_key_that_has_gone_is_held_while_certificates_alone_are_read(site, renewed):
    """A new one would forget who has written to whom, and only a reload that was asked for may make it."""
    renewed.put(0)
    it = site(renewed.sentence + 'rule "new" when sender.first_contact then score 1\n', {"reload": {"automatic": "certificates"}})
    key = os.path.join(it.gateway.dir, "contacts.key")
    os.unlink(key)
    renewed.put(1)
    assert it.says_soon('reason="certificates have changed"') and it.says_soon("serving generation=2")
    assert it.shown_certificate() == octets_of(renewed.both[1]) and not os.path.exists(key)
    assert it.ctl("reload")[0] == 0 and os.path.getsize(key) == 32
