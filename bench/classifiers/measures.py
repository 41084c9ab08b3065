# SPDX-License-Identifier: ISC
"""What scores are worth. A result is a list of (score, whether it is spam)."""
import random
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
    hams = sum(not spam for _, spam in ranked)
    wrong = below = at = 0
    while at < len(ranked):
        to = at
        while to < len(ranked) and ranked[to][0] == ranked[at][0]:
            to += 1
        spams = sum(spam for _, spam in ranked[at:to])
        same = to - at - spams
        wrong += spams * (hams - below - same / 2)
        below += same
        at = to
    return 100 * wrong / (hams * (len(ranked) - hams))


def drawn_again(result, times=100):
    """As many results as if other mail of the same kind had been scored."""
    chance = random.Random(1)
    classes = [[one for one in result if one[1] == spam] for spam in (False, True)]
    return [[one for each in classes for one in chance.choices(each, k=len(each))] for _ in range(times)]


def cell(results, drawn, measure, digits=1):
    """The mean of a measure, and its deviation."""
    return "%.*f (%.*f)" % (digits, mean(map(measure, results)), digits, stdev(map(measure, drawn)))
