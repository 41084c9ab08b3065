# SPDX-License-Identifier: ISC
"""What gateways remember, without one: the driver tests/proxy/state/state_dump.c, whose clock can be moved. And an account that sends."""
import json
import subprocess

from lab import needs

DUMP = needs.BUILD / "tests/state_dump"


class Memory:
    """One process of a gateway, so to speak."""

    def __init__(self, config, secret="a secret"):
        self.popen = subprocess.Popen([DUMP, config, secret], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)

    def post(self, what, **question):
        self.popen.stdin.write(json.dumps(dict(question, do=what)) + "\n")
        self.popen.stdin.flush()

    def collect(self):
        line = self.popen.stdout.readline()
        assert line, "state_dump ended:\n" + self.popen.stderr.read()[-4000:]
        return json.loads(line)

    def ask(self, what, **question):
        self.post(what, **question)
        return self.collect()[0]

    def advance(self, seconds):
        self.ask("advance", ms=int(seconds * 1000))

    def end(self):
        _, log = self.popen.communicate()
        assert self.popen.returncode == 0, log[-4000:]
        return log


def people(count, start=0):
    return ["p%d@elsewhere.example" % n for n in range(start, start + count)]


class Account:
    """One that sends through a gateway that remembers it."""

    def __init__(self, memory, name="ann@example.com"):
        self.memory, self.name = memory, name

    def ask(self, *recipients, **how):
        return self.memory.ask("sending", account=self.name, recipients=recipients or people(1), **how)

    def asked(self, *recipients, **how):
        facts = self.ask(*recipients, **how)["facts"]
        return {name.removeprefix("account."): value for name, value in facts.items()}

    def is_refused_a_recipient(self):
        self.memory.ask("sending", account=self.name, recipients=[])

    def over(self, *recipients, **how):
        self.memory.ask("sent", account=self.name, recipients=recipients, **how)

    def send(self, *recipients, **how):
        """To be delivered."""
        said = self.asked(*recipients, **how)
        self.over(*(recipients or people(1)), delivered=True, **how)
        return said
