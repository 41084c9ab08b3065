# SPDX-License-Identifier: ISC
"""A mailbox in which somebody else puts messages and takes them away, while a session reads: what it was shown of each, by its UID."""
import re
import threading
import time

from lab.imap_client import fetched, logged_in

SECTIONS = ("", "TEXT", "HEADER", "1", "2", "HEADER.FIELDS (SUBJECT)")
LEAST, MOST = 6, 14  # messages, while it lasts


class Busy(threading.Thread):
    """`mails` is {UID: octets} of all that were ever there; make(n) gives the n-th."""

    def __init__(self, port, user, rng, make):
        super().__init__(daemon=True)
        self.port, self.user, self.rng, self.make = port, user, rng, make
        self.mails, self.left, self.count = {}, [], 0
        self.ending = threading.Event()
        self.trouble = None

    def __enter__(self):
        self.session = logged_in(self.port, self.user, mailbox="INBOX")
        for _ in range(LEAST + 2):
            self._put()
        self.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.join(20)
        self.session.close()
        assert self.trouble is None, self.trouble

    def run(self):
        try:
            while not self.ending.is_set():
                few, many = len(self.left) <= LEAST, len(self.left) >= MOST
                self._put() if few or not many and self.rng.random() < 0.5 else self._take()
                time.sleep(0.002)
        except Exception as trouble:  # it is told by whoever waits for the end
            self.trouble = trouble

    def _put(self):
        octets = self.make(self.count)
        self.count += 1
        told = self.session.append("INBOX", octets)[-1]
        uid = int(re.search(rb"APPENDUID \d+ (\d+)", told)[1])
        self.mails[uid] = octets
        self.left.append(uid)

    def _take(self):
        gone = self.rng.sample(self.left, self.rng.randint(1, 3))
        self.session.expect("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(map(str, gone)))
        self.session.expect("EXPUNGE")
        self.left = [uid for uid in self.left if uid not in gone]


class Watcher:
    """What a session that keeps count of its messages, as it must, is shown: `seen` are (UID, item, octets)."""

    def __init__(self, session):
        self.session, self.uids, self.seen, self.vanished = session, [], [], False

    def select(self, qresync=False):
        """With QRESYNC (RFC 7162) it is told by UIDs what has gone."""
        if qresync:
            self.session.expect("ENABLE QRESYNC")
        self._heard(self.session.expect("EXAMINE INBOX"))

    def ask(self, *commands):
        """One after the other, or several at once."""
        came = self.session.command(commands[0]) if len(commands) == 1 else self.session.pipelined(commands)
        self._heard(came)
        return came

    def _heard(self, responses):
        for response in responses:
            if number := re.match(rb"\* (\d+) EXISTS\r", response):
                self.uids += [None] * (int(number[1]) - len(self.uids))
            elif number := re.match(rb"\* (\d+) EXPUNGE\r", response):
                assert 1 <= int(number[1]) <= len(self.uids), response
                del self.uids[int(number[1]) - 1]
            elif gone := re.match(rb"\* VANISHED ([\d,:]+)\r", response):
                self._vanished(gone[1].decode())
            elif re.match(rb"\* \d+ FETCH ", response):
                self._shown(*fetched(response))

    def _vanished(self, text):
        self.vanished = True
        for part in text.split(","):
            first, _, last = part.partition(":")
            for uid in range(int(first), int(last or first) + 1):
                self._forget(uid)

    def _forget(self, uid):
        """It is among those of which no UID was told, where that is not known."""
        if uid in self.uids:
            self.uids.remove(uid)
            return
        behind = next((at for at, other in enumerate(self.uids) if other and other > uid), len(self.uids))
        assert behind and self.uids[behind - 1] is None, "UID %d is gone and was never there" % uid
        del self.uids[behind - 1]

    def _shown(self, number, values):
        assert 1 <= number <= len(self.uids), "%d of %d" % (number, len(self.uids))
        uid = int(values["UID"]) if "UID" in values else self.uids[number - 1]
        assert self.uids[number - 1] in (None, uid), "number %d is UID %s and %s" % (number, self.uids[number - 1], uid)
        self.uids[number - 1] = uid
        self.seen += [(uid, name, octets) for name, octets in values.items() if name.startswith("BODY") and uid and octets is not None]  # NIL: it is gone


def random_command(rng, watcher):
    """One that changes nothing."""
    uid = rng.random() < 0.5
    known = [uid for uid in watcher.uids if uid] or [1]
    number = (lambda: rng.choice(known)) if uid else lambda: rng.randint(1, len(watcher.uids) or 1)
    numbers = rng.choice([lambda: "%d" % number(), lambda: "%d,%d" % (number(), number()), lambda: "1:*", lambda: "*"])()
    items = " ".join(sorted({"BODY.PEEK[%s]" % section for section in rng.sample(SECTIONS, rng.randint(1, 2))}))
    origin = rng.choice(["", "", "<0.40>", "<300.700>"]) if items.count("[") == 1 else ""
    items = rng.choice(["", "", "UID ", "FLAGS "]) + items + origin
    return rng.choice(["NOOP", "SEARCH ALL", "CHECK"] + ["%sFETCH %s (%s)" % ("UID " if uid else "", numbers, items)] * 6)
