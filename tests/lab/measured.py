# SPDX-License-Identifier: ISC
"""What a program, and those that it starts, take of the machine."""
import json
import subprocess
import sys
from collections import namedtuple

Used = namedtuple("Used", "seconds octets")

# The kernel counts as a program's memory what the process had that has executed it: so that is a small one, not this one.
SMALL = """
import json, os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)])
used = os.wait4(child, 0)[2]
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


def run(words, told):
    """Runs it; what it says is in the file `told`. Processor time, and the most memory that one process had."""
    done = subprocess.run([sys.executable, "-ISc", SMALL, str(told), *map(str, words)], stdout=subprocess.PIPE, check=True)
    return Used(*json.loads(done.stdout))
