# SPDX-License-Identifier: ISC
"""Gatepost beside its peers in front of a POP3 server: logins and messages a second, CPU, memory of sessions that are idle."""
import os
import subprocess
import sys
import time
from collections import namedtuple
from fnmatch import fnmatch
from statistics import median

import cpu
import pop3_programs
from lab.ports import free_port
from lab.process import Process
from lab.users import PASSWORD
from mails import Mails
from pop3_programs import Legs
from ratios import interval, interval_rank
from stage import ROOT, Stage, checked_build, compiled

# box: which mailbox, of Sink.files; messages: that a session reads; sessions: at once
Mode = namedtuple("Mode", "title box messages sessions legs")
MODES = {
    "login": Mode("logins", 0, 0, 20, Legs.PLAIN),
    "small": Mode("RETR of 4 KB", 0, 100, 20, Legs.PLAIN),
    "large": Mode("RETR of 1 MB", 1, 100, 10, Legs.PLAIN),
}
MODES.update({name + "tls": mode._replace(title=mode.title + ", TLS on both legs", legs=Legs.BOTH) for name, mode in MODES.items()})
# messages: that were read before a session became idle
IDLE = {
    "idle": Mode("TLS on both legs", 0, 0, 0, Legs.BOTH),
    "idleread": Mode("a message was read", 0, 1, 0, Legs.BOTH),
    "idlefront": Mode("TLS to the client only", 0, 0, 0, Legs.FRONT),
}
USUAL = ",".join([*MODES, *IDLE])

DIRECT = "direct"
PROGRAMS = {
    "server": pop3_programs.Server,
    "gatepost": pop3_programs.Gatepost,
    "gatepost all": pop3_programs.GatepostAll,
    "nginx": pop3_programs.Nginx,
    "perdition": pop3_programs.Perdition,
    "dovecot": pop3_programs.DovecotProxy,
    "haproxy": pop3_programs.Haproxy,
}
APART = "GATEPOST_BENCH_APART"  # set in the network namespace of the run
SECONDS, SETTLE = 2.0, 0.3  # that a row is measured; until its last sessions have ended
CALM = 2.0  # seconds: until what a load has left behind is done
Measured = namedtuple("Measured", "rate cpu")  # a second; milliseconds each


def _tool(stage, source):
    return compiled(os.path.join(ROOT, "bench", source), stage.folder, "-Wall", "-Wextra", "-lssl", "-lcrypto", "-lpthread")


class Sink:
    """The server behind: 100 messages of 4 KB in box 0, of 1 MB in box 1."""

    COUNT = 100

    def __init__(self, stage):
        self.port, self.tls_port = free_port(), free_port()
        mails = Mails(1, stage.sender)
        self.files = [self._write(os.path.join(stage.folder, "message-%d" % size), mails.plain(size)) for size in (4096, 1 << 20)]
        self.sizes = [os.path.getsize(path) for path in self.files]
        own = stage.certificate
        self.process = Process("sink", [_tool(stage, "pop3_sink.c"), self.port, self.tls_port, own.chain, own.key, self.COUNT, *self.files],
                               stage.folder)

    @staticmethod
    def _write(path, octets):
        with open(path, "wb") as out:
            out.write(octets)
        return path

    def port_of(self, legs):
        return self.tls_port if legs == Legs.BOTH else self.port

    def start(self):
        self.process.start().wait_port(self.port, self.tls_port)
        return self

    def stop(self):
        self.process.stop()


