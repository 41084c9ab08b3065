# SPDX-License-Identifier: ISC
"""gatepostctl dkim check has the running gateway sign a message, and verifies what came out with what the DNS says."""
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import termios

import pytest

from lab import needs
from lab.backend import Backend
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.dns import Nsd, _quoted
from lab.gatepost import Gatepost, backend, domains
from lab.needs import BUILD
from lab.pairs import other_end
from lab.process import wait_until

pytest.importorskip("dkim", reason="no python3-dkim")
pytestmark = [needs.root, pytest.mark.skipif(not PEER.exists(), reason="not built")]

FINE, WRONG, UNSURE = 0, 1, 2
HELPDESK = "mail"


def text_of(site, *keys, domain="example.com"):
    return backend("behind", site.behind.port) + domains("behind", "example.net") + sentence([domain], *keys)


class Site:
    """A gateway with two keys, both published."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = folder / "keys"
        self.keys.mkdir()
        self.rsa, self.ed = Key(self.keys, "example.com", "2026a"), Key(self.keys, "example.com", "2026e", "ed25519")
        self.behind = Backend().start()
        self.servers = []
        self.changes = {"timeouts": {"signing": "2s"}, "keeper": {"helpdesk": '"%s"' % HELPDESK}}
        self.gateway = Gatepost(folder, text_of(self, self.rsa, self.ed), self.changes, listen="outbound")
        self.publish(self.rsa, self.ed)

    def publish(self, *keys, **others):
        """In place of what was. others: a selector's record."""
        records = {key.name: key.record for key in keys}
        records.update({selector + "._domainkey.example.com": record for selector, record in others.items()})
        zone = "\n".join("%s. TXT %s" % (name, _quoted(text)) for name, text in records.items())
        self.servers.append(Nsd(self.folder, {"example.com": zone}, "nsd-%d" % len(self.servers)).start())

    def configure(self, *keys, domain="example.com"):
        self.gateway.configure(text_of(self, *keys, domain=domain), self.changes)

    def reload(self):
        assert self.gateway.control("reload") is not None

    def words(self, *more):
        return [str(BUILD / "gatepostctl"), "dkim", "check", "--config", self.gateway.file, "--resolver", self.servers[-1].address, *more]

    def begin(self, *more):
        return subprocess.Popen(self.words(*more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def said(self, status, *more, **how):
        done = subprocess.run(self.words(*more), capture_output=True, text=True, timeout=60, **how)
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout

    def rows(self, status, *more):
        return {row["selector"]: row for row in map(json.loads, self.said(status, "--json", *more).splitlines())}

    def stop(self):
        for server in self.servers:
            server.stop()
        self.behind.stop()


@pytest.fixture
def site(own_dir):
    it = Site(own_dir)
    try:
        it.gateway.start()
        assert it.gateway.wait_log("keeper ready") and it.gateway.wait_log("gatepost-sign ready")
        yield it
    finally:
        it.gateway.stop()
        it.stop()


@pytest.fixture
def silent_signer(site):
    [pid] = wait_until(lambda: site.gateway.pids("gatepost-sign"))
    os.kill(pid, signal.SIGSTOP)
    yield pid
    os.kill(pid, signal.SIGCONT)


def is_asked(gateway, signer):
    """Whether there is a question on its queue that it has not read."""
    with other_end(gateway, signer) as queue:
        return struct.unpack("i", fcntl.ioctl(queue, termios.TIOCOUTQ, b"\0" * 4))[0] > 0


def question(gateway, payload):
    """CONTROL_SAMPLE by hand: [(type, octets)], up to the end."""
    header = (pathlib.Path(__file__).parents[2] / "common/control.h").read_text()
    enum = re.sub(r"/\*.*?\*/", "", header.split("enum control_message {")[1].split("};")[0], flags=re.S)
    names = re.findall(r"CONTROL_\w+", enum)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.connect(os.path.join(gateway.dir, "control"))
        sock.settimeout(30)
        sock.send(struct.pack("<H", names.index("CONTROL_SAMPLE") + 1) + payload)
        answers = []
        while not answers or answers[-1][0] != names.index("CONTROL_END") + 1:
            packet = sock.recv(200000)
            answers.append((struct.unpack("<H", packet[:2])[0], packet[2:]))
        return answers


def sliced(octets):
    return struct.pack("<I", len(octets)) + octets


# ---- what is signed is what verifies

def test_what_the_gateway_signs_verifies_with_each_key(site):
    rows = site.rows(FINE)
    assert {s: (r["published"], r["signed"]) for s, r in rows.items()} == {"2026a": ("ok", "ok"), "2026e": ("ok", "ok")}
    said = site.said(FINE, "example.com")
    for selector in ("2026a", "2026e"):
        assert re.search(r"(?m)^ok +%s\._domainkey\.example\.com: what the gateway signs with it verifies$" % selector, said)


def test_others_verify_the_same_message(site):
    message = site.rows(FINE)["2026a"]["message"].encode()
    assert sorted(verify(message, site.rsa, site.ed)) == [("example.com", "2026a", True), ("example.com", "2026e", True)]
    assert b"From: <postmaster@example.com>\r\n" in message and message.endswith(b"\r\n")
    assert site.rows(FINE)["2026a"]["message"].encode() != message  # a number that nobody can guess


def test_it_goes_to_nobody_and_is_no_mail(site):
    site.said(FINE)
    assert not site.behind.messages and not site.gateway.decisions()


def test_what_lies_below_a_domain_alone_is_tried_there(site):
    site.configure(site.rsa, domain="*.example.com")
    site.reload()
    rows = site.rows(FINE)
    assert rows["2026a"]["signed"] == "ok" and "From: <postmaster@dkim-check.example.com>" in rows["2026a"]["message"]


# ---- what is not in use yet, or any more

def test_a_new_key_in_the_old_file_is_seen_to_be_unused_until_a_reload(site):
    fresh = Key(site.folder, "example.com", "2026a")
    shutil.copyfile(fresh.file, site.rsa.file)
    site.publish(fresh, site.ed)
    rows = site.rows(WRONG)
    assert rows["2026a"]["published"] == "ok" and rows["2026a"]["signed"].startswith("fail: ")
    assert rows["2026e"]["signed"] == "ok"
    assert re.search(r"(?m)^WRONG 2026a\S+ what the gateway signs with it does not verify: fail: ", site.said(WRONG))
    site.reload()
    assert {r["signed"] for r in site.rows(FINE).values()} == {"ok"}


def test_a_selector_that_is_not_loaded_yet_is_told_and_so_is_the_one_that_is_still_used(site):
    fresh = Key(site.keys, "example.com", "2027a")
    site.publish(site.rsa, site.ed, fresh)
    site.configure(fresh)
    rows = site.rows(UNSURE)
    assert (rows["2027a"]["published"], rows["2027a"]["signed"]) == ("ok", "no")
    assert rows["2026a"]["signed"] == "ok" and "reload" in rows["2026a"]["note"] and "published" not in rows["2026a"]
    said = site.said(UNSURE)
    assert re.search(r"(?m)^NOTE +2027a\S+ the gateway does not sign with this key", said)
    assert re.search(r"(?m)^NOTE +2026e\S+ the gateway signs with this key, which the configuration does not name", said)
    site.reload()
    assert list(site.rows(FINE)) == ["2027a"]


def test_a_record_that_was_taken_out_too_soon_is_wrong(site):
    fresh = Key(site.keys, "example.com", "2027a")
    site.configure(fresh)
    site.publish(fresh)  # what leaves now is signed with the others
    rows = site.rows(WRONG)
    assert rows["2027a"]["published"] == "ok" and "2026a" in rows and rows["2026a"]["signed"] not in ("ok", "no")


def test_the_key_of_the_other_selector_in_the_dns_fails_both_ways(site):
    other = Key(site.folder, "example.com", "other", "ed25519")
    site.publish(site.rsa, **{"2026e": other.record})
    rows = site.rows(WRONG)
    assert rows["2026e"]["published"] == "another key is published" and rows["2026e"]["signed"].startswith("fail: ")
    assert rows["2026a"]["signed"] == "ok"


# ---- a gateway that cannot tell

def test_without_a_gateway_what_can_be_checked_is(site):
    site.gateway.stop()
    rows = site.rows(UNSURE)
    assert {r["published"] for r in rows.values()} == {"ok"} and not any("signed" in r for r in rows.values())
    assert "NOTE  what the gateway signs was not looked at: no gateway that keeps records is running" in site.said(UNSURE)
    site.publish(site.rsa)
    assert site.rows(WRONG)["2026e"]["published"] == "nothing is published"


def test_a_signer_that_does_not_answer_is_told(site, silent_signer):
    assert re.search(r"(?m)^WRONG what the gateway signs cannot be had: ", site.said(WRONG))
    os.kill(silent_signer, signal.SIGCONT)
    assert site.rows(FINE)["2026a"]["signed"] == "ok"


def test_a_proxy_that_dies_over_it_is_told(site, silent_signer):
    site.gateway.caused.append("proxy died")
    check = site.begin()
    assert wait_until(lambda: is_asked(site.gateway, silent_signer))
    for pid in site.gateway.pids("gatepost-proxy"):
        os.kill(pid, signal.SIGKILL)
    out, _ = check.communicate(timeout=30)
    assert check.returncode == WRONG and "the proxy that was asked has ended" in out


def test_two_who_ask_at_once_hear_each_his_own(site, silent_signer):
    first = site.begin()
    assert wait_until(lambda: is_asked(site.gateway, silent_signer))
    assert "somebody else asks for that just now" in site.said(WRONG)
    os.kill(silent_signer, signal.SIGCONT)
    out, _ = first.communicate(timeout=30)
    assert first.returncode == FINE and out.count("what the gateway signs with it verifies") == 2


# ---- who may have what signed

def test_who_is_no_admin_gets_nothing_signed(site):
    for key in (site.rsa, site.ed):
        os.chmod(key.file, 0o644)  # so that it is the gateway who refuses
    rest = site.said(WRONG, user="nobody", group=HELPDESK, extra_groups=[])
    assert "only admins may do that" in rest and "verifies" not in rest


@pytest.mark.parametrize("domain", [b"", b"a b", b"example.com\r\nBcc: <x@example.net>", b"example.com>, <x@example.net", b"\xff", b"x" * 256,
                                    b"*.example.com", b"[192.0.2.1]"])
def test_only_a_domain_becomes_part_of_it(site, domain):
    [(_, octets)] = question(site.gateway, sliced(domain))  # the end alone
    assert octets[0] == 0
    assert site.rows(FINE)["2026a"]["signed"] == "ok"


@pytest.mark.parametrize("payload", [b"", b"\1", sliced(b"example.com") + b"x", b"\xff\xff\xff\xffexample.com"])
def test_what_is_no_question_is_not_answered(site, payload):
    [(_, octets)] = question(site.gateway, payload)
    assert octets[0] == 0 and b"not a question" in octets


def test_another_domain_is_not_signed_for(site):
    (_, message), (_, end) = question(site.gateway, sliced(b"example.org"))
    assert end[0] == 1 and b"DKIM-Signature" not in message and b"From: <postmaster@example.org>" in message


# ---- a message that is there

def test_signatures_of_a_file_are_verified(site, own_dir):
    message = site.rows(FINE)["2026a"]["message"]
    file = own_dir / "message.eml"
    file.write_text(message.replace("\r\n", "\n"))
    assert re.findall(r"(?m)^ok +(\S+): pass$", site.said(FINE, "--message", str(file))) \
        == ["example.com/2026a/rsa-sha256", "example.com/2026e/ed25519-sha256"]
    file.write_text(message.replace("Ignore it.", "Believe it."))
    found = [json.loads(line) for line in site.said(WRONG, "--json", "--message", str(file)).splitlines()]
    assert [(r["selector"], r["result"]) for r in found] == [("2026a", "fail"), ("2026e", "fail")] and all(r["reason"] for r in found)
    file.write_text("From: a@example.com\n\nhello\n")
    assert "there is no DKIM signature" in site.said(WRONG, "--message", str(file))
    site.said(WRONG, "--message", str(own_dir / "gone.eml"))
    site.said(WRONG, "--message", str(file), "example.com")
