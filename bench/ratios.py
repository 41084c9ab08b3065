# SPDX-License-Identifier: ISC
"""The median of paired ratios, and between which of them the true one lies."""
from collections import namedtuple
from math import comb
from statistics import median

Interval = namedtuple("Interval", "median low high")


def interval_rank(count, confidence=0.95):
    """(rank, coverage): the true median lies between the rank-th smallest and the rank-th largest of `count` values with this
    probability, whatever their distribution, since how many are below it is binomial (count, 1/2). It is the narrowest such
    interval with at least `confidence`; too few values have none, and the widest (rank 1) is given."""
    rank, outside = 1, 2 * 0.5 ** count
    while True:
        more = outside + 2 * comb(count, rank) * 0.5 ** count
        if more > 1 - confidence:
            return rank, 1 - outside
        rank, outside = rank + 1, more


def interval(values):
    ordered = sorted(values)
    rank, _ = interval_rank(len(ordered))
    return Interval(median(ordered), ordered[rank - 1], ordered[-rank])
