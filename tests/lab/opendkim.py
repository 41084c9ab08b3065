# SPDX-License-Identifier: ISC
"""A real OpenDKIM that a mail server asks whether signatures verify: it says so in an Authentication-Results of each message."""
import os
import re
import shutil

import pytest

from lab.ports import free_port
from lab.process import Process

CONF = """
Mode v
Syslog no
Socket inet:{port}@127.0.0.1
UserID root
PidFile {dir}/pid
Background no
TemporaryDirectory {dir}
InternalHosts 192.0.2.250
AuthservID {name}
AlwaysAddARHeader yes
TestDNSData file:{dir}/records
"""
NAME = "verifier.example"
FIELD = re.compile(rb"(?im)^Authentication-Results: *%s;.*\n(?:[ \t].*\n)*" % NAME.encode())
RESULT = re.compile(rb"\bdkim=(\w+)[^;]*?header\.d=(\S+?)(?:;|\s)[^;]*")


class OpenDKIM:
    """`records`: the keys that are published, {name: text}. A Postfix with these `options` asks it."""

    def __init__(self, run_dir, records):
        program = shutil.which("opendkim", path=os.environ["PATH"] + ":/usr/sbin")
        if not program:
            pytest.skip("no opendkim: make deps-test installs it")
        self.dir, self.records, self.port = os.path.join(str(run_dir), "opendkim"), records, free_port()
        self.process = Process("opendkim", [program, "-f", "-x", os.path.join(self.dir, "conf")], run_dir)

    @property
    def options(self):
        return "smtpd_milters = inet:127.0.0.1:%d\nmilter_default_action = tempfail\n" % self.port

    def start(self):
        os.makedirs(self.dir)
        self._write("records", "".join("%s %s\n" % (name, text) for name, text in self.records.items()))
        self._write("conf", CONF.format(port=self.port, dir=self.dir, name=NAME))
        self.process.start()
        self.process.wait_port(self.port)
        return self

    def stop(self):
        self.process.stop()

    def _write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)


def said(message):
    """What it said of each signature of a message (lines end in LF), in their order: [(domain, result)]."""
    field = FIELD.search(message.partition(b"\n\n")[0] + b"\n")
    return [(domain.decode(), result.decode()) for result, domain in RESULT.findall(field.group())] if field else []
