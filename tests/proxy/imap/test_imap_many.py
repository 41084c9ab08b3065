# SPDX-License-Identifier: ISC
"""Two thousand messages, synced with a Maildir by mbsync: through Gatepost they are the same as without, changes go both ways, and where nothing
is to be done the server hears nothing but that."""
import pathlib
import re

import pytest

from lab import imap_fetchers, samples
from lab.imap_client import logged_in
from lab.maildir import make_owned

from lab.forbidden import TEXT, b64, file, leaks, multipart, random_program

RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
COUNT, EACH = 2000, 400  # messages, and how many of them there are to one that is forbidden
PROGRAM = b64(random_program()).rstrip()
MAILBOX = samples.clean_ones("message %d" % n for n in range(COUNT))
MAILBOX[::EACH] = [multipart("message %d" % n, TEXT, file("setup.exe", PROGRAM)) for n in range(0, COUNT, EACH)]
MAILS = {"direct@example.com": MAILBOX, "through@example.com": MAILBOX}
# Dovecot notes what it hears from a user once there is this folder.
NOTED = "heard"
DOVECOT = "protocol imap {\n  rawlog_dir = %%h/%s\n}\n" % NOTED

pytestmark = pytest.mark.usefixtures("no_proxy_dies")


@pytest.fixture(scope="module")
def site(before_dovecot):
    return before_dovecot


class Mirror:
    """Of a mailbox, synced."""

    def __init__(self, site, run_dir, ca, way):
        self.server, self.way = site.server, way
        self.user = way + "@example.com"
        self.folder = run_dir / ("mirror-" + way)
        self.folder.mkdir()
        imap_fetchers.need("mbsync", "imaps", run_dir)
        port = (site if way == "through" else site.server).imaps_port
        self.messages = imap_fetchers.mbsync(self.folder, port, "imaps", ca, self.user)
        self.noted = "%s/example.com/%s/%s" % (site.server.mail, way, NOTED)
        make_owned(self.noted)

    def sync(self):
        """Whether it had something to do, and what the server heard."""
        done = imap_fetchers.sync_again("mbsync", self.folder)
        return done, self.heard()

    def heard(self):
        """Commands without their tags, in the sessions since the last time."""
        lines = []
        for path in sorted(pathlib.Path(self.noted).glob("*.in")):
            lines += [re.sub(rb"^[\d.]+ \S+ ", b"", line) for line in path.read_bytes().splitlines()]
            path.unlink()
        return lines

    def files(self):
        """{subject: (path, flags)}"""
        return {subject_of(path.read_bytes()): (path, path.name.partition(":2,")[2])
                for name in ("cur", "new") for path in (self.folder / "mail" / "INBOX" / name).iterdir()}

    def near(self):
        return {subject: flags for subject, (_, flags) in self.files().items()}

    def far(self):
        with logged_in(self.server.imap_port, self.user, mailbox="INBOX") as session:
            found = session.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (Subject)])")
        return {subject_of(values["BODY[HEADER.FIELDS (SUBJECT)]"]): in_letters(values["FLAGS"]) for values in found.values()}


def subject_of(octets):
    return re.search(rb"(?m)^Subject: (.*?)\r?$", octets)[1].decode()


def in_letters(flags):
    """As a Maildir has them in names of files."""
    return "".join(letter for letter, flag in (("F", rb"\Flagged"), ("R", rb"\Answered"), ("S", rb"\Seen")) if flag in flags)


@pytest.fixture(scope="module")
def mirrors(site, run_dir, authority):
    return [Mirror(site, run_dir, authority.ca, way) for way in ("direct", "through")]


def test_all_are_the_same_and_of_what_is_forbidden_there_is_its_length(mirrors):
    direct, through = (mirror.messages for mirror in mirrors)
    assert len(direct) == COUNT and list(map(len, direct)) == list(map(len, through))
    differing = [n for n, (one, other) in enumerate(zip(direct, through)) if one != other]
    assert differing == list(range(0, COUNT, EACH))
    assert not any(leaks(PROGRAM.replace(b"\r\n", b"\n"), through[n]) for n in differing)


def test_where_nothing_is_to_be_done_the_server_hears_what_it_hears_without_us(mirrors):
    (done, heard), (done_through, heard_through) = (mirror.sync() for mirror in mirrors)
    assert not done and not done_through
    assert any(b"FETCH" in line for line in heard) and heard == heard_through
    assert not [line for line in heard_through if re.search(rb"BODY|RFC822|STORE|APPEND|COPY|MOVE|EXPUNGE", line)]


def change(mirror):
    """Flags, messages that go and messages that come: at both ends."""
    files = mirror.files()
    for n in range(100, 120):
        path, _ = files["message %d" % n]
        path.rename(path.parent.parent / "cur" / (path.name.partition(":")[0] + ":2,FS"))
    for n in range(200, 220):
        files["message %d" % n][0].unlink()
    imap_fetchers.add_to_maildir(mirror.folder, samples.clean("from the client"))
    with logged_in(mirror.server.imap_port, mirror.user, mailbox="INBOX") as session:
        session.expect(r"STORE 301:320 +FLAGS (\Answered)")
        session.expect(r"STORE 401:420 +FLAGS (\Deleted)")
        session.expect("EXPUNGE")
        session.append("INBOX", samples.clean("from elsewhere"))


def test_changes_go_both_ways_and_then_nothing_is_to_be_done(mirrors):
    for mirror in mirrors:
        change(mirror)
        done, _ = mirror.sync()
        assert done and mirror.near() == mirror.far()
    direct, through = (mirror.far() for mirror in mirrors)
    assert direct == through and len(through) == COUNT - 40 + 2
    assert [through["message %d" % n] for n in (100, 119, 300, 319, 320)] == ["FS", "FS", "R", "R", ""]
    for mirror in mirrors:
        mirror.heard()
    (done, heard), (done_through, heard_through) = (mirror.sync() for mirror in mirrors)
    assert not done and not done_through and heard == heard_through != []
