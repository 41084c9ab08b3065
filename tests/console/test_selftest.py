# SPDX-License-Identifier: ISC
"""gatepostctl selftest: what is wrong is found, in a gateway and in the server behind, and what is right is not complained of."""
import json
import re
import subprocess
import time

import pytest

from lab import needs, samples
from lab.backend import CLOSE, HANG, USUAL, server_context
from lab.certs import Authority
from lab.gatepost import Gatepost, backend, certificate, domains, running, shipped_policy
from lab.imap_stub import ImapStub
from lab.pop3_stub import Pop3Stub
from lab.ports import free_port
from lab.postfix import Postfix

CTL = needs.BUILD / "gatepostctl"
GOOD, WARNING, BAD, NOT_RUN = 0, 1, 2, 3
RECIPIENT = ["--recipient", "user@example.com"]
SENDING = {"clean message", "malware (EICAR)", "banned attachment", "SMTP smuggling"}

SOUND = """
smtpd_forbid_bare_newline = yes
smtpd_tls_protocols = >=TLSv1.2
disable_vrfy_command = yes
"""
# Old in every way: relays for whoever is near, ends a message wherever there is a dot, knows everybody and tells of them.
UNSOUND = """
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_forbid_bare_newline = no
smtpd_reject_unlisted_recipient = no
smtpd_tls_security_level = none
"""

pytestmark = pytest.mark.skipif(not CTL.exists(), reason="gatepostctl is not built")


def selftest_lines(*words, timeout=50):
    """(status, what it told of each target, and of the end)"""
    done = subprocess.run([CTL, "selftest", "--json", *map(str, words)], capture_output=True, text=True, timeout=timeout)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def selftest(*words, timeout=50):
    """(status, {target: {test: finding}}, the end)"""
    status, lines = selftest_lines(*words, timeout=timeout)
    *targets, end = lines or [None]
    return status, {"%s %s" % (t["side"], t["target"]): {f["test"]: f for f in t["tests"]} for t in targets}, end


def against(server, *words):
    """Of one server that a flag names, in place of the gateway's."""
    status, targets, _ = selftest("--config", "/dev/null", "--server", "127.0.0.1:%d" % server.port, "--timeout", "2", *words)
    (findings,) = targets.values()
    return status, findings


def grades(findings):
    return {name: finding["grade"] for name, finding in findings.items()}


@pytest.fixture(scope="module")
def sound(run_dir, authority):
    """A Postfix as it should be."""
    needs.to_be_root("a Postfix of its own")
    folder = run_dir / "sound"
    folder.mkdir()
    folder.chmod(0o755)
    server = Postfix(folder, authority.certificate("behind.example.com"), options=SOUND)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def unsound(run_dir):
    needs.to_be_root("a Postfix of its own")
    folder = run_dir / "unsound"
    folder.mkdir()
    folder.chmod(0o755)
    server = Postfix(folder, options=UNSOUND)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def guarded(run_dir, authority, sound):
    """A gateway as it should be, in front of a server as it should be; mailboxes are read through it too."""
    folder = run_dir / "guarded"
    folder.mkdir()
    folder.chmod(0o755)
    changes = samples.with_signatures({"antivirus": {"enabled": "on"}, "greylist": {"exempt": '{ "@example.com" }'},
                                       "tls": {"ca_file": '"%s"' % authority.ca}}, folder)
    body = certificate(authority.certificate("mx.example.com")) \
        + backend("behind", '%d tls verify "behind.example.com"' % sound.port, options="recipient_check on  probe off") \
        + backend("boxes", pop3=[free_port()], imap=[free_port()]) + domains("behind", "example.com") + shipped_policy()
    gateway = Gatepost(folder, body, changes=changes, implicit_tls=True, pop3="require_tls  backend boxes", imap="require_tls  backend boxes")
    with running(gateway):
        yield gateway


# ---- what is right


@pytest.fixture(scope="module")
def played(guarded):
    return selftest("--config", guarded.file, *RECIPIENT)


def test_a_sound_gateway_and_a_sound_server_are_good(played):
    status, targets, end = played
    assert (status, end["grade"]) == (GOOD, "good"), targets
    assert len(targets) == 7 and sum(name.startswith("server ") for name in targets) == 1
    assert all(finding["grade"] == "good" and "to_do" not in finding for findings in targets.values() for finding in findings.values())
    assert end["bad"] == end["warning"] == end["not known"] == end["not tried"] == 0


