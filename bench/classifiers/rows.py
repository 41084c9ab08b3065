# SPDX-License-Identifier: ISC
"""What is asked of each filter: a row is a name and what was measured, printed as it comes."""
import random
import time

import attacks
import folds
import measures


class Course:
    """A filter and a corpus, with whatever files are scored beside the corpus' own."""

    def __init__(self, kind, messages, program, more=()):
        self.messages, self.paths = messages, [message.path for message in messages] + list(more)
        self.number = {path: n for n, path in enumerate(self.paths)}
        self.filter = kind(self.paths, program)
        self.spent = self.done = 0

    def labels(self, learnt, wrong=0.0, seed=1):
        """`wrong` of them say the opposite."""
        turned = set(random.Random(seed).sample(learnt, round(wrong * len(learnt))))
        return [(n, self.messages[n].spam != (n in turned)) for n in learnt]

    def result(self, fold, wrong=0.0, seed=1):
        learnt, scored = fold
        self.filter.take_secret(seed)
        begin = time.monotonic()
        scores = self.filter.run(self.labels(learnt, wrong, seed), scored)
        self.spent += time.monotonic() - begin
        self.done += len(learnt) + len(scored)
        return [(score, self.messages[n].spam) for score, n in zip(scores, scored)]

    def close(self):
        self.filter.close()


def _line(name, results):
    """The means of several results, and their deviations; of one, as below."""
    if len(results) == 1:
        _line_of_one(name, results)
    else:
        _print(name, results, results)


def _line_of_one(name, results):
    """The same of one experiment by several secrets; the deviation if other mail had been drawn."""
    _print(name, results, [drawn for result in results for drawn in measures.drawn_again(result)])


def _print(name, results, drawn):
    cells = [measures.cell(results, drawn, lambda one, share=share: measures.recall(one, share)) for share in (0, 0.001, 0.01)]
    print("| %s | %s | %s |" % (name, " | ".join(cells), measures.cell(results, drawn, measures.roca, 2)), flush=True)


def head(title):
    print("\n%s\n\n| | recall at 0 | at 0.1 %% | at 1 %% | 1-ROCA %% |\n| --- | --- | --- | --- | --- |" % title, flush=True)


def _together(course, seed, **how):
    """The five folds of a shuffle as one result."""
    return [pair for fold in folds.shuffled(course.messages, seed) for pair in course.result(fold, seed=seed, **how)]


def cost(course):
    kib = getattr(course.filter, "memory", 0)
    print("%s: %.1f ms a message learnt or scored, all of it; memory %.0f MiB; what was learnt %.0f KiB" % (
        course.filter.name, 1000 * course.spent / max(1, course.done), kib / 1024, getattr(course.filter, "size", 0) / 1024), flush=True)


def by_date(kind, messages, program):
    course = Course(kind, messages, program)
    _line_of_one(kind.name, [course.result(folds.by_date(messages)[0], seed=secret) for secret in kind.secrets])
    course.close()
    cost(course)


def shuffles(kind, messages, program, seeds, **how):
    course = Course(kind, messages, program)
    _line(kind.name, [_together(course, seed, **how) for seed in seeds])
    course.close()


def wrong_labels(kind, messages, program, seeds):
    """By date, the labels that are wrong drawn anew each time."""
    course = Course(kind, messages, program)
    fold = folds.by_date(messages)[0]
    for wrong in (0.01, 0.1):
        _line("%s, %.0f %% wrong" % (kind.name, 100 * wrong), [course.result(fold, wrong, seed) for seed in seeds])
    course.close()


def curve(kind, messages, program, seeds):
    course = Course(kind, messages, program)
    for count in (20, 50, 100, 200):
        results = []
        for seed in seeds:
            parts = folds.shuffled(messages, seed)
            results.append([pair for fold in parts for pair in course.result(folds.shortened(fold, count, seed))])
        _line("%s, %d learnt" % (kind.name, count), results)
    course.close()


def _attacked(course, fold, written):
    """{place: result}, all scored after learning once."""
    learnt, scored = fold
    places = {"as it is": scored, **{place: [course.number[path] for path in written[place]] for place in attacks.PLACES}}
    every = sorted({n for numbers in places.values() for n in numbers})  # good mail is the same everywhere: once
    scores = dict(zip(every, course.filter.run(course.labels(learnt), every)))
    return {place: [(scores[n], course.messages[m].spam) for n, m in zip(numbers, scored)] for place, numbers in places.items()}


def attack(kind, messages, program, parts, out):
    """`parts`: the folds whose results are one."""
    written = [attacks.write_attacked(messages, fold, out / str(n), n) for n, fold in enumerate(parts)]
    more = sorted({path for one in written for paths in one.values() for path in paths} - {message.path for message in messages})
    course = Course(kind, messages, program, more)
    results = {}
    for secret in kind.secrets:
        course.filter.take_secret(secret)
        for fold, one in zip(parts, written):
            for place, result in _attacked(course, fold, one).items():
                results.setdefault(place, {}).setdefault(secret, []).extend(result)
    for place, each in results.items():
        _line_of_one("%s, %s" % (kind.name, place), list(each.values()))
    course.close()


def calibration(messages, course):
    """What was said, and what share of it was spam."""
    learnt, scored = folds.by_date(messages)[0]
    course.filter.run(course.labels(learnt), scored)
    said = sorted(zip(course.filter.probabilities, (messages[n].spam for n in scored)))
    print("\n| said | messages | mean said | spam |\n| --- | --- | --- | --- |")
    for low, high in ((0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 0.99), (0.99, 1.01)):
        group = [one for one in said if low <= one[0] < high]
        if group:
            print("| %g to %g | %d | %.3f | %.3f |" % (low, min(high, 1), len(group), sum(p for p, _ in group) / len(group), sum(s for _, s in group) / len(group)))
