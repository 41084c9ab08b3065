# SPDX-License-Identifier: ISC
"""Office documents with a password (MS-OFFCRYPTO), as Office writes them: agile and standard encryption."""
import base64
import hashlib
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from lab import msg

VERIFIER, HASH, KEY = (bytes.fromhex(h) for h in ("fea7d2763b4b9e79", "d7aa0f6d3061344e", "146e0be7abacd0d6"))
VERSION = {"agile": struct.pack("<HHI", 4, 4, 0x40), "standard": struct.pack("<HHI", 4, 2, 0x24)}


def _encrypt(key, mode, octets):
    padded = octets.ljust(-(-len(octets) // 16) * 16, b"\0")
    encryptor = Cipher(algorithms.AES(key), mode).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def _spun(name, salt, password, spins):
    make = getattr(hashlib, name)
    digest = make(salt + password.encode("utf-16-le")).digest()
    for i in range(spins):
        digest = make(struct.pack("<I", i) + digest).digest()
    return digest


def agile(document, password, name="sha512", bits=256, spins=100000, damage=False):
    """A document's octets, locked (2.3.4.10 to 2.3.4.15)."""
    salt, data_salt, secret, proof = (os.urandom(n) for n in (16, 16, bits // 8, 16))
    spun = _spun(name, salt, password, spins)

    def locked(block_key, octets):
        key = hashlib.new(name, spun + block_key).digest()[:bits // 8].ljust(bits // 8, b"\x36")
        return base64.b64encode(_encrypt(key, modes.CBC(salt), octets)).decode()

    package = b"".join(_encrypt(secret, modes.CBC(hashlib.new(name, data_salt + struct.pack("<I", i)).digest()[:16]), document[i * 4096:i * 4096 + 4096])
                       for i in range(-(-len(document) // 4096)))
    common = 'saltSize="16" blockSize="16" keyBits="%d" hashSize="%d" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="%s"' \
        % (bits, hashlib.new(name).digest_size, name.upper())
    info = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" ' \
        'xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><keyData %s saltValue="%s"/><dataIntegrity/><keyEncryptors>' \
        '<keyEncryptor uri="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><p:encryptedKey spinCount="%d" %s saltValue="%s" ' \
        'encryptedVerifierHashInput="%s" encryptedVerifierHashValue="%s" encryptedKeyValue="%s"/></keyEncryptor></keyEncryptors></encryption>' \
        % (common, base64.b64encode(data_salt).decode(), spins, common, base64.b64encode(salt).decode(), locked(VERIFIER, proof),
           locked(HASH, hashlib.new(name, proof).digest()), locked(KEY, secret))
    return _file("agile", info.encode(), len(document), package[:4096] if damage else package)


def standard(document, password):
    """The same in the form of Office 2007 (2.3.4.5 to 2.3.4.9)."""
    salt, proof = os.urandom(16), os.urandom(16)
    last = hashlib.sha1(_spun("sha1", salt, password, 50000) + bytes(4)).digest()
    key = b"".join(hashlib.sha1(bytes(a ^ b for a, b in zip(last.ljust(64, b"\0"), bytes([pad]) * 64))).digest() for pad in (0x36, 0x5c))[:16]
    name = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
    header = struct.pack("<8I", 0x24, 0, 0x660e, 0x8004, 128, 24, 0, 0) + name
    info = struct.pack("<I", len(header)) + header + struct.pack("<I", 16) + salt + _encrypt(key, modes.ECB(), proof) \
        + struct.pack("<I", 20) + _encrypt(key, modes.ECB(), hashlib.sha1(proof).digest())
    return _file("standard", info, len(document), _encrypt(key, modes.ECB(), document))


def _file(kind, info, size, package):
    return msg.octets(msg.Storage({"EncryptionInfo": VERSION[kind] + info, "EncryptedPackage": struct.pack("<Q", size) + package}))
