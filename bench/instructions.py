# SPDX-License-Identifier: ISC
"""Instructions a message, program by program: a gateway whose programs run under callgrind.

What a program needs to start is no message's: the gateway is run twice, with a few messages and with as many more as are to be
counted, and the difference counts. One proxy, one scanner of each kind, no jail (valgrind has its own system calls), and a
parent without privileges, so that valgrind meets no chroot. The instructions of the kernel, of Redis and of the parent are not
in it."""
import glob
import os
import re
import shutil
import stat
import sys
from statistics import mean

from lab.backend import Backend
from mails import Mails
from stage import PROGRAMS, Session, Stage, checked_build, deliver, policy_of

COUNTED = ("gatepost-proxy", "gatepost-keeper", "gatepost-scan", "gatepost-av")
USER = "nobody" if os.geteuid() == 0 else None
WARM_UP, KEPT = 8, 10
SETTINGS = """process { proxies 1  scanners 1  antivirus_scanners 1 }
scan { recycle 1000000 }
timeouts { verdict 10min  scan 10min  backend 10min  drain 10min }
limits { upload_rate 0B }
resolver { timeout 1min  patience 2min }
redis { timeout 1min }
"""
WRAPPER = """#!/bin/sh
GATEPOST_SANDBOX=none exec valgrind --tool=callgrind --vgdb=no --log-file='{log}' --callgrind-out-file='{profile}' '{program}' "$@"
"""
COLLECTED = re.compile(r"^==(\d+)== Collected : (\d+)", re.MULTILINE)


def _wrap(folder, build, profiles):
    """Programs in `folder` that run those of the build under callgrind; their totals go to log.PROGRAM.PID there. Returns the
    folder with the programs, and the policy: copies, which whom we run as may read."""
    real = os.path.join(folder, "real")
    os.makedirs(real)
    os.chmod(folder, 0o1777)
    for name in PROGRAMS + ("gatepost-keeper",):
        if os.path.exists(os.path.join(build, name)):
            shutil.copy(os.path.join(build, name), real)
    policy = policy_of(build)
    shutil.copytree(os.path.dirname(policy), os.path.join(folder, "etc"))
    for name in COUNTED:
        if not os.path.exists(os.path.join(real, name)):
            continue
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(WRAPPER.format(log="%s/log.%s.%%p" % (folder, name), program=os.path.join(real, name),
                                     profile="%s/%s.%%p" % (profiles, name) if profiles else "/dev/null"))
        os.chmod(path, 0o755)
    return real, os.path.join(folder, "etc", os.path.basename(policy))


def _totals(folder):
    """{program: instructions}, over all its processes; of one that the build does not have 0."""
    totals = dict.fromkeys(COUNTED, 0)
    for name in COUNTED:
        if not os.path.exists(os.path.join(folder, name)):
            continue
        text = ""
        for path in glob.glob(os.path.join(folder, "log.%s.*" % name)):
            with open(path, encoding="utf-8", errors="replace") as log:
                text += log.read()
        found = dict(COLLECTED.findall(text))
        if not found:
            sys.exit("bench: valgrind tells no count for %s\n%s" % (name, text[-2000:]))
        totals[name] = sum(map(int, found.values()))
    return totals


def _send(port, messages):
    """One after the other: some in a session of their own, some in one that is kept."""
    for first in range(0, len(messages), KEPT):
        group = messages[first:first + KEPT]
        kept = first // KEPT % 2 == 1
        for part in [group] if kept else [[message] for message in group]:
            with Session(port, timeout=600) as session:
                if not all(deliver(session, message) for message in part):
                    sys.exit("bench: a message was not accepted")
                session.command("QUIT")


class Counter:
    def __init__(self, stage, asked):
        self.stage, self.profiles = stage, asked.profiles and os.path.abspath(asked.profiles)
        self.backend = stage.keep(Backend()).start()
        mails = Mails(asked.seed, stage.sender)
        self.first, self.rest = mails.messages(WARM_UP), mails.messages(asked.messages)
        self.runs = 0

    def count(self, build, name):
        """{program: instructions a message}"""
        few = self._run(build, name, self.first, None)
        all_of_them = self._run(build, name, self.first + self.rest, self.profiles)
        return {program: (all_of_them[program] - few[program]) / len(self.rest) for program in COUNTED}

    def _run(self, build, name, messages, profiles):
        self.runs += 1
        folder = os.path.join(self.stage.folder, "wrapped-%d" % self.runs)
        if profiles:
            profiles = os.path.join(profiles, "%s-%d" % (name, self.runs))
            os.makedirs(profiles)
            os.chmod(profiles, stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
        real, policy = _wrap(folder, build, profiles)
        gateway = self.stage.gateway("run-%d" % self.runs, real, self.backend.port, policy, settings=SETTINGS,
                                     libexec=folder, user=USER)
        gateway.start(300)
        _send(gateway.port, messages)
        gateway.stop()
        self.backend.forget()
        return _totals(folder)


def _spread(counts):
    """How far apart the repetitions are, of their mean, in percent."""
    return 100 * (max(counts) - min(counts)) / (mean(counts) or 1)


def report(names, builds, found):
    """`found` are for each build the counts of its repetitions."""
    for name, build in zip(names, builds):
        print("%-8s %s" % (name, build))
    repeated = len(found[0]) > 1
    print("\n%-16s" % "program" + "".join("%14s%s" % (name, "   spread" if repeated else "") for name in names)
          + ("%8s" % "ratio" if len(builds) > 1 else "") + "   (thousands of instructions a message)")
    for program in COUNTED + ("total",):
        text, means = "%-16s" % program, []
        for runs in found:
            counts = [sum(run.values()) if program == "total" else run[program] for run in runs]
            means.append(mean(counts))
            text += "%14.1f" % (means[-1] / 1000) + ("%8.2f%%" % _spread(counts) if repeated else "")
        print(text + ("%8.3f" % (means[0] / means[1]) if len(means) > 1 and means[1] else ""))


def main(build, asked):
    if not shutil.which("valgrind"):
        sys.exit("bench: --instructions needs valgrind, which `make deps` does not bring: apt-get install valgrind")
    builds = [checked_build(folder) for folder in (build, asked.against) if folder]
    names = ["this", "against"][:len(builds)]
    with Stage() as stage:
        counter = Counter(stage, asked)
        found = [[] for _ in builds]
        for _ in range(asked.repeat):
            for runs, folder, name in zip(found, builds, names):
                runs.append(counter.count(folder, name))
    report(names, builds, found)
    return 0
