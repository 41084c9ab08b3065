# SPDX-License-Identifier: ISC
"""gatepostctl learn, against a gateway that learns: mail of an admin's files becomes labels, and a model is made of them."""
import json
import os
import pty
import signal
import subprocess

import pytest

from lab import learning, needs, samples, users
from lab.backend import HANG, server_context
from lab.imap_client import logged_in
from lab.imap_stub import TAG, ImapStub
from lab.learning import ENOUGH, Learner, mail, mails, mbox
from lab.process import wait_until

pytestmark = needs.root

NAME = "mail.example.com"
GOOD, SPAM = mails("good"), mails("spam")


@pytest.fixture
def learner(start, tmp_path, authority):
    return Learner(start(learning.BODY, changes=learning.settings(
        tmp_path, limits={"message_size": "100KiB"}, tls={"ca_file": '"%s"' % authority.ca}, timeouts={"connect": "2s", "backend": "5s"})))


@pytest.fixture
def good(tmp_path):
    """A maildir with enough good mail for a model."""
    return learning.maildir(tmp_path / "good", GOOD)


@pytest.fixture
def spam(tmp_path):
    """An mbox with enough spam."""
    path = tmp_path / "spam.mbox"
    path.write_bytes(mbox(SPAM))
    return path


def file_of(tmp_path, octets, name="message.eml"):
    path = tmp_path / name
    path.write_bytes(octets)
    return path


# ---- files


def test_a_maildir_and_an_mbox_are_learnt_and_a_model_is_made(learner, good, spam):
    told = learner.learn([good], [spam])
    assert told["read"] == {"good": ENOUGH, "spam": ENOUGH} and (told["new"], told["known"], told["changed"]) == (2 * ENOUGH, 0, 0)
    assert told["build"]["outcome"] == "published" and (told["build"]["good"], told["build"]["spam"]) == (ENOUGH, ENOUGH)
    status = learner.status()
    assert status["learnt"] == status["labels"]["imported"] == {"good": ENOUGH, "spam": ENOUGH}
    assert status["model"]["digest"] == told["build"]["digest"] and status["model"]["log_loss"] < 0.6


def test_too_few_messages_are_collected_and_that_is_no_trouble(learner, tmp_path):
    told = learner.learn([file_of(tmp_path, mail("good", 1))])
    assert told["new"] == 1 and told["build"]["outcome"] == "collecting" and learner.labels() == (1, 0)
    done = learner("--ham", file_of(tmp_path, mail("good", 2)))
    assert done.returncode == 0 and "1 are new" in done.stdout and "no model yet: 2 good and 0 spam are too few" in done.stdout


def test_a_message_is_the_same_in_whatever_it_lies(learner, tmp_path):
    odd = mail("good", 1) + b"\nFrom here\n>From there\n\n"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "one").write_bytes(odd.replace(b"\n", b"\r\n"))
    paths = [file_of(tmp_path, odd), folder, file_of(tmp_path, mbox([odd, mail("good", 2), odd]), "box"), learning.maildir(tmp_path / "dir", [odd])]
    told = learner.learn(paths)
    assert told["read"]["good"] == 6 and (told["new"], told["known"]) == (2, 4) and learner.labels() == (2, 0)


