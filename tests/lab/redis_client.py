# SPDX-License-Identifier: ISC
"""Redis as a proxy asks it: the driver tests/proxy/state/redis_dump.c, which is told what to do and tells what came of it."""
import json
import select
import subprocess
import time

from lab import needs


class Client:
    """`settings` are those of the configuration's redis block; the times in milliseconds."""

    def __init__(self, folder, **settings):
        given = {"timeout": 2000, "retry": 200, **settings}
        self.log_path = folder / "client.log"
        self.log_file = open(self.log_path, "wb")
        self.popen = subprocess.Popen([needs.BUILD / "tests" / "redis_dump"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=self.log_file)
        self.ids = 0
        self.answers = {}
        self.rest = b""
        self._write(given)

    def _write(self, task):
        self.popen.stdin.write(json.dumps(task).encode() + b"\n")
        self.popen.stdin.flush()

    def send(self, do, **what):
        """Returns the id under which the answer will come."""
        self.ids += 1
        self._write({"do": do, "id": self.ids, **what})
        return self.ids

    def wait(self, task, seconds=20):
        deadline = time.monotonic() + seconds
        while task not in self.answers:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.popen.stdout], [], [], left)[0], "no answer\n" + self.log()
            self._read()
        return self.answers.pop(task)

    def _read(self):
        got = self.popen.stdout.read1(65536)
        assert got, "the driver is gone\n" + self.log()
        *lines, self.rest = (self.rest + got).split(b"\n")
        for answer in map(json.loads, lines):
            assert answer["id"] not in self.answers, "answered twice: %s" % answer
            self.answers[answer["id"]] = answer

    def do(self, do, **what):
        return self.wait(self.send(do, **what))

    def command(self, *argv):
        return self.do("command", argv=list(argv))

    def value(self, *argv):
        answer = self.command(*argv)
        assert "value" in answer, "%s\n%s" % (answer, self.log())
        return answer["value"]

    def available(self):
        return self.do("status")["available"]

    def works(self):
        return "value" in self.command("PING")

    def log(self):
        return self.log_path.read_text()

    def close(self):
        """The driver's exit: whatever is under way is answered, and nothing leaks."""
        self.popen.stdin.close()
        for line in self.popen.stdout.read().splitlines():
            answer = json.loads(line)
            self.answers[answer["id"]] = answer
        status = self.popen.wait(20)
        self.log_file.close()
        assert status == 0, self.log()
