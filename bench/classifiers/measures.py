# SPDX-License-Identifier: ISC
"""What scores are worth. A result is a list of (score, whether it is spam)."""
from statistics import mean, stdev


def recall(result, share):
    """Of spam, in hundredths, what stands above all good mail but `share` of it."""
    ham = sorted((score for score, spam in result if not spam), reverse=True)
    threshold = ham[int(share * len(ham))]
    spams = [score for score, spam in result if spam]
    return 100 * sum(score > threshold for score in spams) / len(spams)


def roca(result):
    """1-ROCA in hundredths: how often good mail stands above spam (the same score: half)."""
    ranked = sorted(result)
    wrong = ham_above = at = 0
    total = sum(not spam for _, spam in ranked)
    while at < len(ranked):
        to = at
        while to < len(ranked) and ranked[to][0] == ranked[at][0]:
            to += 1
        spams = sum(spam for _, spam in ranked[at:to])
        hams = to - at - spams
        wrong += spams * (total - ham_above - hams + hams / 2)
        ham_above += hams
        at = to
    return 100 * wrong / (total * (len(ranked) - total))


def spread(values):
    return "%.1f (%.1f)" % (mean(values), stdev(values)) if len(values) > 1 else "%.1f" % values[0]


def spread_fine(values):
    return "%.2f (%.2f)" % (mean(values), stdev(values)) if len(values) > 1 else "%.2f" % values[0]
