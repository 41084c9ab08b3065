# SPDX-License-Identifier: ISC
"""What `gatepost -n`, each start and each reload say of a configuration that cannot work here, with file, line and column."""
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

import pytest

from lab import needs
from lab.certs import Authority
from lab.parent import parent, wait_until  # noqa: F401
from lab.ports import free_port

CERTIFICATE = 'certificate "mx.example.com" { chain "%s"  key "%s" }'
NAMED = 'backend exchange { smtp "192.0.2.25:25" }\ndomain "example.com" { backend exchange }\n'


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A root, and what it has signed: good, other (another name and key), and what only openssl makes of them."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    authority.good = authority.certificate("mx.example.com", kind="ecdsa", file="good")
    authority.other = authority.certificate("mail.other.example", kind="ecdsa", file="other")
    authority.folder = folder
    for key in folder.glob("*.key"):
        key.chmod(0o600)
    return authority


@pytest.fixture
def load(parent, tls):
    """load(lines, ...) checks a configuration of these lines behind hostname and settings, in line 1 and 2: (status, what was said)."""
    port = free_port()

    def go(*lines, roots=True, listener=True, options=("-n",)):
        write(*lines, roots=roots, listener=listener)
        return parent.run(*options)

    def write(*lines, roots=True, listener=True):
        text = 'hostname "mx.example.com"\nprocess { user "nobody"  chroot "%s" }\n' % (parent.folder / "empty")
        text += "\n".join(lines) + "\n"
        text += 'listen smtp on "127.0.0.1:%d"\n' % port if listener else ""
        text += 'tls { ca_file "%s" }\n' % tls.ca if roots else ""
        text += 'history { enabled off }\nkeeper { folder "%s/keeper"  control "%s/control" }\nquarantine { key "%s/q.key" }\n' \
            % ((parent.folder,) * 3)
        parent.path.write_text(text)
    go.write, go.parent, go.port = write, parent, port
    return go


def told(said, path, place, text):
    """Whether it stands there, at that place, with its line and a caret in the place's column."""
    line, column = place
    head = "%s:%d:%d: %s" % (path, line, column, text)
    lines = said.splitlines()
    for i, one in enumerate(lines):
        if one.startswith(head):
            source = path.read_text().splitlines()[line - 1]
            assert lines[i + 1] == "    " + source[:100] or len(source) > 100, lines[i + 1]
            assert lines[i + 2].endswith("^")
            return True
    return False


# Certificates and keys

def test_a_good_pair_is_loaded_in_silence(load, tls):
    status, said = load(CERTIFICATE % (tls.good.chain, tls.good.key), NAMED)
    assert status == 0 and "warning" not in said and "error" not in said, said


def test_a_key_of_another_certificate(load, tls):
    status, said = load(CERTIFICATE % (tls.good.chain, tls.other.key), NAMED)
    place = (3, len('certificate "mx.example.com" { chain ""  key ') + len(tls.good.chain) + 1)
    assert status == 1
    assert told(said, load.parent.path, place,
                'error: the key "%s" does not belong to the certificate "%s"' % (tls.other.key, tls.good.chain)), said


def test_the_start_says_the_same(load, tls):
    status, said = load(CERTIFICATE % (tls.good.chain, tls.other.key), NAMED, options=("-F",))
    assert status == 1 and "does not belong to the certificate" in said and "proxy" not in said


def test_chain_and_key_swapped(load, tls):
    status, said = load(CERTIFICATE % (tls.good.key, tls.good.chain), NAMED)
    assert status == 1 and told(said, load.parent.path, (3, 38), "error: chain and key are swapped: "), said


@pytest.mark.parametrize("make, text", [
    (["openssl", "x509", "-in", "good.pem", "-outform", "der", "-out", "x.pem"], "it is no PEM but binary; convert it"),
    (["openssl", "pkcs12", "-export", "-in", "good.pem", "-inkey", "good.key", "-passout", "pass:x", "-out", "x.pem"],
     "openssl pkcs12 -in FILE -nodes"),
    (["sh", "-c", "echo hello > x.pem"], "expected PEM, such as -----BEGIN"),
    (["sh", "-c", ": > x.pem"], "expected PEM, such as -----BEGIN"),
])
def test_a_chain_that_is_no_pem(load, tls, make, text):
    subprocess.run(make, cwd=tls.folder, check=True, capture_output=True)
    path = tls.folder / "x.pem"
    status, said = load(CERTIFICATE % (path, tls.good.key), NAMED)
    assert status == 1 and told(said, load.parent.path, (3, 38), 'error: there is no certificate in "%s": ' % path), said
    assert text in said


