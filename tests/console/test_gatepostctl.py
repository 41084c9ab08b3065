# SPDX-License-Identifier: ISC
"""gatepostctl as a command: what it takes, prints and returns; batches; scanners that fail. What the shipped policy says of the
corpora is in test_check.py."""
import json
import os
import pty
import pwd
import select
import shutil
import signal
import subprocess
import sys

import pytest

from lab import check, needs, process, samples

CTL = needs.BUILD / "gatepostctl"
ACCEPT, ERROR, REJECT, DEFER, DISCARD, DROP = 0, 1, 10, 11, 12, 13

BY_SUBJECT = "".join('rule "%s" when subject == "%s" then %s\n' % (word, word, action) for word, action in {
    "reject": 'reject 550 5.7.1 "no"', "defer": 'defer 451 4.7.1 "later"', "discard": "discard",
    "drop": 'drop 554 5.7.1 "away"'}.items())

pytestmark = pytest.mark.skipif(not CTL.exists(), reason="gatepostctl is not built")


@pytest.fixture
def mail(tmp_path):
    """mail(octets) writes a message; mail() a clean one."""
    def write(octets=None, name="message.eml"):
        path = tmp_path / name
        path.write_bytes(samples.clean() if octets is None else octets)
        return path
    return write


@pytest.fixture
def config(tmp_path):
    """config(rules) writes a configuration without antivirus."""
    return lambda rules: check.configuration(tmp_path, rules)


def result(*words):
    done = check.gatepostctl("check", "--json", *words)
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done
    return json.loads(lines[0])


def run_batch(lines, *words, binary=None):
    """Feeds lines on standard input: (status, answers)."""
    text = binary or "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines).encode()
    done = subprocess.run([CTL, "check", *map(str, words), "--batch", "-"], input=text, capture_output=True, timeout=200)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


# -- verdicts

def test_a_zipped_program_is_refused_and_told_why(mail):
    refused = result(mail(samples.zipped_program()))
    assert refused["verdict"] == "reject"
    assert refused["reply"].startswith("550 5.7.1 ") and "invoice.exe" in refused["reply"]
    assert refused["rules"] == ["banned extension in an archive"]
    members = {a["name"]: a for a in refused["facts"]["attachments"]}
    assert members["invoice.exe"]["extension"] == "exe" and members["invoice.exe"]["depth"] == 1
    assert members["invoice.exe"]["type"] == "application/x-dosexec" and members["invoice.exe"]["encrypted"] is False


def test_malware_is_refused_also_in_an_archive(mail, tmp_path):
    signatures = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    for octets in (samples.eicar(), samples.with_attachment("a.zip", samples.zipped("a.txt", samples.EICAR))):
        refused = result("--config", signatures, mail(octets))
        assert refused["verdict"] == "reject" and refused["facts"]["av.result"] == "infected"
        assert refused["facts"]["av.signatures"] and refused["rules"] == ["infected"]
    clean = result("--config", signatures, mail())
    assert clean["verdict"] == "accept" and clean["facts"]["av.result"] == "clean"


def test_signatures_that_cannot_be_loaded_defer(mail, tmp_path):
    done = check.gatepostctl("check", "--json", "--config", check.configuration(tmp_path, signatures=tmp_path / "none"), mail())
    answer = json.loads(done.stdout)
    assert done.returncode == DEFER and answer["verdict"] == "defer" and answer["facts"]["av.result"] == "unknown"
    assert "gatepost-av" in done.stderr and "gatepost-av" in answer["failed"]


def test_facts_that_no_rule_names_are_there_all_the_same(mail, config):
    facts = result("--config", config('rule "none" when helo == "x" then discard\n'), mail(samples.zipped_program()))["facts"]
    assert len(facts["attachments"]) == 2 and facts["message.subject"] == "zipped program" and "av.result" in facts


def test_a_header_fact_is_given_under_its_own_name(mail, config):
    rules = 'rule "h" when any h in header["x-spam"] (h == "yes") then reject 550 5.7.1 "spam"\n'
    answer = result("--config", config(rules), mail(samples.clean(X_Spam="yes")))
    assert answer["verdict"] == "reject" and answer["facts"]['header["x-spam"]'] == ["yes"]


def test_observed_rules_are_told_and_change_nothing(mail, config):
    answer = result("--config", config('observe rule "seen" when subject == "clean" then discard\n'), mail())
    assert (answer["verdict"], answer["rules"], answer["observed"]) == ("accept", [], ["seen"])


