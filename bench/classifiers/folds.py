# SPDX-License-Identifier: ISC
"""What is learnt, and what is scored by that. A fold is (indices to learn in order, indices to score)."""
import random


def by_date(messages):
    """The first half of each class is learnt, as it came; the other is scored."""
    halves = ([], [])
    for spam in (False, True):
        own = [n for n, message in enumerate(messages) if message.spam == spam]
        halves[0].extend(own[: len(own) // 2])
        halves[1].extend(own[len(own) // 2:])
    return [tuple(sorted(half) for half in halves)]


def shuffled(messages, seed, count=5):
    """So many folds of all messages, each of both classes alike."""
    chance = random.Random(seed)
    parts = [[] for _ in range(count)]
    for spam in (False, True):
        own = [n for n, message in enumerate(messages) if message.spam == spam]
        chance.shuffle(own)
        for place, n in enumerate(own):
            parts[place % count].append(n)
    folds = []
    for part in parts:
        learnt = [n for other in parts if other is not part for n in other]
        chance.shuffle(learnt)
        folds.append((learnt, part))
    return folds


def shortened(fold, count, seed):
    """Only `count` messages are learnt, of both classes as they are mixed."""
    learnt, scored = fold
    return random.Random(seed).sample(learnt, min(count, len(learnt))), scored