def test_a_key_behind_a_passphrase(load, tls):
    path = tls.folder / "locked.key"
    subprocess.run(["openssl", "pkey", "-in", tls.good.key, "-aes128", "-passout", "pass:x", "-out", path], check=True)
    path.chmod(0o600)
    status, said = load(CERTIFICATE % (tls.good.chain, path), NAMED)
    assert status == 1 and "is behind a passphrase" in said and "openssl pkey -in FILE -out NEW" in said
    assert "Enter PEM" not in said


def test_a_missing_chain_and_key_are_both_named(load):
    status, said = load('certificate "mx.example.com" { chain "no.pem"  key "no.key" }', NAMED)
    folder = load.parent.folder
    assert status == 1
    assert told(said, load.parent.path, (3, 38), 'error: certificate chain "%s/no.pem": No such file or directory' % folder), said
    assert told(said, load.parent.path, (3, 52), 'error: key "%s/no.key": No such file or directory' % folder), said


def test_a_key_that_is_too_short(load, tls):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=mx.example.com", "-keyout", "weak.key",
                    "-out", "weak.pem"], cwd=tls.folder, check=True, capture_output=True)
    status, said = load(CERTIFICATE % (tls.folder / "weak.pem", tls.folder / "weak.key"), NAMED)
    assert status == 1 and "is refused: ee key too small" in said, said


def test_a_name_that_does_not_stand_in_it_is_warned_of(load, tls):
    status, said = load('certificate "mail.other.example" "mx.example.com" { chain "%s"  key "%s" }' % (tls.other.chain, tls.other.key), NAMED)
    assert status == 0
    assert told(said, load.parent.path, (3, 34), 'warning: the certificate in "%s" does not bear this name, but "mail.other.example"'
                % tls.other.chain), said
    assert said.count("does not bear") == 1


def test_an_issuer_that_nobody_knows_is_warned_of(load, tls):
    pair = CERTIFICATE % (tls.good.chain, tls.good.key)
    with open(tls.good.chain) as first, open(tls.ca) as root:
        whole = tls.folder / "whole.pem"
        whole.write_text(first.read() + root.read())
    status, said = load(pair, NAMED, roots=False)
    assert status == 0
    assert told(said, load.parent.path, (3, 38), 'warning: "%s" ends before its issuer, "/CN=Gatepost lab CA"' % tls.good.chain), said
    status, said = load(CERTIFICATE % (whole, tls.good.key), NAMED, roots=False)
    assert status == 0 and "issuer" not in said, said


@pytest.mark.parametrize("begins, ends, text", [
    (-100, -10, r"it expired on \d{4}-\d\d-\d\d \((9|10) days ago\): renew it"),
    (5, 95, r"it is not valid before \d{4}-\d\d-\d\d"),
    (-80, 10, r"it expires on \d{4}-\d\d-\d\d \((9|10) days left\): renew it"),
    (-60, 31, None),
])
def test_when_it_ends(load, tls, begins, ends, text):
    dated = tls.dated("mx.example.com", begins=begins, ends=ends)
    os.chmod(dated.key, 0o600)
    status, said = load(CERTIFICATE % (dated.chain, dated.key), NAMED)
    assert status == 0, said
    if text:
        assert re.search(r"%s:3:38: warning: the certificate in \"%s\": %s" % (load.parent.path, dated.chain, text), said), said
    else:
        assert "warning" not in said


# While it runs