def test_the_same_mail_again_is_known_and_the_other_way_round_changed(learner, good, spam):
    learner.learn([good], [spam])
    told = learner.learn([good], [spam])
    assert (told["new"], told["known"], told["changed"]) == (0, 2 * ENOUGH, 0)
    told = learner.learn([], [good / "new"])
    assert (told["new"], told["known"], told["changed"]) == (0, 0, ENOUGH // 2) and learner.labels() == (ENOUGH // 2, ENOUGH + ENOUGH // 2)


def test_good_mail_and_spam_are_learnt_side_by_side(learner, good, spam):
    """In order of the files a model would first know good mail alone: what it says before it learns would mean nothing."""
    learner.learn([good], [spam])
    assert learner.status()["curve"][0]["learnt"] < ENOUGH


def test_what_is_too_large_is_skipped_and_what_is_no_file_is_not_waited_for(learner, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "large").write_bytes(samples.of_size(200000))
    (folder / "mbox").write_bytes(mbox([mail("good", 1), samples.of_size(200000), mail("good", 2)]))
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to(file_of(tmp_path, mail("good", 3)))
    (folder / ".hidden").write_bytes(mail("good", 4))
    (folder / "below").mkdir()
    (folder / "empty").write_bytes(b"")
    told = learner.learn([folder])
    assert told["read"]["good"] == 2 and told["too_large"] == 2 and told["new"] == 2 and told["unread"] == told["not_examined"] == 0


def test_a_path_that_is_not_there_is_said_before_anything_is_learnt(learner, good, tmp_path):
    done = learner("--ham", good, "--spam", tmp_path / "nowhere")
    assert done.returncode == 1 and "nowhere: No such file" in done.stderr and learner.labels() == (0, 0)


@pytest.mark.parametrize("words", [[], ["path"], ["path", "--ham", "path"], ["--reference", "x"]])
def test_what_nobody_can_mean_is_refused(learner, words):
    done = learner(*words)
    assert done.returncode == 1 and "usage: gatepostctl learn" in done.stderr


# ---- mailboxes on servers


@pytest.fixture
def stub(authority):
    """stub(mails, script, ...) starts a scripted server; nothing but what changes no mailbox was said to it in the end."""
    started = []

    def begin(messages=(), script=None, **how):
        started.append(ImapStub(messages, script, **how).start())
        return started[-1]

    yield begin
    for server in started:
        server.stop()
        assert set(server.verbs()) <= {"CAPABILITY", "STARTTLS", "AUTHENTICATE", "LOGIN", "EXAMINE", "FETCH", "LOGOUT"}, server.commands
        assert all(b"BODY.PEEK[]" in line or b"RFC822.SIZE" in line for line in server.commands if b" FETCH " in line)


@pytest.fixture
def password(tmp_path):
    return ["--password-file", file_of(tmp_path, users.PASSWORD.encode() + b"\n", "password")]


def crlf(messages):
    return [octets.replace(b"\n", b"\r\n") for octets in messages]


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_a_mailbox_of_dovecot_is_learnt_and_nothing_is_marked_as_read(scheme, learner, real_server, password):
    server = real_server("dovecot")
    address = "learn-%s@example.com" % scheme
    server.fill(address, crlf(GOOD))
    server.fill(address, crlf(SPAM), "Entw&APw-rfe")
    place = "%s://%s@%s:%d" % (scheme, address, "127.0.0.1" if scheme == "imap" else "localhost", server.imap_port if scheme == "imap" else server.imaps_port)
    if scheme == "imaps":
        done = learner("--ham", place, *password)
        assert done.returncode == 1 and "certificate" in done.stderr and learner.labels() == (0, 0)
        return
    told = learner.learn([place], [place + "/Entw%C3%BCrfe"], *password)
    assert told["new"] == 2 * ENOUGH and told["build"]["outcome"] == "published"
    with logged_in(server.imap_port, address) as session:
        assert b"(UNSEEN %d)" % ENOUGH in b"".join(session.expect("STATUS INBOX (UNSEEN)"))


def test_a_message_of_a_server_is_the_same_as_in_a_file(learner, stub, password, tmp_path):
    server = stub(crlf([mail("good", 1), mail("good", 2)]), boxes={"Junk": crlf([mail("good", 3)])})
    learner.learn([file_of(tmp_path, mail("good", 1)), file_of(tmp_path, mail("good", 3), "three")])
    place = "imap://user@127.0.0.1:%d" % server.port
    told = learner.learn([place, place + "/Junk"], [], *password)
    assert (told["read"]["good"], told["new"], told["known"]) == (3, 1, 2)


def test_a_server_whose_certificate_is_trusted_hears_the_password(learner, stub, password, authority):
    server = stub(crlf(GOOD[:3]), context=server_context(authority.certificate("localhost")), implicit_tls=True)
    assert learner.learn(["imaps://user@localhost:%d" % server.port], [], *password)["new"] == 3
    assert {login[:3] for login in server.logins} == {("user", users.PASSWORD, True)}


def test_a_mailbox_may_have_more_messages_than_are_listed_at_once(learner, stub, password):
    server = stub(crlf(mails("good", 1003)))
    assert learner.learn(["imap://user@localhost:%d" % server.port], [], *password)["new"] == 1003


def test_messages_that_are_too_large_are_not_fetched(learner, stub, password):
    server = stub([samples.of_size(200000), *crlf([mail("good", 1)])])
    told = learner.learn(["imap://user@localhost:%d/INBOX" % server.port], [], *password)
    assert (told["new"], told["too_large"]) == (1, 1) and not any(b"FETCH 1 BODY" in line for line in server.commands)


def larger_than_it_said(number):
    return {"FETCH %d BODY.PEEK[]" % number: [b"* %d FETCH (BODY[] {400000}\r\n" % number + b"x" * 400000 + b")\r\n", TAG + b" OK done\r\n"]}


def test_a_message_that_is_larger_than_its_server_had_said_is_left_out_and_the_others_are_learnt(learner, stub, password):
    server = stub(crlf(GOOD[:4]), {**larger_than_it_said(1), **larger_than_it_said(3)})
    told = learner.learn(["imap://user@localhost:%d" % server.port], [], *password)
    assert (told["too_large"], told["new"]) == (2, 2) and learner.labels() == (2, 0)


def test_a_server_that_lies_of_each_message_is_left(learner, stub, password):
    script = {}
    for number in range(1, 16):
        script.update(larger_than_it_said(number))
    server = stub(crlf(GOOD[:20]), script)
    done = learner("--ham", "imap://user@localhost:%d" % server.port, *password)
    assert done.returncode == 1 and learner.labels() == (0, 0) and server.connections <= 13


def test_no_password_leaves_the_machine_without_tls_that_is_verified(learner, stub, password, authority):
    """The address is none that is known as this machine's, and yet leads here."""
    for server in (stub(GOOD), stub(GOOD, context=server_context(authority.certificate(NAME)))):
        done = learner("--ham", "imap://user@0.0.0.0:%d" % server.port, *password)
        assert done.returncode == 1 and server.logins == server.refused == [] and "imap://user@" in done.stderr


def test_a_wrong_password_and_a_mailbox_that_is_not_there_are_said(learner, stub, password, tmp_path):
    server = stub(GOOD)
    done = learner("--ham", "imap://user@127.0.0.1:%d/Nowhere" % server.port, *password)
    assert done.returncode == 1 and "no such mailbox" in done.stderr
    done = learner("--ham", "imap://user@127.0.0.1:%d" % server.port, "--password-file", file_of(tmp_path, b"wrong\n", "wrong"))
    assert done.returncode == 1 and "AUTHENTICATIONFAILED" in done.stderr and learner.labels() == (0, 0)


def test_one_password_is_not_told_to_two_servers(learner, stub, password):
    one, other = stub(GOOD), stub(GOOD)
    done = learner("--ham", "imap://user@127.0.0.1:%d" % one.port, "imap://user@127.0.0.1:%d" % other.port, *password)
    assert done.returncode == 1 and "several logins" in done.stderr and one.connections == other.connections == 0


def test_a_password_in_an_address_is_refused(learner):
    done = learner("--ham", "imap://user:secret@127.0.0.1/INBOX")
    assert done.returncode == 1 and "a password has no place here" in done.stderr


# ---- on a terminal


def on_terminal(words, typed=None, env=None):
    """What a terminal shows; `typed` at the prompt for a password."""
    master, slave = pty.openpty()
    ctl = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                           env={**os.environ, "COLUMNS": "100", "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})})
    os.close(slave)
    said = b""
    while typed and b"Password of " not in said:
        said += os.read(master, 1024)
    if typed:
        os.write(master, typed)
    try:
        while piece := os.read(master, 65536):
            said += piece
    except OSError:
        pass  # the terminal is closed
    os.close(master)
    return ctl.wait(60), said.decode()


def test_a_password_is_asked_for_and_not_shown_and_a_bar_is_drawn(learner, stub, good):
    server = stub(crlf(SPAM))
    status, shown = on_terminal(learner.command("--ham", good, "--spam", "imap://user@127.0.0.1:%d" % server.port), users.PASSWORD.encode() + b"\n")
    assert status == 0 and "Password of user at 127.0.0.1: " in shown and users.PASSWORD not in shown
    assert "\r[" in shown and "%d messages read: %d good, %d spam" % (2 * ENOUGH, ENOUGH, ENOUGH) in shown and "a new model is in use" in shown


def test_without_a_terminal_there_are_plain_lines(learner, good, spam):
    done = learner("--ham", good, "--spam", spam)
    assert done.returncode == 0 and "\r" not in done.stderr and "\033" not in done.stdout + done.stderr
    assert "100 %%: %d messages" % (2 * ENOUGH) in done.stderr.splitlines()


def test_status_is_drawn_with_blocks_only_where_they_can_be_shown(learner, good, spam):
    assert "model        " in learner("status").stdout and "messages learnt" not in learner("status").stdout
    learner.learn([good], [spam])
    status, shown = on_terminal(learner.command("status"))
    assert status == 0 and "█" in shown and "imported" in shown and "log-loss" in shown
    for plain in (on_terminal(learner.command("status"), env={"LC_ALL": "C"})[1], learner("status").stdout):
        assert plain.isascii() and "#####" in plain and "100 % |" in plain and "said      was  messages" in plain


def test_status_has_numbers_for_programs(learner, good, spam):
    learner.learn([good], [spam])
    status = learner.status()
    assert status["curve"][-1]["learnt"] == 2 * ENOUGH and status["curve"][-1]["recall"] > 0.9
    assert sum(row["messages"] for row in status["calibration"]) == 2 * ENOUGH
    assert all(row["from"] <= row["said"] <= row["to"] and 0 <= row["was"] <= 1 for row in status["calibration"])
    assert "predictions" not in status and status["last_build"]["outcome"] == "published"


# ---- what can go wrong


def test_what_was_sent_stays_when_it_is_interrupted_and_the_same_again_goes_on(learner, stub, password):
    """The server falls silent behind what one batch of labels is."""
    messages, silent = crlf(mails("good", 230)), [True]
    server = stub(messages, {"FETCH": lambda session, line: [HANG] if silent[0] and line.startswith(b"FETCH 225 BODY") else None})
    words = ["--ham", "imap://user@127.0.0.1:%d" % server.port, *password]
    ctl = subprocess.Popen(learner.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert wait_until(lambda: learner.labels() == (200, 0), 60)
    ctl.send_signal(signal.SIGINT)
    out, said = ctl.communicate(timeout=60)
    assert ctl.returncode == -signal.SIGINT and "interrupted: the gateway has 200 of these messages, which stay" in said and out == ""
    assert learner.labels() == (200, 0)
    silent[0] = False
    told = learner.learn(["imap://user@127.0.0.1:%d" % server.port], [], *password)
    assert (told["known"], told["new"]) == (200, 30)


def test_a_server_that_goes_away_is_trouble_but_what_came_is_learnt(learner, stub, password, good):
    server = stub(crlf(SPAM), {"FETCH 30 BODY.PEEK[]": "BAD what"})
    told = learner.learn([good], ["imap://user@127.0.0.1:%d" % server.port], *password)
    assert told["unread"] == 1 and told["read"]["spam"] == ENOUGH - 1
    server.script["FETCH 30 BODY.PEEK[]"] = [b"* BYE gone\r\n", HANG]
    done = learner("--spam", "imap://user@127.0.0.1:%d" % server.port, *password)
    assert done.returncode == 1 and "imap://user@127.0.0.1:%d: " % server.port in done.stderr and "29 were known already" in done.stdout


def test_a_mailbox_of_which_nothing_can_be_read_is_trouble(learner, stub, password):
    server = stub(crlf(GOOD[:2]), {"FETCH 1 BODY.PEEK[]": "NO", "FETCH 2 BODY.PEEK[]": "NO"})
    done = learner("--ham", "imap://user@127.0.0.1:%d" % server.port, *password)
    assert done.returncode == 1 and "2 could not be read" in done.stdout


def test_who_learns_right_behind_the_start_waits_for_the_first_model(start, tmp_path, good, spam):
    gateway = start(learning.BODY, changes=learning.settings(tmp_path))
    done = subprocess.run([str(gateway.build / "gatepostctl"), "learn", "--ham", good, "--spam", spam, "--config", gateway.file],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "a new model is in use" in done.stdout, done.stderr


def test_where_nothing_is_learnt_it_is_said_how_that_is_changed(start, good):
    gateway = start(learning.BODY)
    for words in (["--ham", good], ["status"], ["build"], ["rollback"], ["forget", "--all"]):
        done = subprocess.run([gateway.build / "gatepostctl", "learn", *words, "--config", gateway.file], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "learn" in done.stderr and "enabled" in done.stderr, (words, done.stderr)


def test_where_no_gateway_runs_it_is_said(tmp_path, good):
    for words in (["--ham", good], ["status"]):
        done = subprocess.run([needs.BUILD / "gatepostctl", "learn", *words, "--control", tmp_path / "nothing"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "no gateway that keeps records is running" in done.stderr


# ---- undone


def test_a_model_is_rolled_back(learner, good, spam, tmp_path):
    first = learner.learn([good], [spam])["build"]["digest"]
    second = learner.learn([file_of(tmp_path, mail("good", 1000))])["build"]["digest"]
    assert first != second and learner.status()["model"]["digest"] == second
    done = learner("rollback")
    assert done.returncode == 0 and learner.status()["model"]["digest"] == first
    assert learner("rollback", second[:12]).returncode == 0 and learner.status()["model"]["digest"] == second
    for wrong in ("0000000000000000", "xyz"):
        assert learner("rollback", wrong).returncode == 1 and learner.status()["model"]["digest"] == second


def test_messages_are_forgotten_one_by_one_by_how_and_all(learner, good, spam, tmp_path):
    learner.learn([good], [spam])
    assert "1 messages are learnt from no longer" in learner("forget", "--message", file_of(tmp_path, GOOD[0])).stdout
    assert "10 messages" in learner("forget", "--message", file_of(tmp_path, mbox(SPAM[:10]), "ten")).stdout and learner.labels() == (ENOUGH - 1, ENOUGH - 10)
    for words in (["--reference", "none"], ["--account", "user@example.com"], ["--how", "moved"]):
        done = learner("forget", *words)
        assert done.returncode == 0 and done.stdout.startswith("0 messages"), (words, done.stderr)
    assert learner("forget", "--how", "imported").returncode == 0 and learner.labels() == (0, 0)
    learner.learn([good])
    assert "%d messages" % ENOUGH in learner("forget", "--all").stdout and learner.labels() == (0, 0)
    assert learner.json("build")["outcome"] == "collecting"


@pytest.mark.parametrize("words, why", [([], "usage"), (["--all", "--how", "moved"], "usage"), (["--how", "guessed"], "imported released"),
                                        (["--message", "/nonexistent"], "No such file"), (["--all", "x"], "usage")])
def test_what_is_to_be_forgotten_is_said_once_and_rightly(learner, words, why):
    done = learner("forget", *words)
    assert done.returncode == 1 and why in done.stderr
