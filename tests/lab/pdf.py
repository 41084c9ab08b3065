# SPDX-License-Identifier: ISC
"""PDFs by hand (ISO 32000-2), with what viewers may find in them. An object is octets, or a Stream."""
import hashlib
import struct
import zlib

PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
IDENTIFIER = bytes(range(16))


class Stream:
    def __init__(self, content, entries=b"", length=None):
        self.content, self.entries, self.length = content, entries, length


def flate(content, entries=b"", **more):
    return Stream(zlib.compress(content), entries + b"/Filter/FlateDecode", **more)


def text(value):
    """A text string in UTF-16, as hexadecimal digits."""
    return b"<FEFF" + value.encode("utf-16-be").hex().encode() + b">"


def body(thing, cipher=None):
    if not isinstance(thing, Stream):
        return thing
    content = cipher(thing.content) if cipher else thing.content
    length = str(len(content)).encode() if thing.length is None else thing.length
    return b"<<" + thing.entries + b"/Length " + length + b">>stream\n" + content + b"\nendstream"


def file(objects, trailer=b"", header=b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", cipher=None):
    """Numbers to objects; 1 is the catalog. The cipher: (number, octets) to octets; the handler's own object is 99."""
    out, places = header, {}
    for number, thing in objects.items():
        places[number] = len(out)
        own = (lambda content, n=number: cipher(n, content)) if cipher and number != 99 else None
        out += b"%d 0 obj\n" % number + body(thing, own) + b"\nendobj\n"
    table = b"xref\n0 1\n0000000000 65535 f \n" + b"".join(b"%d 1\n%010d 00000 n \n" % at for at in places.items())
    return out + table + b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, trailer, len(out))


def page(more=b"", catalog=b""):
    return {1: b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]" + more + b">>"}


def with_file(content, spec, **more):
    """With an embedded file, Flate, that the entries of a file specification name."""
    objects = page(catalog=b"/Names<</EmbeddedFiles<</Names[(a) 4 0 R]>>>>")
    objects[4] = b"<</Type/Filespec/EF<</F 5 0 R>>" + spec + b">>"
    objects[5] = flate(content, b"/Type/EmbeddedFile", **more)
    return objects


def object_stream(objects):
    """Numbers to objects, none of them a stream."""
    header, bodies = b"", b""
    for number, thing in objects.items():
        header += b"%d %d " % (number, len(bodies))
        bodies += thing + b"\n"
    return flate(header + bodies, b"/Type/ObjStm/N %d/First %d" % (len(objects), len(header)))


def rc4(key, content):
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for octet in content:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(octet ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def aes(key, content, iv, padded=True):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    if padded:
        content += bytes([16 - len(content) % 16]) * (16 - len(content) % 16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(content) + encryptor.finalize()


def literal(octets):
    return b"<" + octets.hex().encode() + b">"


def key_by_md5(password, revision, length):
    padded = (password + PADDING)[:32]
    digest = hashlib.md5(padded + bytes(32) + struct.pack("<i", -4) + IDENTIFIER).digest()
    for _ in range(50 if revision >= 3 else 0):
        digest = hashlib.md5(digest[:length]).digest()
    return digest[:length]


def check_by_md5(key, revision):
    if revision == 2:
        return rc4(key, PADDING)
    value = hashlib.md5(PADDING + IDENTIFIER).digest()
    for i in range(20):
        value = rc4(bytes(octet ^ i for octet in key), value)
    return value + bytes(16)


def hash_by_sha(password, salt, revision):
    key = hashlib.sha256(password + salt).digest()
    number = 0
    while revision == 6:
        block = aes(key[:16], (password + key) * 64, key[16:32], padded=False)
        key = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(block[:16]) % 3](block).digest()
        number += 1
        if number >= 64 and block[-1] <= number - 32:
            break
    return key[:32]


def encrypted(objects, version, revision, length=16, method=None, password=b""):
    """The same, readable by whoever knows the user's password."""
    entries = b"/Filter/Standard/V %d/R %d/P -4/O %s/Length %d" % (version, revision, literal(bytes(48 if revision > 4 else 32)), length * 8)
    if method:
        entries += b"/CF<</StdCF<</CFM/%s/AuthEvent/DocOpen/Length %d>>>>/StmF/StdCF/StrF/StdCF" % (method, length)
    if revision < 5:
        key = key_by_md5(password, revision, length)
        entries += b"/U " + literal(check_by_md5(key, revision))
    else:
        key = bytes(range(32))
        entries += b"/U " + literal(hash_by_sha(password, b"validate", revision) + b"validate" + b"keysalt.")
        entries += b"/UE " + literal(aes(hash_by_sha(password, b"keysalt.", revision), key, bytes(16), padded=False)) + b"/OE " + literal(bytes(32))

    def cipher(number, content):
        own = key
        if revision < 5:
            salted = key + struct.pack("<I", number)[:3] + bytes(2) + (b"sAlT" if method == b"AESV2" else b"")
            own = hashlib.md5(salted).digest()[:min(len(key) + 5, 16)]
        return bytes(16) + aes(own, content, bytes(16)) if method in (b"AESV2", b"AESV3") else rc4(own, content)

    sealed = {number: thing(lambda octets, n=number: literal(cipher(n, octets))) if callable(thing) else thing for number, thing in objects.items()}
    sealed[99] = b"<<" + entries + b">>"
    return file(sealed, b"/Encrypt 99 0 R/ID[%s%s]" % (literal(IDENTIFIER), literal(IDENTIFIER)), cipher=cipher)