def test_a_renewal_that_goes_wrong_is_refused_with_its_place(load, tls):
    key = load.parent.folder / "now.key"
    shutil.copy(tls.good.key, key)
    load.write(CERTIFICATE % (tls.good.chain, key), NAMED)
    load.parent.start()
    shutil.copy(tls.other.key, key)
    load.parent.signal(1)
    assert load.parent.logged("reload refused, nothing is changed"), load.parent.log()
    assert "gatepost.conf:3:" in load.parent.log() and "does not belong to the certificate" in load.parent.log()


def test_each_day_it_is_said_that_one_ends(load, tls):
    dated = tls.dated("mx.example.com", begins=-80, ends=20, file="daily")
    load.write(CERTIFICATE % (dated.chain, dated.key), NAMED)
    parent = load.parent.steer_clock().start()
    line = "certificate name=mx.example.com"
    parent.move_clock(23 * 3600)
    parent.move_clock(1800)
    assert not parent.logged(line, seconds=0.5)
    for day in (1, 2, 3):
        parent.move_clock(24 * 3600)
        assert parent.logged(line, day), parent.log()
    days = [int(found) for found in re.findall(r"\((\d+) days left\): renew it", parent.log().split(": serving ")[1])]
    assert len(days) == 3 and days[0] > days[1] > days[2], days


# Suites, authorities, passwords

def test_no_suite_that_is_known(load, tls):
    status, said = load('tls { ciphers "FOO:BAR" }', CERTIFICATE % (tls.good.chain, tls.good.key), NAMED, roots=False)
    assert status == 1
    assert told(said, load.parent.path, (3, 15), "error: none of these suites is known; expected names such as"), said
    assert "is ignored" not in said


def test_a_suite_that_is_not_known_is_warned_of(load, tls):
    status, said = load('tls { ciphers "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-FOO:!MD5"  ciphers_if_plain "TLS_AES_128_GCM_SHA256" }',
                        CERTIFICATE % (tls.good.chain, tls.good.key), NAMED, roots=False)
    assert status == 0
    assert told(said, load.parent.path, (3, 15), 'warning: no suite is called "ECDHE-FOO", so it is ignored'), said
    assert told(said, load.parent.path, (3, 78), 'warning: "TLS_AES_128_GCM_SHA256" is ignored here'), said


@pytest.mark.parametrize("verify, status", [("tls opportunistic", 0), ('tls verify "ex.example.com"', 1)])
def test_authorities_that_are_not_there(load, verify, status):
    got, said = load('tls { ca_file "/nonexistent.pem" }', 'backend exchange { smtp "192.0.2.25:25" %s }' % verify,
                     'domain "example.com" { backend exchange }', roots=False)
    kind = 'error: tls ca_file "/nonexistent.pem": No such file' if status else 'warning: "/nonexistent.pem": No such file or directory; nothing'
    assert got == status and told(said, load.parent.path, (3, 15), kind), said


def test_authorities_without_a_certificate(load, tls):
    got, said = load('tls { ca_file "%s" }' % tls.good.key, 'backend exchange { smtp "192.0.2.25:25" tls verify "ex.example.com" }',
                     'domain "example.com" { backend exchange }', roots=False)
    assert got == 1 and told(said, load.parent.path, (3, 15), 'error: there is no certificate in "%s"' % tls.good.key), said


def test_a_password_of_redis_that_is_not_there(load):
    status, said = load('redis { server "127.0.0.1:6379"  password_file "no.pw" }', NAMED)
    assert status == 1
    assert told(said, load.parent.path, (3, 48), 'error: redis password_file "%s/no.pw": No such file' % load.parent.folder), said


# Folders

def test_decisions_in_a_folder_that_is_not_there(load):
    status, said = load('log { decisions "/nonexistent/dir/d.json" }', NAMED)
    assert status == 1
    assert told(said, load.parent.path, (3, 17), 'error: log decisions "/nonexistent/dir/d.json": there is no folder "/nonexistent/dir"; '
                'make it: mkdir -p /nonexistent/dir'), said


def test_decisions_that_are_a_folder(load):
    status, said = load('log { decisions "empty" }', NAMED)
    assert status == 1 and told(said, load.parent.path, (3, 17), 'error: log decisions "%s/empty": Is a directory' % load.parent.folder), said


def test_checking_makes_no_file(load):
    status, _ = load('log { decisions "d.json" }', NAMED)
    assert status == 0 and not (load.parent.folder / "d.json").exists()


