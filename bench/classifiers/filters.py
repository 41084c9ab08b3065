# SPDX-License-Identifier: ISC
"""The filters: each scores the messages of a fold after it has learnt the others. A label is (index, spam).

`secrets`: how many sites' are tried, where a filter keeps what it learns by one; a row tells the mean of them."""
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent


def _memory(pid):
    """KiB at the most."""
    for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


class _Talker:
    """A program that is told what to do a line each, and answers so."""

    def __init__(self, command, **how):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1 << 16, **how)

    def tell(self, *lines):
        self.child.stdin.write("".join(line + "\n" for line in lines))
        self.child.stdin.flush()

    def ask(self, line):
        self.tell(line)
        answer = self.child.stdout.readline()
        if not answer:
            raise SystemExit("bench: %s has ended" % self.child.args[0])
        return answer.split()

    def close(self):
        memory = _memory(self.child.pid)
        self.child.stdin.close()
        self.child.wait()
        return memory


class Gatepost:
    name = "Gatepost"
    secrets = range(1, 6)

    def __init__(self, paths, program):
        self.listing = tempfile.NamedTemporaryFile("w", suffix=".list")
        self.listing.write("".join("%s\n" % path for path in paths))
        self.listing.flush()
        self.talker, self.secret = _Talker([program, self.listing.name]), 1

    def take_secret(self, number):
        if number != self.secret:
            self.talker.tell("key %d" % number)
        self.secret = number

    def run(self, labels, scored):
        self.talker.tell("new", *("learn %d %s" % (n, "spam" if spam else "ham") for n, spam in labels))
        self.model = self.talker.ask("model")
        answers = [self.talker.ask("score %d" % n) for n in scored]
        self.probabilities = [float(answer[2]) for answer in answers]
        return [float(answer[1]) for answer in answers]

    def close(self):
        self.memory = self.talker.close()
        self.listing.close()


class _WithoutSecret:
    secrets = (1,)

    def take_secret(self, _):
        pass


class Bogofilter(_WithoutSecret):
    name = "bogofilter"

    def __init__(self, paths, _=None):
        self.paths = paths

    def run(self, labels, scored):
        folder = tempfile.mkdtemp()
        for spam in (False, True):
            names = "".join("%s\n" % self.paths[n] for n, label in labels if label == spam)
            subprocess.run(["bogofilter", "-C", "-d", folder, "-b", "-s" if spam else "-n"], input=names, text=True, check=True)
        asked = subprocess.run(["bogofilter", "-C", "-d", folder, "-b", "-v", "-TT"], input="".join("%s\n" % self.paths[n] for n in scored),
                               text=True, stdout=subprocess.PIPE, check=False)
        self.size = sum(path.stat().st_size for path in pathlib.Path(folder).iterdir())
        shutil.rmtree(folder)
        return [float(line.split()[-1]) for line in asked.stdout.splitlines()]

    def close(self):
        pass


class SpamAssassin(_WithoutSecret):
    """Its Bayes alone, by its Perl modules in one process."""
    name = "SpamAssassin's Bayes"

    def __init__(self, paths, _=None):
        self.paths = paths

    def run(self, labels, scored):
        folder = tempfile.mkdtemp()
        talker = _Talker(["perl", str(HERE / "spamassassin_bayes.pl"), folder], env=dict(os.environ, HOME=folder))
        for n, spam in labels:
            talker.ask("learn %s %s" % ("spam" if spam else "ham", self.paths[n]))
        talker.ask("sync")
        scores = [float(talker.ask("score %s" % self.paths[n])[0]) for n in scored]
        self.memory = talker.close()
        self.size = sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())
        shutil.rmtree(folder)
        return scores

    def close(self):
        pass