def test_who_is_refused_before_the_message_keeps_it_from_nobody_else(mail, config):
    rules = 'rule "one" when recipient == "b@example.com" then reject 550 5.7.1 "no"\n'
    answer = result("--config", config(rules), "--rcpt", "a@example.com", "--rcpt", "b@example.com", mail())
    assert answer["verdict"] == "accept" and answer["facts"]["recipients"] == ["a@example.com"]
    assert answer["recipients"] == {"a@example.com": "accept", "b@example.com": "reject"}


def test_a_drop_that_needs_no_recipient_spares_nobody(mail, config):
    rules = 'rule "client" when helo == "bad.example" then drop 550 5.7.1 "no"\n'
    answer = result("--config", config(rules), "--helo", "bad.example", "--rcpt", "postmaster", mail())
    assert answer["verdict"] == "drop" and answer["rules"] == ["client"]


def test_recipients_that_fare_differently_are_deferred(mail, config):
    rules = 'rule "one" when recipient == "b@example.com" and subject == "clean" then reject 550 5.7.1 "no"\n'
    answer = result("--config", config(rules), "--rcpt", "a@example.com", "--rcpt", "b@example.com", mail())
    assert answer["verdict"] == "defer" and answer["reply"].startswith("451 4.5.3")
    assert answer["recipients"] == {"a@example.com": "accept", "b@example.com": "reject"}


BAD_CLIENT = 'rule "client" when helo == "bad.example" then reject 550 5.7.1 "bad {helo}"\n'
IDLE = 'rule "idle" when message.subject == "never" then reject 550 5.7.1 "s"\n'


@pytest.mark.parametrize("rules", [BAD_CLIENT, IDLE + BAD_CLIENT])
def test_mail_to_postmaster_is_judged_as_the_gateway_does(mail, config, rules):
    words = ["--config", config(rules), "--helo", "bad.example"]
    verdicts = [result(*words, "--rcpt", to + "@example.com", mail())["verdict"] for to in ("user", "postmaster", "ABUSE")]
    assert verdicts == ["reject", "accept", "accept"]
    answer = result(*words, "--rcpt", "user@example.com", "--rcpt", "postmaster@example.com", mail())
    assert answer["recipients"] == {"user@example.com": "reject", "postmaster@example.com": "accept"}


def test_a_test_block_and_explain_know_postmaster(mail, config):
    test = 'test "t" { given helo "bad.example"  given recipient "postmaster@example.com"  expect accept }\n'
    rules = config(IDLE + BAD_CLIENT + test)
    done = check.gatepostctl("policy", "test", "-c", rules)
    assert done.returncode == 0, done.stdout
    done = check.gatepostctl("policy", "explain", "-c", rules, "--helo", "bad.example", "--rcpt", "postmaster@example.com", mail())
    assert done.returncode == ACCEPT and "passed over: the recipient is postmaster" in done.stdout, done.stdout


@pytest.mark.parametrize("name", ["pm1.conf", "pm2.conf"])
def test_cases_of_postmaster_are_reachable(mail, name):
    rules = needs.cases("config", "rules", name)
    assert result("--config", rules, "--helo", "bad.example", "--rcpt", "postmaster@example.com", mail())["verdict"] == "accept"
    assert result("--config", rules, "--helo", "bad.example", "--rcpt", "user@example.com", mail())["verdict"] == "reject"


def test_the_null_sender_may_be_given(mail, config):
    rules = config('rule "bounce" when message.null_sender then reject 550 5.7.1 "no"\n')
    for sender in ("", "<>"):
        assert result("--config", rules, "--from", sender, mail())["verdict"] == "reject"
    assert result("--config", rules, "--from", "<a@example.org>", mail())["facts"]["sender"] == "a@example.org"


def test_an_envelope_is_one_of_smtp(mail, config):
    rules = config('rule "spoken" when protocol == smtp then reject 550 5.7.1 "not over {protocol}"\n')
    told = result("--config", rules, mail())
    assert told["verdict"] == "reject" and told["facts"]["protocol"] == "smtp"


def test_a_direction_may_be_given(mail, config):
    rules = config('rule "out" when direction == outbound then reject 550 5.7.1 "no"\n')
    assert result("--config", rules, "--direction", "outbound", mail())["verdict"] == "reject"
    assert result("--config", rules, mail())["verdict"] == "accept"