def test_a_keeper_whose_folder_cannot_be_made_is_warned_of(load):
    load.write('log { decisions "d.json" }', NAMED)
    path = load.parent.path
    (load.parent.folder / "file").write_text("")
    path.write_text(path.read_text().replace("%s/keeper" % load.parent.folder, "file/keeper"))
    status, said = load.parent.run("-n")
    assert status == 0 and "Not a directory; nothing is recorded" in said and ": warning: keeper folder" in said, said


@needs.root
def test_a_folder_of_the_keepers_is_no_trouble_for_who_may_not_override_modes(load):
    load.write('log { decisions "d.json" }', NAMED)
    kept = load.parent.folder / "keeper"
    kept.mkdir(0o700)
    os.chown(kept, pwd.getpwnam("nobody").pw_uid, -1)
    status, said = load.parent.as_the_service().run("-n")
    assert status == 0 and "Permission denied" not in said, said


@needs.root
def test_a_folder_that_must_be_made_in_one_of_somebody_else_is_warned_of(load):
    load.write('log { decisions "d.json" }', NAMED)
    (load.parent.folder / "others").mkdir(0o755)
    os.chown(load.parent.folder / "others", pwd.getpwnam("nobody").pw_uid, -1)
    path = load.parent.path
    path.write_text(path.read_text().replace("%s/keeper" % load.parent.folder, "others/keeper"))
    status, said = load.parent.as_the_service().run("-n")
    assert status == 0 and "Permission denied; nothing is recorded" in said, said


HOLD = 'rule "hold" when sender == "x@y.example" then quarantine "spam"'


@pytest.mark.parametrize("mode, text", [(0o600, None), (0o640, "others may read the key; chmod 600; until then nothing can be held or released")])
def test_a_key_of_the_quarantine_that_others_may_read(load, mode, text):
    (load.parent.folder / "q.key").touch(mode)
    (load.parent.folder / "q.key").chmod(mode)
    status, said = load(NAMED, HOLD)
    assert status == 0 and ('quarantine key "%s/q.key": %s' % (load.parent.folder, text) in said if text else "quarantine key" not in said), said


def test_a_key_of_the_quarantine_that_cannot_be_made(load):
    (load.parent.folder / "file").write_text("")
    load.write(NAMED, HOLD)
    load.parent.path.write_text(load.parent.path.read_text().replace("%s/q.key" % load.parent.folder, "file/q.key"))
    status, said = load.parent.run("-n")
    assert status == 0 and "warning: quarantine key" in said and "Not a directory; nothing can be held or released" in said, said


RULE = 'rule "infected" when av.result == infected then reject 550 5.7.1 "x"'


@pytest.mark.parametrize("folder, text", [("/nonexistent/clamav", "No such file or directory"), ("empty", "there are none in this folder")])
def test_no_signatures(load, folder, text):
    status, said = load('antivirus { database "%s" }' % folder, RULE, NAMED)
    assert status == 0
    assert told(said, load.parent.path, (3, 22), "warning: the antivirus has no signatures, so messages that a rule asks it about are "
                "deferred: "), said
    assert text in said and "freshclam" in said


def test_signatures_are_not_looked_for_where_no_rule_asks(load):
    status, said = load('antivirus { database "/nonexistent/clamav" }', NAMED)
    assert status == 0 and "signatures" not in said, said
    status, said = load('antivirus { database "/nonexistent/clamav"  enabled off }', RULE, NAMED)
    assert status == 0 and "signatures" not in said, said


def test_there_are_signatures(load):
    (load.parent.folder / "lab.ndb").write_text("x")
    status, said = load('antivirus { database "." }', RULE, NAMED)
    assert status == 0 and "signatures" not in said, said


def test_a_rule_is_the_place_where_no_folder_is_named(load):
    if os.path.exists("/var/lib/clamav/main.cvd"):
        pytest.skip("there are signatures")
    status, said = load(RULE, NAMED)
    assert status == 0 and told(said, load.parent.path, (3, 6), "warning: the antivirus has no signatures"), said


# Ways that mail cannot take

