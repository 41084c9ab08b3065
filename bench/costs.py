# SPDX-License-Identifier: ISC
"""What looking into each kind of file costs: processor time and the largest process of gatepostctl check, without antivirus.

A run checks a message several times, another once: the difference is what a message costs, without what a start costs."""
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
from statistics import median

import kinds
from lab.check import configuration

MIB = 1 << 20
TIMES = 6
CONTEXT = multiprocessing.get_context("fork")


def _check(build, config, path, times):
    """(seconds, KB of the largest process, whether all could be looked into)"""
    listing = path.with_suffix(".jsonl")
    listing.write_text("".join(json.dumps({"id": str(n), "ip": "192.0.2.1", "from": "sender@client.example", "rcpt": ["user@example.com"],
                                           "message": str(path)}) + "\n" for n in range(times)))
    with open(path.with_suffix(".answer"), "w+b") as answer:
        child = subprocess.Popen([os.path.join(build, "gatepostctl"), "check", "--json", "--config", str(config), "--batch", str(listing)], stdout=answer)
        _, status, used = os.wait4(child.pid, 0)  # with what its own children used
        child.returncode = status
        answer.seek(0)
        results = [json.loads(line) for line in answer.read().splitlines()]
    if len(results) != times or any(result.get("failed") for result in results):
        sys.exit("bench: %s was not checked" % path)
    files = results[0]["facts"]["attachments"]
    return used.ru_utime + used.ru_stime, used.ru_maxrss, not any(file["unscannable"] for file in files)


def _cost(build, config, path, rounds):
    """(milliseconds a message, MiB)"""
    took, memory = [], 0
    for _ in range(rounds):
        one, *_ = _check(build, config, path, 1)
        many, largest, whole = _check(build, config, path, 1 + TIMES)
        if not whole:
            sys.exit("bench: %s was not looked into" % path)
        took.append(1000 * (many - one) / TIMES)
        memory = max(memory, largest)
    return median(took), memory / 1024


def _made(kind, octets, path):
    """Octets of the file in the message that is written there; None: it cannot be made here. In a process of its own, since what
    this one holds would count as the peak of those that it starts."""
    def make(told):
        made = kinds.message(kind, octets)
        if made:
            path.write_bytes(made[0])
        told.send(made and made[1])
    here, there = CONTEXT.Pipe()
    maker = CONTEXT.Process(target=make, args=(there,))
    maker.start()
    size = here.recv()
    maker.join()
    return size


def main(build, asked):
    octets = int(asked.size * MIB)
    opaque = None
    print("%.1f MiB of words in each; CPU a MiB of them, and beside as many opaque octets" % asked.size)
    print("%-42s%10s%12s%10s%12s" % ("", "file, MiB", "ms a MiB", "times", "peak, MiB"))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        os.chmod(folder, 0o755)
        config = configuration(folder)
        for kind in kinds.KINDS:
            path = folder / "message.eml"
            size = _made(kind, octets, path)
            if size is None:
                print("%-42s  (cannot be made here)" % kind)
                continue
            took, memory = _cost(build, config, path, int(asked.rounds))
            took /= asked.size
            opaque = opaque or took
            print("%-42s%10.2f%12.1f%10.1f%12.0f" % (kind, size / MIB, took, took / opaque, memory), flush=True)
    return 0
