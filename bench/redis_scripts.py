#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""How many of our scripts one Redis runs a second: a redis-server as the private one is, and redis-benchmark, which calls
them by their digests over a few connections, as proxies do.

    bench/redis_scripts.py [--calls 200000] [--connections 4] [--pipeline 1 16]"""
import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from lab.redis import SERVER, script  # noqa: E402

NOW = str(int(time.time()))
ANY = "gatepost:%s:__rand_int__"
CALLS = {  # what the shipped policy asks for each message, and what is told afterwards
    "greylist": ([ANY % "greylist", ANY % "network"], [NOW, "300", "172800", "3110400", "5", "1"]),
    "history": ([ANY % "sender"], []),
    "rates": ([ANY % "now", ANY % "before"], ["7200"]),
    "accepted": ([ANY % "network", ANY % "sender"], [NOW, "3110400", "1"]),
    "contact": ([ANY % "contact"], []),
    "campaign": ([ANY % "campaign"] * 24 + [ANY % "opinion"], [NOW, "1209600", "16", "8", "8", "6", "7", "account"]),
    "dmarc": ([ANY % "dmarc"], ["3110400", "1000", "row", "policy", "1"]),
    "login": ([ANY % "failed", ANY % "busy"], ["60", "3600", "3"]),
}


def measured(place, name, calls, connections, pipeline):
    keys, args = CALLS[name]
    digest = hashlib.sha1(script(name).encode()).hexdigest()
    done = subprocess.run(["redis-benchmark", "-s", place, "-n", str(calls), "-c", str(connections), "-P", str(pipeline), "-r", "1000000", "-q",
                           "EVALSHA", digest, str(len(keys)), *keys, *args], capture_output=True, text=True, check=True)
    return float(re.findall(r"([\d.]+) requests per second", done.stdout)[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=200000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--pipeline", type=int, nargs="+", default=[1, 16])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-") as folder:
        place = os.path.join(folder, "socket")
        server = subprocess.Popen([SERVER, "--port", "0", "--dir", folder, "--unixsocket", place, "--appendonly", "yes", "--appendfsync", "everysec",
                                   "--save", "", "--loglevel", "warning"], stdout=subprocess.DEVNULL)
        try:
            while subprocess.run(["redis-cli", "-s", place, "PING"], capture_output=True, check=False).returncode:
                time.sleep(0.05)
            for name in CALLS:
                subprocess.run(["redis-cli", "-s", place, "SCRIPT", "LOAD", script(name)], capture_output=True, check=True)
            print("script".ljust(12), *("%8s" % ("depth %d" % depth) for depth in asked.pipeline))
            for name in CALLS:
                print(name.ljust(12), *("%8.0f" % measured(place, name, asked.calls, asked.connections, depth) for depth in asked.pipeline), flush=True)
            memory = subprocess.run(["redis-cli", "-s", place, "INFO", "memory"], capture_output=True, text=True, check=True).stdout
            count = subprocess.run(["redis-cli", "-s", place, "DBSIZE"], capture_output=True, text=True, check=True).stdout
            print("octets a key:", int(re.search(r"used_memory:(\d+)", memory)[1]) // int(count.split()[-1]))
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
