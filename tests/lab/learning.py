# SPDX-License-Identifier: ISC
"""Good mail and spam to learn from, and `gatepostctl learn` asked about it."""
import json
import os
import random
import subprocess

from lab.gatepost import backend, domains
from lab.process import wait_until

ENOUGH = 60  # of each class, for a model
WORDS = {
    "good": "meeting agenda tomorrow project review invoice attached regards schedule team report budget minutes office".split(),
    "spam": "winner lottery pills cheap click free prize casino bonus credit urgent guaranteed miracle offer".split(),
}


def mails(kind, count=ENOUGH, first=0):
    """Messages with LF, each like the others of its kind, and none the same; those of the same numbers are the same."""
    return [mail(kind, number) for number in range(first, first + count)]


def mail(kind, number):
    chosen = random.Random("%s %d" % (kind, number))
    words = [chosen.choice(WORDS[kind]) for _ in range(50)]
    return ("From: %s%d@%s.example\nTo: user@example.com\nSubject: %s\nMessage-ID: <%s%d@x.example>\n\n%s\n"
            % (kind, number, kind, " ".join(words[:4]), kind, number, " ".join(words))).encode()


def mbox(messages):
    """As mboxrd."""
    def quoted(line):
        return b">" + line if line.lstrip(b">").startswith(b"From ") else line
    return b"".join(b"From x@y.example Thu Jan  1 00:00:00 1970\n" + b"".join(map(quoted, message.splitlines(True))) + b"\n" for message in messages)


def maildir(folder, messages):
    """Half of them read."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, octets in enumerate(messages):
        place = ("new/%d.lab", "cur/%d.lab:2,S")[number % 2]
        (folder / (place % (1700000000 + number))).write_bytes(octets)
    return folder


BODY = backend("behind", 9) + domains("behind", "example.com")


def settings(folder, **more):
    """Changes of a gateway that learns; `folder` has its key."""
    return {"learn": {"enabled": "on", "key": '"%s/learn.key"' % folder}, **more}


class Learner:
    """What gatepostctl says to a gateway that learns, once it has a model."""

    def __init__(self, gateway):
        self.gateway, self.ctl = gateway, str(gateway.build / "gatepostctl")
        assert wait_until(lambda: self.status()["model"], 30), gateway.log()[-4000:]

    def __call__(self, *words, env=None, **how):
        """The process when it has ended."""
        return subprocess.run(self.command(*words), stdin=how.pop("stdin", subprocess.DEVNULL), capture_output=True, text=True, timeout=120,
                              env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}, **how)

    def command(self, *words):
        return [self.ctl, "learn", *map(str, words), "--config", self.gateway.file]

    def json(self, *words, status=0):
        done = self(*words, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)

    def learn(self, ham=(), spam=(), *words, status=0):
        """What it says of these paths."""
        return self.json(*(["--ham", *ham] if ham else []), *(["--spam", *spam] if spam else []), *words, status=status)

    def status(self):
        return self.json("status")

    def labels(self):
        """(good, spam) that an admin has told."""
        told = self.status()["labels"]["imported"]
        return told["good"], told["spam"]