def test_each_kind_of_listener_is_asked_what_is_its_own(played, guarded):
    _, targets, _ = played
    smtp, smtps = targets["gateway smtp 127.0.0.1:%d" % guarded.port], targets["gateway smtps 127.0.0.1:%d" % guarded.tls_port]
    assert SENDING | {"open relay", "STARTTLS injection", "login before TLS", "certificate"} <= set(smtp)
    assert set(smtp) - set(smtps) == {"STARTTLS injection", "login before TLS"}
    assert set(targets["gateway pop3 127.0.0.1:%d" % guarded.pop3_port]) == {"answers", "login before TLS", "STARTTLS injection", "old TLS", "certificate"}
    assert set(targets["gateway imaps 127.0.0.1:%d" % guarded.imaps_port]) == {"answers", "old TLS", "certificate"}


def test_what_is_good_is_told_with_what_was_said(played, guarded):
    smtp = played[1]["gateway smtp 127.0.0.1:%d" % guarded.port]
    assert re.match("550 5.7.1 malware found", smtp["malware (EICAR)"]["found"])
    assert re.match("550 5.7.1 attachment selftest.exe", smtp["banned attachment"]["found"])
    assert "9 forms: none ends a message; 9 were refused" in smtp["SMTP smuggling"]["found"]
    assert "mx.example.com, trusted" in smtp["certificate"]["found"]


def test_each_message_says_that_it_is_a_test_and_malware_does_not_arrive(played, sound):
    mark = played[2]["id"].encode()
    assert sound.wait_for_message("user@example.com", b"Subject: Gatepost selftest %s: a clean message" % mark)
    messages = sound.messages("user@example.com")
    assert all(b"Subject: Gatepost selftest %s: " % mark in message for message in messages)
    assert not any(b"multipart" in message for message in messages)


# ---- nothing is sent to anybody who was not named


def test_without_a_recipient_no_message_is_begun(start, new_backend):
    behind = new_backend()
    gateway = start(backend("behind", behind.port) + domains("behind", "example.com"))
    _, targets, end = selftest("--config", gateway.file)
    assert "DATA" not in behind.verbs() and not behind.messages and "RCPT" in behind.verbs()
    findings = [finding for tests in targets.values() for name, finding in tests.items() if name in SENDING]
    assert len(findings) == end["not tried"] == 5 and all(f["grade"] == "not tried" and f["found"] == "give --recipient" for f in findings)


# ---- what is wrong with a gateway


def test_a_gateway_that_lets_everything_through_is_found(start, new_backend):
    behind = new_backend()
    gateway = start(backend("behind", behind.port) + domains("behind", "example.com"), changes={"smtp": {"bare_newlines": "on"}})
    status, targets, end = selftest("--config", gateway.file, *RECIPIENT)
    findings = targets["gateway smtp 127.0.0.1:%d" % gateway.port]
    assert status == BAD and end["grade"] == "bad"
    assert grades(findings) == {"answers": "warning", "open relay": "good", "unknown recipients": "warning", "postmaster": "good", "VRFY, EXPN": "good",
                                "login before TLS": "good", "STARTTLS injection": "good", "old TLS": "good", "certificate": "warning",
                                "clean message": "good", "malware (EICAR)": "bad", "banned attachment": "warning", "SMTP smuggling": "warning"}
    assert "no STARTTLS" in findings["answers"]["found"] and "av.result" in findings["malware (EICAR)"]["to_do"]
    assert "3 in our own domain are answered as any name there" in findings["open relay"]["found"]
    assert {m.recipients[0] for m in behind.messages} == {"user@example.com"}


def test_malware_that_is_refused_like_everything_else_tells_nothing(start, new_backend):
    gateway = start(backend("behind", new_backend().port) + domains("behind", "example.com") + 'rule "all" when message.size > 0 then reject 550 5.7.1 "no"\n')
    status, targets, _ = selftest("--config", gateway.file, *RECIPIENT)
    findings = targets["gateway smtp 127.0.0.1:%d" % gateway.port]
    assert status == BAD and findings["clean message"]["grade"] == "warning"
    assert findings["malware (EICAR)"]["grade"] == "not known" and "no better than the clean one" in findings["malware (EICAR)"]["found"]


