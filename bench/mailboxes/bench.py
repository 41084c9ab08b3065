# SPDX-License-Identifier: ISC
"""Gatepost beside its peers in front of a server of mailboxes, or of users who send: what they do a second, CPU, memory of sessions that are idle."""
import os
import subprocess
import sys
import time
from collections import namedtuple
from fnmatch import fnmatch

import cpu
from mailboxes import clamd, programs, report, submission
from mailboxes.protocols import CROWD, FRESH, IDLE, Legs
from mailboxes.tools import Load, Sink
from stage import ROOT, Stage, checked_build

DIRECT = "direct"
PROGRAMS = {
    "server": programs.Server,
    "gatepost": programs.Gatepost,
    "gatepost all": programs.GatepostAll,
    "nginx": programs.Nginx,
    "perdition": programs.Perdition,
    "dovecot": programs.DovecotProxy,
    "haproxy": programs.Haproxy,
    "clamd": clamd.Clamd,
    "gatepost signing": submission.GatepostSigning,
    "postfix": submission.Postfix,
    "postfix+opendkim": submission.PostfixSigning,
}
TITLES = {DIRECT: "direct", **{name: kind.title for name, kind in PROGRAMS.items()}}
APART = "GATEPOST_BENCH_APART"  # set in the network namespace of the run
SECONDS, SETTLE = 2.0, 0.3  # that a row is measured; until its last sessions have ended
READERS = 10  # at once, so that each process of a program has read it
CALM = 2.0  # seconds: until what a load has left behind is done
Measured = namedtuple("Measured", "rate cpu")  # a second; milliseconds each, None: nobody's


def modes_of(protocol):
    return [*protocol.modes, *IDLE, "crowd"] if protocol.idles else [*protocol.modes]


def names_of(protocol):
    return [name for name, kind in PROGRAMS.items() if protocol.name in kind.protocols]


class Bench:
    def __init__(self, stage, build, protocol, names):
        self.stage, self.build, self.protocol, self.names = stage, build, protocol, names
        self.sink = stage.keep(Sink(stage, protocol)).start()
        self.load = Load(stage, self.sink)

    def program(self, name, legs):
        kind = PROGRAMS[name]
        more = (self.build,) if issubclass(kind, programs.Gatepost) else ()
        return kind(self.stage, self.sink, legs, *more)

    def started(self, program, legs):
        return program.start(lambda: self.load.serves(legs, program.port))

    def rates(self, modes, rounds, seconds):
        """{mode: {program: [Measured]}}; each second round goes the other way round."""
        modes = {name: self.protocol.modes[name] for name in modes}
        started = {(name, legs): self.started(self.stage.keep(self.program(name, legs)), legs)
                   for name in self.names for legs in sorted({mode.legs for mode in modes.values() if PROGRAMS[name].does(mode)})}
        found = {name: {row: [] for row in [DIRECT, *self.names] if row == DIRECT or PROGRAMS[row].does(mode)}
                 for name, mode in modes.items()}
        for number in range(-1, rounds):
            for name, mode in modes.items():
                for row in list(found[name])[::-1 if number % 2 else 1]:
                    what = self._measure(mode, started.get((row, mode.legs)), seconds if number >= 0 else seconds / 8)
                    if number >= 0:
                        found[name][row].append(what)
        for program in started.values():
            program.stop()
        return found

    def _measure(self, mode, program, seconds):
        """`program` None: the sink itself."""
        if not program:
            took, count = self.load.run(mode, self.sink.port_of(mode.legs), seconds)
            return Measured(count / took, None)
        if mode.same:  # what other modes have shown may have pushed it out of a memory
            program.run(self.load, mode._replace(count=1, sessions=READERS), 0)
        spent = program.spent()
        took, count = program.run(self.load, mode, seconds)
        time.sleep(SETTLE)
        spent = program.spent() - spent
        return Measured(count / took, 1000 * spent / max(1, count))

    def idle(self, modes, rounds, sessions):
        """{program: {mode: [KB a session]}}, each time of a program that has been started for it; empty: it cannot."""
        found = {name: {mode: [] for mode in modes} for name in self.names if PROGRAMS[name].stands_in_front}
        for _ in range(rounds):
            for name, kinds in found.items():
                for mode, sizes in kinds.items():
                    if PROGRAMS[name].tls_behind or IDLE[mode].legs == Legs.FRONT:
                        sizes.append(self._idle(name, IDLE[mode], sessions, lambda port: None)[0])
        return found

    def crowd(self, sessions, seconds):
        """{program: (KB a session, Done alone, Done beside them)}; the peers have no descriptors for so many."""
        def fresh(port):
            return self.load.do(FRESH, port, seconds)[1]
        return {name: self._idle(name, CROWD, sessions, fresh) for name in self.names if issubclass(PROGRAMS[name], programs.Gatepost)}

    def _idle(self, name, mode, sessions, beside):
        """(KB a session, what beside(port) returned before them, and beside them)"""
        program = self.program(name, mode.legs)
        try:
            self.started(program, mode.legs)
            self.load.run(mode._replace(sessions=2), program.port, 1)
            alone = beside(program.port)
            time.sleep(CALM)
            before = cpu.memory(program.process.pid)
            held = self.load.hold(mode, program.port, sessions)
            time.sleep(CALM)
            after = cpu.memory(program.process.pid)
            not_alone = beside(program.port)
            held.communicate()
        finally:
            program.stop()
        return (after - before) / sessions, alone, not_alone


def _measure(bench, modes, rounds, base, asked):
    kinds = [mode for mode in modes if mode in bench.protocol.modes]
    if kinds:
        report.rates(bench.rates(kinds, rounds, SECONDS * asked.scale), bench.protocol.modes, TITLES, base, bench.sink.sizes)
    kinds = {mode: IDLE[mode] for mode in modes if mode in IDLE}
    if kinds:
        report.idle(bench.idle(kinds, min(rounds, 3), asked.sessions), kinds, TITLES, asked.sessions)
    if "crowd" in modes:
        report.crowd(bench.crowd(asked.crowd, SECONDS * asked.scale), TITLES, asked.crowd)


def _apart(names, protocol):
    """The same command in a network namespace of its own, with all packages."""
    packages = [package.format(protocol=protocol.name) for name in names for package in PROGRAMS[name].packages]
    subprocess.run([os.path.join(ROOT, "tests/lab/deps"), *packages], check=True)
    return subprocess.run(["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv],
                          env=dict(os.environ, **{APART: "1"})).returncode


def main(build, protocol, rounds, peers, modes, asked):
    build, modes = checked_build(build), modes.split(",") if modes else modes_of(protocol)
    names = [name for name in names_of(protocol) if name.startswith("gatepost") or not peers
             or any(fnmatch(name, pattern) for pattern in peers.split(","))]
    if rounds < 1 or not set(modes) <= set(modes_of(protocol)):
        sys.exit("bench: modes are %s; rounds 1 or more" % ", ".join(modes_of(protocol)))
    if not os.environ.get(APART):
        return _apart(names, protocol)
    base = protocol.base if protocol.base in names else DIRECT
    with Stage() as stage:
        bench = Bench(stage, build, protocol, names)
        report.announce(rounds, TITLES[base])
        _measure(bench, modes, rounds, base, asked)
    return 0