@pytest.mark.parametrize("listen, server", [
    ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("0.0.0.0", "127.9.9.9"), ("[::]", "[::1]"), ("[::]", "127.0.0.1"),
    ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "OWN"),
])
def test_a_server_that_is_the_gateway(load, listen, server):
    server = needs_own_address() if server == "OWN" else server
    status, said = load('listen smtp on "%s:2525"' % listen, 'backend exchange { smtp "%s:2525" }' % server,
                        'domain "example.com" { backend exchange }', listener=False)
    assert status == 1
    assert told(said, load.parent.path, (4, 25), "error: this server is the gateway itself, which listens there (%s:3), so mail would go in "
                "circles; expected" % load.parent.path), said


@pytest.mark.parametrize("listen, server", [
    ("127.0.0.1:2525", "127.0.0.1:2526"), ("127.0.0.2:2525", "127.0.0.1:2525"), ("0.0.0.0:2525", "192.0.2.25:2525"), ("0.0.0.0:2525", "[::1]:2525"),
])
def test_a_server_that_is_none(load, listen, server):
    status, said = load('listen smtp on "%s"' % listen, 'backend exchange { smtp "%s" }' % server,
                        'domain "example.com" { backend exchange }', listener=False)
    assert status == 0 and "circles" not in said, said


def needs_own_address():
    """An address of this machine that is not a loopback."""
    found = re.findall(r"inet (\S+)/", subprocess.run(["ip", "-4", "addr"], capture_output=True, text=True, check=True).stdout)
    others = [address for address in found if not address.startswith("127.")]
    if not others:
        pytest.skip("this machine has no address of its own")
    return others[0]


def test_no_domain(load):
    status, said = load('backend exchange { smtp "192.0.2.25:25" }')
    assert status == 0
    assert told(said, load.parent.path, (4, 16), "warning: all mail is refused here, as there is no domain that it is taken for"), said


def test_a_backend_that_nothing_leads_to(load):
    status, said = load(NAMED + 'backend spare { smtp "192.0.2.26:25" }')
    assert status == 0 and told(said, load.parent.path, (5, 22), "warning: no domain and no listener leads to the backend 'spare'"), said


def test_outbound_takes_no_more_than_inbound(load):
    status, said = load('listen smtp on "127.0.0.1:2525" { outbound }', NAMED)
    assert status == 0 and told(said, load.parent.path, (3, 16), "warning: outbound without relay tells rules where a message came in, and no more"), said


def test_no_listener(load):
    status, said = load(NAMED, listener=False)
    assert status == 0 and "%s: warning: there is no listener" % load.parent.path in said, said


def test_all_is_told_in_one_run(load, tls):
    status, said = load(CERTIFICATE % (tls.good.chain, tls.other.key), 'log { decisions "/nonexistent/d.json" }', 'redis { password_file "no.pw" }',
                        'backend exchange { smtp "127.0.0.1:%d" }' % load.port, 'domain "example.com" { backend exchange }')
    assert status == 1 and said.count(": error: ") == 4, said


# Without root

@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_who_is_not_root_is_told_what_was_not_looked_at(tls):
    with tempfile.TemporaryDirectory(prefix="gatepost-load-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        shutil.copy(needs.BUILD / "gatepost", folder / "gatepost")
        for file in (tls.good.chain, tls.good.key):
            shutil.copy(file, folder)
        (folder / "good.key").chmod(0o600)
        text = 'hostname "mx.example.com"\n%%s\n%slisten smtp on "127.0.0.1:2525"\nkeeper { folder "keeper"  control "control" }\n' % NAMED

        def check(line):
            (folder / "gatepost.conf").write_text(text % line)
            done = subprocess.run([folder / "gatepost", "-n", "-c", folder / "gatepost.conf"], user=65534, group=65534, extra_groups=[],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
            return done.returncode, done.stdout

        status, said = check('process { user "nobody" }')
        assert status == 0 and "not root, so users, groups and folders that are closed to this user were not looked at" in said, said
        status, said = check('certificate "mx.example.com" { chain "good.pem"  key "good.key" }')
        assert status == 1 and 'key "%s/good.key": Permission denied (run as root)' % folder in said, said
