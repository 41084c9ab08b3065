# SPDX-License-Identifier: ISC
"""Every sample of the archives corpus through tests/archive_dump: all names, or a stated reason; bounded time and memory."""

import json
import os
import re
import resource
import subprocess

import pytest

from lab.needs import BUILD, CORPORA, SANITIZED

CORPUS = CORPORA / "archives"
DUMP = BUILD / "tests/archive_dump"
SECONDS = 10 if SANITIZED else 2
RSS_KB = 300 * 1024
BANNED = {"exe", "scr", "js", "vbs", "bat", "cmd", "com", "pif", "lnk", "hta"}

pytestmark = pytest.mark.skipif(
    not (CORPUS / "manifest.json").exists() or not DUMP.exists(), reason="no archives corpus, or not built"
)

# What differs from the manifest, and why that is right.
LOCKED = "the zip around it is itself encrypted; the manifest speaks of the document"
PAGE = "a page, not an archive"
FOLDER = "an empty folder has no record"
EXCEPTIONS = {
    "libarchive/test_gcpio_compat_ref.bin": FOLDER,
    "libarchive/test_gcpio_compat_ref.crc": FOLDER,
    "libarchive/test_gcpio_compat_ref.newc": FOLDER,
    "libarchive/test_gcpio_compat_ref_nosym.bin": FOLDER,
    "libarchive/test_gcpio_compat_ref_nosym.newc": FOLDER,
    "libarchive/test_fuzz_1.iso.Z": FOLDER,
    "libarchive/test_read_format_iso_joliet.iso.Z": FOLDER,
    "libarchive/test_read_format_iso_joliet_long.iso.Z": FOLDER,
    "libarchive/test_read_format_iso_joliet_rockridge.iso.Z": FOLDER,
    "libarchive/test_read_format_rar.rar": FOLDER,
    "libarchive/test_read_format_rar5_symlink.rar": FOLDER,
    "libarchive/test_read_format_rar5_win32.rar": FOLDER,
    "libarchive/test_read_format_rar_compress_best.rar": FOLDER,
    "libarchive/test_read_format_rar_compress_normal.rar": FOLDER,
    "oletools/msodde/dde-in-word2003.xml.zip": LOCKED,
    "oletools/msodde/dde-test-from-office2003.doc.zip": LOCKED,
    "oletools/msodde/dde-test-from-office2013-utf_16le-korean.doc.zip": LOCKED,
    "oletools/msodde/dde-test-from-office2016.doc.zip": LOCKED,
    "oletools/ooxml/dde-in-word2003.xml.zip": LOCKED,
    "oletools/rtfobj/issue_185.rtf.zip": LOCKED,
    "clamav-testfiles/clam.exe.html": PAGE,
}


def limit_memory():
    """The scanner's own limit: what libarchive asks for beyond it is refused, and told as unscannable."""
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))


def inspect(path):
    env = dict(os.environ, ASAN_OPTIONS="allocator_may_return_null=1:max_allocation_size_mb=256")
    done = subprocess.run([DUMP, path], capture_output=True, timeout=30, env=env, preexec_fn=limit_memory)
    assert done.returncode == 0, f"{path}: exit {done.returncode} {done.stderr[-2000:].decode('latin-1')}"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def samples(folder):
    manifest = json.loads((CORPUS / "manifest.json").read_text())
    return [s for s in manifest["files"] if s["file"].startswith(folder + "/")]


def plain(name):
    """bsdtar's way of printing undone: octal escapes and UTF-8 become bytes in Latin-1, as archive_dump prints them."""
    name = name.encode("utf-8").decode("latin-1")
    name = re.sub(r"\\(\d{3})", lambda m: chr(int(m.group(1), 8)), name)
    return name.replace("\\\\", "\\").replace("\\", "/")


def names(records):
    found = set()
    for record in records[1:]:
        found.update(n.replace("\\", "/").rstrip("/").removeprefix("./") for n in record["names"])
    return found


def has(records, flag):
    return any(record[flag] for record in records)