class Load:
    def __init__(self, stage, sink):
        self.sink = sink
        self._program = _tool(stage, "pop3_load.c")

    def _command(self, mode, port, *how):
        return [self._program, *["-t"] * (mode.legs != Legs.PLAIN), "-b", str(mode.box), "-p", PASSWORD, "-m", str(mode.messages),
                *map(str, how), str(port)]

    def serves(self, legs, port):
        """Whether a message can be read there."""
        mode = Mode(None, 0, 1, 1, legs)
        return subprocess.run(self._command(mode, port, "-d", 0), capture_output=True).returncode == 0

    def run(self, mode, port, seconds):
        """(seconds, how many of what the mode is about)"""
        done = subprocess.run(self._command(mode, port, "-c", mode.sessions, "-d", seconds), capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            sys.exit("bench: %s, %s" % (mode.title, done.stderr))
        took, sessions, messages, octets = done.stdout.split()
        if int(octets) != int(messages) * self.sink.sizes[mode.box]:
            sys.exit("bench: %s: %s messages had %s octets, not %d each" % (mode.title, messages, octets, self.sink.sizes[mode.box]))
        return float(took), int(messages if mode.messages else sessions)

    def hold(self, mode, port, sessions):
        """Sessions that are idle, as a process; they end with its input."""
        held = subprocess.Popen(self._command(mode, port, "-i", sessions), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        if held.stdout.readline() != "ready\n":
            sys.exit("bench: %s, %s" % (mode.title, held.communicate()[1]))
        return held


class Bench:
    def __init__(self, stage, build, names):
        self.stage, self.build, self.names = stage, build, names
        self.sink = stage.keep(Sink(stage)).start()
        self.load = Load(stage, self.sink)

    def program(self, name, legs):
        kind = PROGRAMS[name]
        more = (self.build,) if issubclass(kind, pop3_programs.Gatepost) else ()
        return kind(self.stage, self.sink, legs, *more)

    def started(self, program, legs):
        return program.start(lambda: self.load.serves(legs, program.port))

    def rates(self, modes, rounds, seconds):
        """{mode: {program: [Measured]}}; each second round goes the other way round."""
        programs = {(name, legs): self.started(self.stage.keep(self.program(name, legs)), legs)
                    for name in self.names for legs in sorted({MODES[mode].legs for mode in modes})}
        found = {mode: {name: [] for name in [DIRECT, *self.names]} for mode in modes}
        for number in range(-1, rounds):
            for mode in modes:
                for name in [DIRECT, *self.names][::-1 if number % 2 else 1]:
                    what = self._measure(MODES[mode], programs.get((name, MODES[mode].legs)), seconds if number >= 0 else seconds / 8)
                    if number >= 0:
                        found[mode][name].append(what)
        for program in programs.values():
            program.stop()
        return found

    def _measure(self, mode, program, seconds):
        """`program` None: the sink itself, whose threads end with their sessions, and their time with them."""
        root = (program or self.sink).process.pid
        port = program.port if program else self.sink.port_of(mode.legs)
        spent = cpu.seconds(root)
        took, count = self.load.run(mode, port, seconds)
        time.sleep(SETTLE)
        spent = cpu.seconds(root) - spent
        return Measured(count / took, 1000 * spent / max(1, count))

    def idle(self, modes, rounds, sessions):
        """{program: {mode: [KB a session]}}, each time of a program that has been started for it; empty: it cannot."""
        found = {name: {mode: [] for mode in modes} for name in self.names if name != "server"}
        for _ in range(rounds):
            for name, kinds in found.items():
                for mode, sizes in kinds.items():
                    if PROGRAMS[name].tls_behind or IDLE[mode].legs == Legs.FRONT:
                        sizes.append(self._idle(name, IDLE[mode], sessions))
        return found

    def _idle(self, name, mode, sessions):
        program = self.program(name, mode.legs)
        try:
            self.started(program, mode.legs)
            self.load.run(mode._replace(sessions=2), program.port, 1)
            time.sleep(CALM)
            before = cpu.memory(program.process.pid)
            held = self.load.hold(mode, program.port, sessions)
            time.sleep(CALM)
            after = cpu.memory(program.process.pid)
            held.communicate()
        finally:
            program.stop()
        return (after - before) / sessions


def _title(name):
    return PROGRAMS[name].title if name in PROGRAMS else "direct"


def report_rates(found):
    for mode, programs in found.items():
        print("\n%-42s%10s%8s%17s%10s" % (MODES[mode].title, "a second", "ratio", "interval", "CPU ms"))
        for name, rows in programs.items():
            ratio = interval([row.rate / direct.rate for row, direct in zip(rows, programs[DIRECT])])
            print("%-42s%10.0f%8.3f%17s" % (_title(name), median(row.rate for row in rows), ratio.median, "%.3f .. %.3f" % ratio[1:])
                  + ("" if name == DIRECT else "%10.4f" % median(row.cpu for row in rows)))


def report_idle(found, modes, sessions):
    print("\n%-42s" % ("KB a session, of %d that are idle" % sessions) + "".join("%26s" % IDLE[mode].title for mode in modes))
    for name, kinds in found.items():
        print("%-42s" % _title(name) + "".join("%26s" % ("%.1f (%.1f .. %.1f)" % (median(kinds[mode]), min(kinds[mode]), max(kinds[mode]))
                                                        if kinds[mode] else "-") for mode in modes))


def main(build, rounds, peers, modes, asked):
    build, modes = checked_build(build), modes.split(",")
    names = [name for name in PROGRAMS if name.startswith("gatepost") or not peers
             or any(fnmatch(name, pattern) for pattern in peers.split(","))]
    if rounds < 1 or not set(modes) <= set(MODES) | set(IDLE):
        sys.exit("bench: modes are %s; rounds 1 or more" % ", ".join([*MODES, *IDLE]))
    if not os.environ.get(APART):
        packages = [package for name in names for package in PROGRAMS[name].packages]
        subprocess.run([os.path.join(ROOT, "tests/lab/deps"), *packages], check=True)
        return subprocess.run(["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv],
                              env=dict(os.environ, **{APART: "1"})).returncode
    rank, coverage = interval_rank(rounds)
    with Stage() as stage:
        bench = Bench(stage, build, names)
        print("rounds: %d, each second one in the other order; ratio: to direct in the same round, the median; interval: from number %d\n"
              "to number %d of the rounds' ratios in order, which holds the true median with %.1f %%; CPU: all processes of the program,\n"
              "for each login or message" % (rounds, rank, rounds + 1 - rank, 100 * coverage))
        kinds = [mode for mode in modes if mode in MODES]
        if kinds:
            report_rates(bench.rates(kinds, rounds, SECONDS * asked.scale))
        kinds = [mode for mode in modes if mode in IDLE]
        if kinds:
            report_idle(bench.idle(kinds, min(rounds, 3), asked.sessions), kinds, asked.sessions)
    return 0