def test_passwords_before_tls_and_certificates_of_others_are_found(start, authority, new_backend, own_dir):
    bad = Authority(own_dir / "others").certificate("elsewhere.example", days=3)
    gateway = start(certificate(bad._replace(names=("mx.example.com",))) + backend("behind", new_backend().port) + domains("behind", "example.com")
                    + backend("boxes", pop3=[free_port()], imap=[free_port()]),
                    changes={"tls": {"ca_file": '"%s"' % authority.ca}}, pop3="backend boxes", imap="backend boxes")
    status, targets, _ = selftest("--config", gateway.file)
    smtp, pop3, imap = (targets["gateway %s 127.0.0.1:%d" % place] for place in
                        (("smtp", gateway.port), ("pop3", gateway.pop3_port), ("imap", gateway.imap_port)))
    assert status == BAD
    assert smtp["certificate"]["grade"] == "warning" and "is not in" in smtp["certificate"]["found"]
    for findings in (pop3, imap):
        assert findings["certificate"]["grade"] == "bad" and findings["login before TLS"]["grade"] == "bad"
        assert "require_tls" in findings["login before TLS"]["to_do"] and findings["STARTTLS injection"]["grade"] == "good"


def test_a_gateway_that_does_not_run_is_said_once(tmp_path):
    path = tmp_path / "gatepost.conf"
    path.write_text('antivirus { enabled off }\nlisten smtp on "127.0.0.1:%d"\n' % free_port())
    status, targets, _ = selftest("--config", path)
    (findings,) = targets.values()
    assert status == BAD and set(findings) == {"answers"}
    assert findings["answers"]["found"] == "Connection refused" and "systemctl status" in findings["answers"]["to_do"]


# ---- what is wrong with a server behind


@pytest.fixture(scope="module")
def found(unsound):
    return against(unsound, *RECIPIENT)


def test_an_open_relay_is_found_in_every_form_that_it_takes(found):
    status, findings = found
    relay = findings["open relay"]
    assert status == BAD and relay["grade"] == "bad"
    for form in ("from outside to outside, RCPT TO:<selftest@example.net>: 250", "null sender to outside", "our own sender to outside", "address literal", "source route"):
        assert form in relay["found"]
    assert "smtpd_relay_restrictions" in relay["to_do"]


def test_endings_that_smuggle_are_found(found):
    smuggling = found[1]["SMTP smuggling"]
    assert smuggling["grade"] == "bad" and "a message ends with LF . LF, LF . CRLF, CRLF . LF: " in smuggling["found"]
    assert "smtpd_forbid_bare_newline" in smuggling["to_do"]


def test_unknown_recipients_that_are_taken_are_found(found, unsound):
    unknown = found[1]["unknown recipients"]
    assert unknown["grade"] == "warning" and unknown["found"].startswith("<selftest-nobody-6b1f@example.com>: 250")
    assert not unsound.messages("selftest-nobody-6b1f@example.com")


def test_what_the_gateway_tells_of_a_server_is_wrong_when_its_certificate_is(start, authority, sound):
    gateway = start(backend("behind", '%d tls verify "other.example.com"' % sound.port) + domains("behind", "example.com"),
                    changes={"tls": {"ca_file": '"%s"' % authority.ca}})
    _, targets, _ = selftest("--config", gateway.file)
    told = targets["server smtp 127.0.0.1:%d" % sound.port]["certificate"]
    assert told["grade"] == "bad" and "it is for behind.example.com, not for other.example.com" in told["found"]


def test_a_server_that_nobody_verifies_is_a_warning(tmp_path, authority, sound):
    path = tmp_path / "gatepost.conf"
    path.write_text('tls { ca_file "%s" }\n' % authority.ca + backend("behind", "%d tls required" % sound.port) + domains("behind", "example.com"))
    status, targets, _ = selftest("--config", path)
    (findings,) = targets.values()
    assert status == WARNING and findings["certificate"]["grade"] == "warning" and "does not verify it" in findings["certificate"]["found"]


@pytest.mark.parametrize("days, grade, words", [(0, "bad", "the one for behind.example.com has ended"), (3, "warning", "ends in "), (80, "good", "trusted, ")])
def test_how_long_a_certificate_lasts_is_looked_at(days, grade, words, tmp_path, authority, new_backend):
    cert = authority.certificate("behind.example.com", file="lasts-%d" % days, days=days)
    server = new_backend(context=server_context(cert))
    path = tmp_path / "gatepost.conf"
    path.write_text('tls { ca_file "%s" }\n' % authority.ca + backend("behind", '%d tls verify "behind.example.com"' % server.port) + domains("behind", "example.com"))
    time.sleep(0 if days else 1.1)
    _, targets, _ = selftest("--config", path)
    (findings,) = targets.values()
    assert findings["certificate"]["grade"] == grade and words in findings["certificate"]["found"], findings["certificate"]