def test_what_is_larger_than_allowed_is_refused(mail, config):
    answer = result("--config", config("limits { message_size 2KiB }\n"), mail(samples.of_size(4096)))
    assert answer["verdict"] == "reject" and answer["reply"].startswith("552 5.3.4")


# -- the exit status

@pytest.mark.parametrize("word,status", [("accept", ACCEPT), ("reject", REJECT), ("defer", DEFER), ("discard", DISCARD),
                                         ("drop", DROP)])
def test_the_exit_status_tells_the_verdict(word, status, mail, config):
    done = check.gatepostctl("check", "--config", config(BY_SUBJECT), mail(samples.clean(word)))
    assert done.returncode == status
    assert done.stdout.startswith("%s: %s" % (mail(samples.clean(word)), word))


def test_of_several_messages_the_strictest_verdict_counts(mail, config):
    words = ["accept", "defer", "discard", "reject"]
    paths = [mail(samples.clean(word), word) for word in words]
    for last, status in ((2, DEFER), (3, DISCARD), (4, REJECT)):
        assert check.gatepostctl("check", "--config", config(BY_SUBJECT), *paths[:last]).returncode == status


@pytest.mark.parametrize("words", [["check"], ["check", "--ip", "300.1.1.1", "x"], ["check", "--no-such"], ["nothing"], [],
                                   ["check", "--batch", "x", "y"], ["check", "--direction", "up", "x"], ["policy"],
                                   ["policy", "check", "surplus"], ["check", "--batch", "/nonexistent"], ["check", "--batch", "/"],
                                   ["policy", "explain"]])
def test_wrong_use_is_an_error(words):
    done = check.gatepostctl(*words)
    assert done.returncode == ERROR and done.stderr and not done.stdout, done


def test_a_configuration_with_errors_is_an_error(mail, config):
    done = check.gatepostctl("check", "--config", config('rule "x" when no.fact == 1 then discard\n'), mail())
    assert done.returncode == ERROR and "check.conf:2" in done.stderr


# -- message files

@pytest.mark.parametrize("change", [lambda m: m.replace(b"\r\n", b"\n"),
                                    lambda m: b"From sender@client.example Mon Jan  5 10:00:00 2026\n" + m.replace(b"\r\n", b"\n"),
                                    lambda m: m.replace(b"\r\n", b"\n", 3)], ids=["lf", "mbox", "mixed"])
def test_line_ends_are_made_as_a_mail_server_would(change, mail):
    octets = samples.zipped_program()
    as_sent, changed = result(mail(octets)), result(mail(change(octets)))
    assert changed["verdict"] == "reject" and changed["facts"]["attachments"] == as_sent["facts"]["attachments"]
    assert changed["facts"]["message.size"] == as_sent["facts"]["message.size"] == len(octets)
    assert changed["facts"]["message.malformations"] == as_sent["facts"]["message.malformations"]


@pytest.mark.parametrize("first", [b"From : ceo@example.com\r\n", b"From \t: ceo@example.com\r\n", b"From x: ceo@example.com\r\n"])
def test_a_field_with_a_blank_in_its_name_is_no_mailbox_line(mail, first):
    octets = first + b"From: a@b.example\r\n\r\nhello\r\n"
    assert result(mail(octets))["facts"]["message.size"] == len(octets)


def test_an_empty_message_is_a_message(mail):
    answer = result(mail(b""))
    assert answer["facts"]["message.size"] == 0 and "failed" not in answer
    assert answer["verdict"] == "reject" and "no From field" in answer["reply"]


def test_what_cannot_be_read_is_an_error_and_the_rest_goes_on(mail, tmp_path):
    done = check.gatepostctl("check", "--json", tmp_path / "missing", tmp_path, mail())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == ERROR
    assert answers[0] == {"file": str(tmp_path / "missing"), "error": "No such file or directory"}
    assert "directory" in answers[1]["error"] and answers[2]["verdict"] == "accept"


def test_a_message_may_come_from_standard_input():
    done = subprocess.run([CTL, "check", "--shipped", "--json", "-"], input=samples.zipped_program(), capture_output=True, timeout=60)
    assert done.returncode == REJECT and json.loads(done.stdout)["verdict"] == "reject"


