# SPDX-License-Identifier: ISC
"""What was measured, as tables."""
from statistics import median

from mailboxes.protocols import LARGE, MB
from ratios import interval, interval_rank


def _figures(values):
    return "%.1f (%.1f .. %.1f)" % (median(values), min(values), max(values)) if values else "-"


def announce(rounds, base):
    rank, coverage = interval_rank(rounds)
    print("rounds: %d, each second one in the other order; ratio: to %s in the same round, the median; interval: from number %d\n"
          "to number %d of the rounds' ratios in order, which holds the true median with %.1f %%; CPU: all processes of the program,\n"
          "for each connection, command or message" % (rounds, base, rank, rounds + 1 - rank, 100 * coverage))


def rates(found, modes, titles, base, sizes):
    for name, programs in found.items():
        mode = modes[name]
        print("\n%-52s%10s%8s%17s%10s" % (mode.title, "a second", "ratio", "interval", "CPU ms")
              + ("%10s" % "a MB" if mode.box == LARGE else ""))
        for program, rows in programs.items():
            _row(titles[program], rows, programs[base], mode, sizes)


def _row(title, rows, base, mode, sizes):
    ratio = interval([row.rate / other.rate for row, other in zip(rows, base)])
    spent = [row.cpu for row in rows if row.cpu is not None]
    print("%-52s%10.0f%8.3f%17s" % (title, median(row.rate for row in rows), ratio.median, "%.3f .. %.3f" % ratio[1:])
          + ("%10.4f" % median(spent) if spent else "")
          + ("%10.3f" % (median(spent) * MB / sizes[mode.box]) if spent and mode.box == LARGE else ""))


def idle(found, modes, titles, sessions):
    print("\n%-52s" % ("KB a session, of %d that are idle" % sessions) + "".join("%26s" % mode.title for mode in modes.values()))
    for program, kinds in found.items():
        print("%-52s" % titles[program] + "".join("%26s" % _figures(kinds[mode]) for mode in modes))


def crowd(found, titles, sessions):
    print("\n%-52s%22s%24s%24s" % ("%d idle sessions, TLS on both legs" % sessions, "KB a session", "ms alone, of 99 %", "ms beside them, of 99 %"))
    for program, (size, alone, beside) in found.items():
        print("%-42s%22.1f" % (titles[program], size) + "".join("%24s" % ("%.1f, %.1f" % (done.median, done.most)) for done in (alone, beside)))