def keeps_what_was_said(session, line):
    """STARTTLS as it was before CVE-2011-0411: what was said in plaintext counts within TLS."""
    tagged = getattr(session, "tag", b"") + b" OK go\r\n"
    session.socket.sendall(b"+OK go\r\n" if line == b"STLS" else tagged if hasattr(session, "tag") else b"220 go\r\n")
    kept = session.pending
    session._handshake()
    session.pending = kept
    return []


@pytest.mark.parametrize("script, test, grade, words", [
    ({"STARTTLS": keeps_what_was_said}, "STARTTLS injection", "bad", "carries out within TLS"),
    ({"STARTTLS": [b"220 go\r\n250 noop\r\n"]}, "STARTTLS injection", "bad", "before TLS, behind its go-ahead"),
    ({"STARTTLS": [b"220 go\r\n", 0.1, b"250 noop\r\n"]}, "STARTTLS injection", "bad", "before TLS, behind its go-ahead"),
    ({"STARTTLS": [b"220 go\r\n", CLOSE]}, "STARTTLS injection", "good", "ends the connection"),
    ({"VRFY": "250 2.1.5 Post Master <postmaster@example.com>"}, "VRFY, EXPN", "warning", "VRFY postmaster: 250"),
    ({"EXPN": "250 2.1.5 <boss@example.com>"}, "VRFY, EXPN", "warning", "EXPN postmaster: 250"),
    ({"VRFY": "252 2.0.0 maybe"}, "VRFY, EXPN", "good", "252"),
    ({"RCPT": "451 4.7.1 greylisted"}, "open relay", "not known", "451 4.7.1 greylisted"),
    ({"RCPT": lambda session, line: "250 ok" if b"%" in line and b"example.com" in line else "550 5.7.1 no"}, "open relay", "bad", "%-hack in our domain"),
    ({"RCPT": lambda session, line: "250 ok" if b"%" in line else "550 5.7.1 no"}, "open relay", "bad", "%-hack, RCPT TO:<selftest%example.net>"),
    ({"RCPT": "550 5.1.1 nobody"}, "postmaster", "warning", "<postmaster>: 550"),
    ({"MAIL": "554 5.7.1 go away"}, "open relay", "good", "are not taken"),
    ({"MAIL": [HANG]}, "postmaster", "not known", "no answer within 1 s"),
])
def test_ways_of_servers(script, test, grade, words, new_backend, authority):
    server = new_backend(script, context=server_context(authority.certificate("behind.example.com")))
    status, findings = against(server, "--timeout", "1", *(RECIPIENT if "%" in words else []))
    assert findings[test]["grade"] == grade and words in findings[test]["found"], findings[test]
    assert status == BAD or grade != "bad"


def test_auth_before_tls_is_found(new_backend, authority):
    server = new_backend(extensions=("AUTH LOGIN PLAIN",), context=server_context(authority.certificate("behind.example.com")))
    assert against(server)[1]["login before TLS"]["grade"] == "warning"


@pytest.mark.parametrize("word, stub, command", [("pop3", Pop3Stub, "STLS"), ("imap", ImapStub, "STARTTLS")])
def test_what_is_slipped_in_before_tls_is_found_where_mailboxes_are_read(word, stub, command, tmp_path, authority):
    server = stub(script={command: keeps_what_was_said}, context=server_context(authority.certificate("mx.example.com"))).start()
    path = tmp_path / "gatepost.conf"
    path.write_text('antivirus { enabled off }\nlisten %s on "127.0.0.1:%d" { backend b }\n' % (word, server.port) + backend("b", **{word: [free_port()]}))
    try:
        _, targets, _ = selftest("--config", path, "--timeout", "2")
    finally:
        server.stop()
    assert grades(targets["gateway %s 127.0.0.1:%d" % (word, server.port)])["STARTTLS injection"] == "bad"


# ---- who does not answer as he should


