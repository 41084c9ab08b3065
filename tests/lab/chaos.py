# SPDX-License-Identifier: ISC
"""Processes die at random; and what is said of deliveries of which nobody knows what became."""
import json
import random

from lab.process import kill


def kill_one(pids):
    if pids:
        kill(random.choice(pids))


def doubts(gateway):
    """All that was said: lines of the log, and records."""
    records = gateway.log().splitlines() + [json.dumps(record) for record in gateway.decisions()]
    return [record for record in records if "in-doubt" in record]