def excused(records):
    return has(records, "unscannable") or has(records, "encrypted") or has(records, "limit")


def listed(sample, records):
    found = names(records)
    folders = {name[: m.start()] for name in found for m in re.finditer("/", name)}
    wanted = {plain(e).rstrip("/").removeprefix("./") for e in sample.get("entries") or [] if not e.endswith("/")}
    return sorted(n for n in wanted if n not in found and n not in folders and n != ".")


def made_problem(sample, records):
    extensions = {e for r in records[1:] for e in r["extensions"]}
    answers = {
        "banned": bool(extensions & BANNED),
        "virus": any("eicar.com" in r["names"] and r["size"] == 68 for r in records),
        "encrypted": has(records, "encrypted"),
        "ratio": has(records, "limit"),
        "overlap": has(records, "limit"),
        "malformed": has(records, "unscannable"),
        "no-write-outside": len(records) > 1,
        "no-special": len(records) > 1,
        "clean": not extensions & BANNED and not excused(records),
    }
    verdicts = sample["verdict"].split("|")
    if not any(answers[v] for v in verdicts):
        return f"verdict {sample['verdict']} not reached"
    if sample.get("encrypted") and not answers["encrypted"]:
        return "encryption not seen"
    basenames = {n.rsplit("/", 1)[-1] for n in names(records)}
    wanted = {plain(m).rsplit("/", 1)[-1] for m in sample["members"]} - {"(cp866).exe"}
    return f"not listed: {wanted - basenames}" if wanted - basenames else None


def libarchive_problem(sample, records):
    if sample.get("encrypted") and not has(records, "encrypted"):
        return "encryption not seen"
    missing = listed(sample, records)
    if missing and not excused(records):
        return f"not listed: {missing[:5]}"
    known = "Unrecognized archive format" not in sample["bsdtar_error"]
    if sample["bsdtar_rc"] and known and not excused(records) and not records[0]["archive"]:
        return "neither an archive nor a reason: " + records[0]["type"][0]
    return None


def office_problem(sample, records):
    macros = has(records, "macros")
    if sample["macro"] != "unknown" and macros != (sample["macro"] == "yes"):
        if not (sample["encrypted"] and sample["macro"] == "yes"):
            return f"macros {macros}, expected {sample['macro']}"
    if sample["encrypted"] != has(records, "encrypted"):
        return f"encrypted, expected {sample['encrypted']}"
    if sample["embedded_object"] and not has(records, "embedded"):
        return "embedded object not seen"
    return None


def clamav_problem(sample, records):
    if any("application/x-dosexec" in r["type"] for r in records):
        return None
    if excused(records) or has(records, "embedded"):
        return None
    return listed(sample, records) or "clam.exe not found: " + records[0]["type"][0]


def slip_problem(sample, records):
    return f"not listed: {m}" if (m := listed(sample, records)) else None


@pytest.mark.parametrize(
    "folder,problem_of",
    [
        ("made", made_problem),
        ("libarchive", libarchive_problem),
        ("oletools", office_problem),
        ("clamav-testfiles", clamav_problem),
        ("zip-slip", slip_problem),
    ],
)
def test_samples(folder, problem_of, capsys):
    problems, excuses, every = {}, {}, samples(folder)
    for sample in every:
        records, summary = inspect(CORPUS / sample["file"])
        problem = problem_of(sample, records)
        if summary["seconds"] > SECONDS or (summary["rss_kb"] > RSS_KB and not SANITIZED):
            problem = f"{summary['seconds']} s, {summary['rss_kb']} KB"
        if problem and sample["file"] in EXCEPTIONS:
            excuses[sample["file"]] = EXCEPTIONS[sample["file"]]
        elif problem:
            problems[sample["file"]] = problem
    with capsys.disabled():
        print(f"\n{folder}: {len(every) - len(excuses) - len(problems)} of {len(every)}")
        for name, reason in excuses.items():
            print(f"  except {name}: {reason}")
    assert not problems, "\n".join(f"{name}: {problem}" for name, problem in problems.items())