@pytest.mark.parametrize("greeting, words", [
    ([HANG], "no answer within 1 s"),
    ([b"220 " + b"x" * 100000, HANG], "a line without end"),
    ([b"220-more\r\n" * 10000, HANG], "an answer without end"),
    ([b"220-more\r\n", HANG], "no answer within 1 s"),
    ([part for _ in range(20) for part in (b"2", 0.2)], "no answer within 1 s"),
    ([b"\0\xff\x1b[31m\r\n", HANG], "no answer within 1 s"),
    ("554 5.7.1 not you", "554 5.7.1 not you"),
    ([CLOSE], "the connection was closed"),
])
def test_who_does_not_greet_is_given_up_soon(greeting, words, new_backend):
    began = time.monotonic()
    status, findings = against(new_backend({"CONNECT": greeting}), "--timeout", "1")
    assert status == BAD and set(findings) == {"answers"}, findings
    assert words in findings["answers"]["found"] and time.monotonic() - began < 4


def test_who_falls_silent_later_is_given_up_test_by_test(new_backend):
    began = time.monotonic()
    status, findings = against(new_backend({"RCPT": [HANG], "VRFY": [HANG]}), "--timeout", "1", *RECIPIENT)
    assert status == WARNING and findings["postmaster"]["grade"] == findings["unknown recipients"]["grade"] == "not known"
    assert time.monotonic() - began < 12


def test_nothing_that_a_server_says_reaches_the_terminal_raw(new_backend):
    server = new_backend({"RCPT": [b"250 \x1b[31mred \xe2\x80\xae\r\n"]})
    done = subprocess.run([CTL, "selftest", "--config", "/dev/null", "--server", "127.0.0.1:%d" % server.port], capture_output=True, timeout=30)
    assert b"red" in done.stdout and b"\x1b" not in done.stdout and b"\xe2\x80\xae" not in done.stdout


# ---- the command


def test_the_report_says_what_to_do_in_words(unsound):
    done = subprocess.run([CTL, "selftest", "--config", "/dev/null", "--server", "127.0.0.1:%d" % unsound.port], capture_output=True, text=True, timeout=30)
    assert done.returncode == BAD and done.stdout.startswith("server smtp 127.0.0.1:%d\n" % unsound.port)
    assert re.search(r"  bad          open relay: from outside to outside.*; and \d more\n    to do      take the gateway's address out", done.stdout)
    assert "  not tried    SMTP smuggling: give --recipient\n" in done.stdout and re.search(r"\nselftest [0-9a-f]{12}: 1 bad, ", done.stdout)


@pytest.mark.parametrize("words, why", [
    (["surplus"], "usage"), (["--recipient", "nobody"], "expected an address"), (["--recipient", "a@b>\r\nRSET"], "expected an address"),
    (["--timeout", "0"], "usage"), (["--timeout", "soon"], "usage"), (["--no-such"], "usage"), (["--config", "/nonexistent"], "/nonexistent"),
    (["--config", "/dev/null"], "against whom"), (["--config", "/dev/null", "--server", "127.0.0.1:x"], "127.0.0.1:x"),
    (["--config", "/dev/null", "--server", ""], "expected host:port"),
])
def test_wrong_use_plays_nothing(words, why):
    done = subprocess.run([CTL, "selftest", *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == NOT_RUN and why in done.stderr and not done.stdout, done


def test_a_farewell_behind_a_refusal_is_no_answer_to_what_was_smuggled(new_backend):
    server = new_backend({"DOT": [b"554 5.7.1 no\r\n421 4.7.0 bye\r\n", CLOSE]})
    assert against(server, *RECIPIENT)[1]["SMTP smuggling"]["grade"] == "good"


def test_servers_that_talk_much_leave_memory_for_the_last(new_backend):
    """What one test has heard is forgotten by the next: else the last servers would have none of it."""
    def long_winded(reply):
        return lambda session, line: [b"".join(b"%s-%s\r\n" % (reply[:3].encode(), b"x" * 1000) for _ in range(15)) + reply.encode() + b"\r\n"]
    server = new_backend({step: long_winded(reply) for step, reply in {**USUAL, "EHLO": "250 behind.example.com", "RSET": "250 2.0.0 ok"}.items()})
    status, out = selftest_lines("--config", "/dev/null", *["--server", "127.0.0.1:%d" % server.port] * 16, "--timeout", "5", *RECIPIENT)
    assert status in (WARNING, BAD) and len(out) == 17
    assert len({tuple((f["test"], f["grade"]) for f in target["tests"]) for target in out[:-1]}) == 1
