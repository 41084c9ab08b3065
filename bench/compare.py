# SPDX-License-Identifier: ISC
"""Two builds side by side in alternating rounds: messages a second and CPU a message, as ratios."""
import os
import subprocess
import sys
import time
from collections import namedtuple
from statistics import median

import cpu
from ratios import interval, interval_rank
from sender import MESSAGE
from stage import Stage, Tools, checked_build, policy_of

# messages: a round's, without rules and with all of them; octets None: the signed message
Mode = namedtuple("Mode", "title octets sessions kept messages")
MODES = {
    "small": Mode("4 KB, new connection", 4096, 20, False, {"none": 4000, "all": 1500}),
    "keep": Mode("4 KB, kept", 4096, 20, True, {"none": 8000, "all": 3000}),
    "smallown": Mode("4 KB, signed, new connection", None, 20, False, {"all": 1500}),
    "keepown": Mode("4 KB, signed, kept", None, 20, True, {"all": 3000}),
    "large": Mode("1 MB", 1 << 20, 10, False, {"none": 600, "all": 60}),
}
SETTLE = 0.15  # seconds: the last sessions end, and the sink writes its count
Measured = namedtuple("Measured", "rate cpu")  # messages a second, milliseconds a message


class Comparison:
    """Both builds, with and without rules as asked, behind one sink."""

    def __init__(self, stage, builds, asked):
        self.tools = stage.keep(Tools(stage.folder)).start()
        self.signed = os.path.join(stage.folder, "signed.eml")
        with open(self.signed, "wb") as out:
            out.write(stage.sender.signed(MESSAGE))
        self.scale = asked.scale
        self.rows = [(rules, mode) for rules in asked.rules.split(",") for mode in asked.kinds.split(",")
                     if rules in MODES[mode].messages]
        self.gateways = {}
        for rules in dict.fromkeys(rules for rules, _ in self.rows):
            self.gateways[rules] = [
                stage.gateway("%s-%s" % (side, rules), build, self.tools.port, policy_of(build) if rules == "all" else None).start()
                for side, build in zip("ab", builds)]
        self.found = {row: [] for row in self.rows}

    def round(self, number):
        """One pair of each row; the other build is first in every second round."""
        order = (0, 1) if number % 2 == 0 else (1, 0)
        for row in self.rows:
            pair = [None, None]
            for side in order:
                pair[side] = self._measure(row, side)
            self.found[row].append(pair)

    def warm_up(self):
        time.sleep(SETTLE)
        for row in self.rows:
            for side in (0, 1):
                self._measure(row, side, 0.1)

    def _measure(self, row, side, part=1.0):
        rules, mode = row[0], MODES[row[1]]
        gateway = self.gateways[rules][side]
        count = max(mode.sessions, round(mode.messages[rules] * self.scale * part))
        before, spent, began = self.tools.arrived(), cpu.seconds(gateway.process.pid), time.monotonic()
        done = subprocess.run(self._command(mode, count, gateway.port), capture_output=True, text=True, timeout=600)
        took = time.monotonic() - began
        time.sleep(SETTLE)
        spent = cpu.seconds(gateway.process.pid) - spent
        arrived = self.tools.arrived() - before
        if done.returncode != 0 or arrived != count:
            sys.exit("bench: %s, rules %s: %d of %d messages arrived\n%s%s" % (
                mode.title, rules, arrived, count, done.stderr[-500:], gateway.process.output()[-1500:]))
        return Measured(count / took, 1000 * spent / count)

    def _command(self, mode, count, port):
        kept = ["-d"] if mode.kept else []
        load = ["-s", str(mode.sessions), "-m", str(count), *kept]
        if mode.octets is None:
            return [self.tools.smtpload, *load, "-F", self.signed, str(port)]
        return ["smtp-source", "-M", "client.gp.example", *load, "-l", str(mode.octets), "-f", "u@gp.example", "-t", "r@gp.example",
                "127.0.0.1:%d" % port]


HEAD = "%-6s%-30s%10s%10s%8s%17s%10s%10s%8s%17s" % (
    "rules", "messages", "rate", "against", "ratio", "interval", "CPU ms", "against", "ratio", "interval")


def _half(pairs, value):
    """(this, against, ratio) of the rate or the CPU."""
    ratios = interval([value(ours) / value(theirs) for ours, theirs in pairs])
    return median(value(ours) for ours, _ in pairs), median(value(theirs) for _, theirs in pairs), ratios


def report(builds, found, rounds):
    """Prints the table; returns the interval of the CPU's ratio of each row."""
    rank, coverage = interval_rank(rounds)
    print("this %s\nagainst %s\nrounds: %d, in turn this first and the other first; rate: messages a second; CPU: all processes of the "
          "gateway, a message.\nratio: this / against, the median over the rounds; interval: from number %d to number %d of the "
          "rounds' ratios in order,\nwhich holds the true median with %.1f %% (order statistics)\n\n%s" % (
              *builds, rounds, rank, rounds + 1 - rank, 100 * coverage, HEAD))
    work = {}
    for (rules, mode), pairs in found.items():
        text = "%-6s%-30s" % (rules, MODES[mode].title)
        for value, form in ((lambda m: m.rate, "%10.0f"), (lambda m: m.cpu, "%10.4f")):
            ours, theirs, ratio = _half(pairs, value)
            text += form % ours + form % theirs + "%8.3f" % ratio.median + ("%.3f .. %.3f" % ratio[1:]).rjust(17)
        work[rules, mode] = ratio
        print(text)
    return work


def main(build, asked):
    builds = checked_build(build), checked_build(asked.against)
    unknown = (set(asked.kinds.split(",")) - set(MODES)) | (set(asked.rules.split(",")) - {"none", "all"})
    if unknown or asked.pairs < 1:
        sys.exit("bench: %s: modes are %s, rules none and all, rounds 1 or more" % (", ".join(sorted(unknown)), ", ".join(MODES)))
    with Stage() as stage:
        comparison = Comparison(stage, builds, asked)
        comparison.warm_up()
        for number in range(asked.pairs):
            comparison.round(number)
    work = report(builds, comparison.found, asked.pairs)
    return int(asked.fail_above is not None and any(ratio.low > asked.fail_above for ratio in work.values()))
