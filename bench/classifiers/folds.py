# SPDX-License-Identifier: ISC
"""What is learnt, and what is scored by that. A fold is (indices to learn in order, indices to score)."""
import random


def mixed(messages, chosen):
    """Each class in its order, both mixed evenly: good mail and spam of a corpus are often of different months."""
    ranks = []
    for spam in (False, True):
        own = [n for n in chosen if messages[n].spam == spam]
        ranks.extend(((place + 0.5) / len(own), n) for place, n in enumerate(own))
    return [n for _, n in sorted(ranks)]


def by_date(messages):
    """The first half of each class is learnt, as it came; the other is scored."""
    learnt, scored = [], []
    for spam in (False, True):
        own = [n for n, message in enumerate(messages) if message.spam == spam]
        learnt.extend(own[: len(own) // 2])
        scored.extend(own[len(own) // 2:])
    return [(mixed(messages, learnt), scored)]


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