def test_nobody_who_listens_is_no_crash(mail):
    with open("/dev/full", "w") as full:
        assert subprocess.run([CTL, "check", mail()], stdout=full, stderr=subprocess.DEVNULL, timeout=60).returncode == ERROR
    reader, writer = os.pipe()
    os.close(reader)
    assert subprocess.run([CTL, "check", mail()], stdout=writer, stderr=subprocess.DEVNULL, timeout=60).returncode == ERROR
    os.close(writer)


# -- the report

def test_the_report_tells_the_rule_its_place_and_the_comparison(mail):
    said = check.gatepostctl("check", "--shipped", mail(samples.zipped_program())).stdout
    assert 'rule "banned extension in an archive"' in said and "policy.conf:" in said and "banned_in_archives" in said
    assert "application/x-dosexec" in said


def test_nothing_of_a_message_reaches_the_terminal_raw(mail):
    octets = samples.with_attachment("a.txt", b"x", subject="S").replace(b"Subject: S", b"Subject: =?utf-8?q?=1B[31mred=C2=9B=E2=80=AE?=")
    octets = octets.replace(b'filename="a.txt"', b'filename="\x1b]0;x\x07\xe2\x80\xaea.txt"')
    done = subprocess.run([CTL, "check", mail(octets)], capture_output=True, timeout=60, env={"LC_ALL": "C.UTF-8"})
    shown = done.stdout.decode("utf-8")
    assert "red" in shown
    assert not [c for c in shown if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e")]


def on_terminal(*words, columns):
    """What is written to a terminal so many columns wide."""
    master, slave = pty.openpty()
    env = {"COLUMNS": str(columns), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    ctl = subprocess.Popen([CTL, *map(str, words)], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL, env=env)
    os.close(slave)
    said = b""
    try:
        while piece := os.read(master, 65536):
            said += piece
    except OSError:
        pass # the terminal is closed
    os.close(master)
    assert ctl.wait(60) != ERROR
    return said.decode()


def test_colour_only_on_a_terminal_and_tables_as_wide_as_it(mail):
    path = mail(samples.with_attachment("long-" * 30 + "name.txt", b"x"))
    assert "\033[" not in check.gatepostctl("check", path).stdout
    shown = on_terminal("check", path, columns=80)
    assert "\033[1;32maccept" in shown
    rows = [row for row in shown.splitlines() if "long-" in row and "KiB" not in row and " B " in row]
    assert rows and all(len(row.replace("\033[2m", "").replace("\033[0m", "").rstrip()) <= 80 for row in rows)


# -- batches

def test_a_batch_is_answered_in_order_and_wrong_lines_are_told(mail):
    clean, program = str(mail(None, "clean")), str(mail(samples.zipped_program(), "program"))
    lines = [{"id": 1, "message": program}, "{not json", {"id": "two", "message": clean, "dns": {"x": []}}, [], "",
             {"id": 3, "ip": "nonsense", "message": clean}, {"id": None, "message": "/nonexistent"},
             {"id": 4, "rcpt": [7]}, {"id": 5, "direction": "sideways"}, {"id": {"a": [1]}, "message": program}]
    status, answers = run_batch(lines)
    assert status == ERROR and len(answers) == 9
    assert [a["id"] for a in answers] == [1, None, "two", None, 3, None, 4, 5, {"a": [1]}]
    assert ["error" in a for a in answers] == [False, True, False, True, True, True, True, True, False]
    assert [answers[i]["verdict"] for i in (0, 2, 8)] == ["reject", "accept", "reject"]
    assert "line 2" in answers[1]["error"] and "ip" in answers[4]["error"] and "/nonexistent" in answers[5]["error"]


def test_the_envelope_of_a_batch_line_counts(mail, config):
    rules = config('rule "x" when client.ip == "192.0.2.7" and helo == "h.example" and sender == "s@example.org" '
                   'and recipient == "r@example.com" and direction == outbound then reject 550 5.7.1 "no"\n')
    line = {"id": 1, "ip": "192.0.2.7", "helo": "h.example", "from": "s@example.org", "rcpt": ["r@example.com"],
            "direction": "outbound", "message": str(mail())}
    assert run_batch([line], "--config", rules)[1][0]["verdict"] == "reject"
    for name in line.keys() - {"id"}:
        other = {key: value for key, value in line.items() if key != name}
        assert run_batch([other], "--config", rules)[1][0]["verdict"] == ("reject" if name == "message" else "accept")


def test_without_a_message_the_envelope_alone_decides(config):
    rules = config('rule "client" when client.ip == "192.0.2.7" then reject 550 5.7.1 "no"\n'
                   'rule "content" when message.hides_content then reject 550 5.6.0 "no"\n')
    status, answers = run_batch([{"id": 1, "ip": "192.0.2.7"}, {"id": 2, "ip": "2001:db8::1"}], "--config", rules)
    assert [a["verdict"] for a in answers] == ["reject", "accept"] and status == REJECT
    assert "attachments" not in answers[0]["facts"]


def test_two_hundred_messages_at_once(tmp_path, with_lines=200):
    lines = []
    for i in range(with_lines):
        path = tmp_path / ("%d.eml" % i)
        path.write_bytes(samples.zipped_program() if i % 3 == 0 else samples.clean("number %d" % i))
        lines.append({"id": i, "message": str(path)})
    status, answers = run_batch(lines)
    assert status == REJECT and [a["id"] for a in answers] == list(range(with_lines))
    assert all(a["verdict"] == ("reject" if a["id"] % 3 == 0 else "accept") for a in answers)


def test_answers_do_not_wait_for_the_end_of_the_input(mail):
    line = json.dumps({"id": 1, "message": str(mail())}).encode() + b"\n"
    with subprocess.Popen([CTL, "check", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as ctl:
        for _ in range(3):
            ctl.stdin.write(line)
            ctl.stdin.flush()
            assert select.select([ctl.stdout], [], [], 60)[0], "no answer"
            assert json.loads(ctl.stdout.readline())["verdict"] == "accept"
        ctl.stdin.write(line.strip()) # the last line needs no end
        ctl.stdin.close()
        assert json.loads(ctl.stdout.readline())["id"] == 1
        assert ctl.wait(60) == ACCEPT


def test_a_line_without_end_is_told_and_bounded():
    status, answers = run_batch([], binary=b'{"id": "' + b"x" * 3_000_000)
    assert status == ERROR and len(answers) == 1 and "longer" in answers[0]["error"]


# -- scanners that fail

DIES = """#!%s
import os, socket, struct
control, queue = socket.socket(fileno=3), socket.socket(fileno=4)
control.send(struct.pack("=HI", 1, 1))
%s
control.recv(100)
"""
TAKES_ONE = "data, fds, flags, address = socket.recv_fds(queue, 200000, 4)\n"


def with_scanner(tmp_path, body):
    """A folder with all programs, and a gatepost-scan that says READY and then does this."""
    folder = tmp_path / "libexec"
    folder.mkdir()
    (folder / "gatepost-av").symlink_to(needs.BUILD / "gatepost-av")
    scan = folder / "gatepost-scan"
    scan.write_text(DIES % (sys.executable, body))
    scan.chmod(0o755)
    return {**os.environ, "GATEPOST_LIBEXEC": str(folder)}


@pytest.mark.parametrize("body,why", [(TAKES_ONE + "os._exit(0)", "died"), ("os._exit(0)", ""),
                                      (TAKES_ONE + "socket.socket(fileno=fds[0]).send(b'nonsense')", "nonsense"),
                                      (TAKES_ONE, "in time")], ids=["dies", "gone", "nonsense", "hangs"])
def test_a_scanner_that_fails_is_a_tempfail(body, why, mail, config, tmp_path):
    rules = config('timeouts { scan 1s }\n' + check.shipped_policy())
    done = subprocess.run([CTL, "check", "--json", "--config", rules, mail()], capture_output=True, text=True,
                          timeout=60, env=with_scanner(tmp_path, body))
    answer = json.loads(done.stdout)
    assert done.returncode == DEFER and answer["verdict"] == "defer"
    assert answer["facts"]["attachments"] == "unknown" and why in answer["failed"]["gatepost-scan"]


def test_a_scanner_that_fails_on_a_sender_is_a_tempfail_too(mail, config, tmp_path):
    rules = config('timeouts { scan 1s }\nrule "forged" when dmarc.result == fail then reject 550 5.7.26 "no"\n')
    done = subprocess.run([CTL, "check", "--json", "--config", rules, mail()], capture_output=True, text=True,
                          timeout=60, env=with_scanner(tmp_path, TAKES_ONE + "os._exit(0)"))
    assert done.returncode == DEFER and json.loads(done.stdout)["facts"]["dmarc.result"] == "unknown"
    assert result(mail(), "--config", rules)["verdict"] == "accept", "that nobody gave the DNS is no failure"


def test_scanners_that_cannot_start_are_a_tempfail(mail, config, tmp_path):
    env = {**os.environ, "GATEPOST_LIBEXEC": str(tmp_path)}
    done = subprocess.run([CTL, "check", "--config", config(check.shipped_policy()), mail()], capture_output=True, text=True,
                          timeout=60, env=env)
    assert done.returncode == DEFER and "gatepost-scan" in done.stderr


@needs.root
def test_workers_killed_on_the_way_cost_only_their_message(mail):
    line = json.dumps({"id": 1, "message": str(mail(samples.zipped_program()))}).encode() + b"\n"
    verdicts = []
    with subprocess.Popen([CTL, "check", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as ctl:
        for _ in range(6):
            ctl.stdin.write(line * 4)
            ctl.stdin.flush()
            heads = process.children(ctl.pid)
            for worker in [pid for head in heads for pid in process.children(head)]:
                process.kill(worker)  # or it has ended by itself
            verdicts += [json.loads(ctl.stdout.readline())["verdict"] for _ in range(4)]
        ctl.stdin.close()
        assert ctl.wait(60) in (REJECT, DEFER)
    assert len(verdicts) == 24 and set(verdicts) <= {"reject", "defer"}
    assert verdicts.count("reject") > 0


@needs.root
def test_it_works_as_any_user(own_dir):
    """A copy of the programs that everybody can run, with antivirus, as nobody."""
    for program in ("gatepostctl", "gatepost-scan", "gatepost-av"):
        shutil.copy(needs.BUILD / program, own_dir / program)
    config = check.configuration(own_dir, 'rule "x" when av.result == infected then reject 550 5.7.1 "malware"\n',
                                 samples.write_signatures(own_dir / "signatures"))
    (own_dir / "m.eml").write_bytes(samples.eicar())
    before = set(os.listdir("/dev/shm"))
    nobody = pwd.getpwnam("nobody")
    done = subprocess.run([own_dir / "gatepostctl", "check", "--config", config, own_dir / "m.eml"], capture_output=True,
                          text=True, timeout=60, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    assert done.returncode == REJECT, done
    assert set(os.listdir("/dev/shm")) <= before


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    def folders():
        return {name for name in os.listdir("/tmp") if name.startswith("gatepostctl-")}
    before = folders()
    ctl = subprocess.Popen([CTL, "check", "--batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    ctl.stdin.write(b'{"id": 1}\n')
    ctl.stdin.flush()
    ctl.stdout.readline() # it is at work
    ctl.send_signal(signal.SIGTERM)
    assert ctl.wait(20) == -signal.SIGTERM
    ctl.stdin.close()
    ctl.stdout.close()
    since = folders() - before  # those of others, who run beside this, go as well
    assert process.wait_until(lambda: not since & folders(), 60)


# -- policy

def test_policy_check_tells_when_each_rule_can_act(config):
    rules = config('rule "early" when client.ip == "192.0.2.7" then drop 554 5.7.1 "no"\n'
                   'rule "late" when subject == "x" then discard\n')
    done = check.gatepostctl("policy", "check", "-c", rules)
    assert done.returncode == 0
    assert 'rule "early" acts at [connect]' in done.stdout and 'rule "late" acts at [message]' in done.stdout
    assert "names message.subject" in done.stdout or "names subject" in done.stdout


def test_policy_check_shows_errors(config):
    done = check.gatepostctl("policy", "check", "-c", config('rule "x" when subjct == "x" then discard\n'))
    assert done.returncode == ERROR and "check.conf:2:15: error: unknown fact 'subjct'" in done.stderr


def test_policy_test_runs_the_test_blocks(config):
    rule = 'rule "x" when subject == "bad" then discard\n'
    good = 'test "t" { given subject "bad" expect discard by "x" }\n'
    assert check.gatepostctl("policy", "test", "-c", config(rule + good)).returncode == 0
    done = check.gatepostctl("policy", "test", "-c", config(rule + good + 'test "u" { given subject "good" expect discard }\n'))
    assert done.returncode == ERROR and 'test "u" failed' in done.stdout and "2 tests, 1 failed" in done.stdout


def test_policy_explain_goes_through_every_rule(mail):
    done = check.gatepostctl("policy", "explain", "--shipped", mail(samples.zipped_program()))
    assert done.returncode == REJECT
    assert 'rule "infected": false' in done.stdout and 'rule "banned extension in an archive": true' in done.stdout
