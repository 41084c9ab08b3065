# SPDX-License-Identifier: ISC
"""What the shipped policy says of images of disks, offline."""
import shutil
import subprocess

import pytest

from lab import check, iso, needs, samples

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

WORDS = b"words\n"
GOOD_CD = iso.image({"a.txt": WORDS}, {"a longer name.txt": WORDS})
ONLY_JOLIET = iso.image({"a.txt": WORDS}, {"a.txt": WORDS, "run.exe": samples.PROGRAM})
ONLY_PRIMARY = iso.image({"a.txt": WORDS, "run.exe": samples.PROGRAM}, {"a.txt": WORDS})
TAR = (b"run.exe".ljust(100, b"\0") + b"0000644\0".ljust(24, b"\0") + b"00000000010\0".ljust(24, b"\0") + b"0000001\0" + b"0").ljust(257, b"\0") \
    + b"ustar\x0000".ljust(255, b"\0") + samples.PROGRAM.ljust(1024, b"\0")

GOOD = {
    "a CD": ("a.dat", GOOD_CD),
    "a CD in a zip": ("a.zip", samples.zipped("a.dat", GOOD_CD)),
    "a CD of raw sectors": ("a.dat", iso.raw(GOOD_CD)),
    "a CD without Joliet": ("a.dat", iso.image({"a.txt": WORDS})),
}
BAD = {
    "a program that Joliet alone has": ("a.dat", ONLY_JOLIET, "a.dat/run.exe"),
    "a program that Joliet does not have": ("a.dat", ONLY_PRIMARY, "a.dat/RUN.EXE"),
    "a program in a CD in a zip": ("a.zip", samples.zipped("a.dat", ONLY_JOLIET), "a.zip/a.dat/run.exe"),
    "a program in a zip in a CD": ("a.dat", iso.image({}, {"a.zip": samples.zipped("run.exe", samples.PROGRAM)}), "a.dat/a.zip/run.exe"),
    "a program in raw sectors": ("a.dat", iso.raw(ONLY_JOLIET), "a.dat/run.exe"),
    "a program under a harmless name": ("a.dat", iso.image({"a.txt": samples.PROGRAM}), "a.dat/A.TXT"),
    "a CD that begins as a PDF": ("a.pdf", b"%PDF-1.7\n" + ONLY_JOLIET[9:], "a.pdf/run.exe"),
    "a CD that is cut": ("a.dat", GOOD_CD[:18 * iso.SECTOR], ""),
}

# Boot sector of a FAT: 512 octets a sector, 4 sectors a cluster, one reserved, two tables ...
FAT = (b"\xeb\x3c\x90mkfs.fat\0\2\4\1\0\2\0\2\x66\2\xf8\1\0".ljust(510, b"\0") + b"\x55\xaa").ljust(20480, b"\0")
# A superblock of ext at 1024: inodes and blocks, the magic number, clean.
EXT = (bytes(1024) + b"\1\0\0\0\1\0\0\0".ljust(32, b"\0") + b"\0\x20\0\0\0\x20\0\0\0\1\0\0".ljust(24, b"\0") + b"\x53\xef\1\0\1\0").ljust(20480, b"\0")
UNOPENED = {"FAT": FAT, "FAT in a zip": samples.zipped("a.dat", FAT), "ext behind a picture's beginning": b"\x89PNG\r\n\x1a\n" + EXT[8:],
            "zpaq": b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3zPQ\2\1".ljust(400, b"\1"), "a tar with a wrong checksum": TAR}
BAD.update({what: ("a.dat", content, "") for what, content in UNOPENED.items()})


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    every = {**{"good: " + w: v for w, v in GOOD.items()}, **{"bad: " + w: v for w, v in BAD.items()}}
    paths = {}
    for number, (what, (name, content, *_)) in enumerate(every.items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(samples.with_attachment(name, content))
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", GOOD)
def test_is_delivered(what, judged):
    assert judged["good: " + what]["verdict"] == "accept", judged["good: " + what]
    assert not any(a["unscannable"] for a in judged["good: " + what]["facts"]["attachments"])


@pytest.mark.parametrize("what", BAD)
def test_is_refused_by_its_path(what, judged):
    result = judged["bad: " + what]
    assert result["verdict"] == "reject", result
    assert BAD[what][2] in [a["path"] for a in result["facts"]["attachments"]], result["facts"]["attachments"]


@pytest.mark.skipif(not shutil.which("7z"), reason="no 7z")
def test_other_programs_read_what_is_made_here(tmp_path):
    (tmp_path / "a.iso").write_bytes(ONLY_JOLIET)
    listed = subprocess.run(["7z", "l", "-slt", str(tmp_path / "a.iso")], capture_output=True, text=True, check=True).stdout
    assert "Type = Iso" in listed and "Path = run.exe" in listed


def test_the_antivirus_sees_every_tree(tmp_path):
    files = {"joliet": iso.image({"a.txt": WORDS}, {"a.txt": samples.EICAR}), "primary": iso.image({"a.txt": samples.EICAR}, {"a.txt": WORDS}),
             "raw": iso.raw(iso.image({"a.txt": samples.EICAR})), "clean": GOOD_CD}
    paths = {what: tmp_path / (what + ".eml") for what in files}
    for what, content in files.items():
        paths[what].write_bytes(samples.with_attachment("a.dat", content))
    config = check.configuration(tmp_path, signatures=samples.write_signatures(tmp_path / "signatures"))
    verdicts = {what: result["facts"]["av.result"] for what, result in check.batch(tmp_path, paths, config).items()}
    assert verdicts == {what: "clean" if what == "clean" else "infected" for what in files}
