/* SPDX-License-Identifier: ISC */
#include "filters/pdf/pdf_crypt.h"

#include "filters/mime/bytes.h"
#include "filters/pdf/pdf_text.h"
#include "filters/rc4.h"

enum {
    PADDED = 32,
    SALT = 8,
    MD5_LEN = 16,
    SHA256_LEN = 32,
    KEY_SHORT = 5,
    ROUNDS_MD5 = 50,
    ROUNDS_RC4 = 19,
    ROUNDS_HASH = 64,
    REPEATED = 64,
    U_LEN = 48,
};

/* What stands for a password where that is shorter (7.6.4.3.2). */
static const char padding[PADDED + 1] = "\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa"
                                        "\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe"
                                        "\x64\x53\x69\x7a";
#define PADDING ((struct slice){padding, PADDED})

struct handler {
    struct arena *arena;
    const struct pdf_tree *tree;
    uint32_t dict;
    struct slice id, o, u, ue, password;
    uint64_t version, revision;
    uint8_t permissions[4];
    bool metadata; /* is encrypted too */
};

static struct slice octets_of(const uint8_t *octets, size_t len)
{
    return (struct slice){(const char *)octets, len};
}

static struct slice string_of(const struct handler *h, struct slice key)
{
    uint32_t at = pdf_find(h->tree, h->dict, key);
    const struct pdf_node *node = pdf_node(h->tree, at);
    if (!at || (node->kind != PDF_STRING && node->kind != PDF_HEX))
        return (struct slice){0};
    return pdf_string(h->arena, pdf_raw(h->tree, node), node->kind == PDF_HEX);
}

static uint64_t whole_of(const struct handler *h, uint32_t dict, struct slice key)
{
    uint64_t value;
    uint32_t at = pdf_find(h->tree, dict, key);
    return at && pdf_whole(h->tree, at, &value) ? value : 0;
}

/* A number of 32 bits, with its sign or without. */
static void read_permissions(struct handler *h)
{
    uint32_t at = pdf_find(h->tree, h->dict, SLICE("P"));
    struct slice text = at ? pdf_raw(h->tree, pdf_node(h->tree, at)) : (struct slice){0};
    bool minus = bytes_u8(text, 0) == '-';
    uint64_t value = 0;
    text = slice_from(text, minus);
    slice_to_u64(slice_sub(text, 0, slice_find(text, '.')), UINT32_MAX, &value);
    uint32_t p = minus ? 0 - (uint32_t)value : (uint32_t)value;
    for (int i = 0; i < 4; i++)
        h->permissions[i] = (uint8_t)(p >> (8 * i));
}

static bool digest_parts(struct pdf_crypt *crypt, enum pdf_digest kind, const struct slice *parts,
                         size_t count, uint8_t out[DIGEST_MAX])
{
    bool ok = pdf_digest(kind, parts, count, out) > 0;
    crypt->failed = crypt->failed || !ok;
    return ok;
}

/* Algorithm 2. */
static void make_key(const struct handler *h, size_t len, struct pdf_crypt *out)
{
    uint8_t digest[DIGEST_MAX] = {0};
    struct slice parts[] = {h->password,
                            slice_sub(PADDING, 0, PADDED - h->password.len),
                            slice_sub(h->o, 0, PADDED),
                            octets_of(h->permissions, 4),
                            h->id,
                            SLICE("\xff\xff\xff\xff")};
    digest_parts(out, PDF_MD5, parts, h->revision >= 4 && !h->metadata ? 6 : 5, digest);
    for (int i = 0; h->revision >= 3 && i < ROUNDS_MD5; i++) {
        struct slice part = octets_of(digest, len);
        digest_parts(out, PDF_MD5, &part, 1, digest);
    }
    memcpy(out->key, digest, len);
    out->key_len = len;
}

/* Algorithms 4, 5 and 6: does the key make of what is known what stands in /U? */
static bool is_key(const struct handler *h, struct pdf_crypt *crypt)
{
    char known[PADDED];
    if (h->revision == 2) {
        memcpy(known, padding, PADDED);
        rc4(octets_of(crypt->key, crypt->key_len), known, PADDED);
        return slice_eq((struct slice){known, PADDED}, slice_sub(h->u, 0, PADDED));
    }
    uint8_t digest[DIGEST_MAX], key[32];
    struct slice parts[] = {PADDING, h->id};
    if (!digest_parts(crypt, PDF_MD5, parts, 2, digest))
        return false;
    memcpy(known, digest, MD5_LEN);
    for (int round = 0; round <= ROUNDS_RC4; round++) {
        for (size_t i = 0; i < crypt->key_len; i++)
            key[i] = crypt->key[i] ^ (uint8_t)round;
        rc4(octets_of(key, crypt->key_len), known, MD5_LEN);
    }
    return slice_eq((struct slice){known, MD5_LEN}, slice_sub(h->u, 0, MD5_LEN));
}

/* Writers differ in where they say how long a key is: the right one is known by what it opens. */
static bool open_by_md5(const struct handler *h, struct pdf_crypt *out)
{
    size_t lengths[] = {(size_t)whole_of(h, h->dict, SLICE("Length")) / 8, MD5_LEN, KEY_SHORT};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        if (lengths[i] < KEY_SHORT || lengths[i] > MD5_LEN)
            continue;
        make_key(h, h->revision == 2 ? KEY_SHORT : lengths[i], out);
        if (is_key(h, out))
            return true;
    }
    return false;
}

/* What a round encrypts: password and hash, many times. */
static size_t repeat(struct slice password, struct slice hash, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < REPEATED; i++) {
        memcpy(out + n, password.ptr, password.len);
        memcpy(out + n + password.len, hash.ptr, hash.len);
        n += password.len + hash.len;
    }
    return n;
}

/* Algorithm 2.B: each round encrypts, and digests as that came out. */
static bool harden(struct slice password, struct pdf_crypt *crypt, uint8_t hash[DIGEST_MAX])
{
    size_t len = SHA256_LEN;
    for (unsigned round = 0;; round++) {
        char repeated[REPEATED * (PADDED + DIGEST_MAX)];
        struct buf encrypted = buf_init(sizeof repeated + AES_BLOCK);
        size_t whole = repeat(password, octets_of(hash, len), repeated);
        bool ok = pdf_aes(true, octets_of(hash, AES_BLOCK), hash + AES_BLOCK,
                          (struct slice){repeated, whole}, &encrypted);
        struct slice e = buf_slice(&encrypted);
        unsigned sum = 0;
        for (size_t i = 0; i < AES_BLOCK; i++)
            sum += bytes_u8(e, i);
        len = pdf_digest((enum pdf_digest)(PDF_SHA256 + sum % 3), &e, 1, hash);
        unsigned last = bytes_u8(e, e.len - 1);
        buf_release(&encrypted);
        crypt->failed = crypt->failed || !ok || len == 0;
        if (crypt->failed)
            return false;
        if (round + 1 >= ROUNDS_HASH && last + PADDED <= round + 1)
            return true;
    }
}

static bool hash_of(const struct handler *h, struct pdf_crypt *crypt, struct slice salt,
                    uint8_t hash[DIGEST_MAX])
{
    struct slice parts[] = {h->password, salt};
    return digest_parts(crypt, PDF_SHA256, parts, 2, hash) &&
           (h->revision == 5 || harden(h->password, crypt, hash));
}

/* Algorithm 2.A. */
static bool open_by_sha(const struct handler *h, struct pdf_crypt *out)
{
    static const uint8_t no_iv[AES_BLOCK];
    uint8_t hash[DIGEST_MAX];
    if (h->u.len < U_LEN || h->ue.len < AES_256_KEY ||
        !hash_of(h, out, slice_sub(h->u, SHA256_LEN, SHA256_LEN + SALT), hash) ||
        memcmp(hash, h->u.ptr, SHA256_LEN) != 0 ||
        !hash_of(h, out, slice_sub(h->u, SHA256_LEN + SALT, U_LEN), hash))
        return false;
    struct buf key = buf_init(AES_256_KEY + AES_BLOCK);
    bool ok = pdf_aes(false, octets_of(hash, AES_256_KEY), no_iv, slice_sub(h->ue, 0, AES_256_KEY),
                      &key) &&
              buf_len(&key) == AES_256_KEY;
    out->failed = out->failed || !ok;
    if (ok)
        memcpy(out->key, buf_slice(&key).ptr, AES_256_KEY);
    out->key_len = AES_256_KEY;
    buf_release(&key);
    return ok;
}

/* What the crypt filter that is named under `key` does (7.6.6). */
static bool method_of(const struct handler *h, struct slice key, enum pdf_method *out)
{
    uint32_t name = pdf_find(h->tree, h->dict, key), filters, filter = 0, method;
    if (name && !pdf_is_name(h->tree, name, SLICE("Identity")) &&
        (filters = pdf_find(h->tree, h->dict, SLICE("CF"))))
        filter = pdf_find(h->tree, filters, pdf_raw(h->tree, pdf_node(h->tree, name)));
    if (!filter) {
        *out = PDF_PLAIN;
        return !name || pdf_is_name(h->tree, name, SLICE("Identity"));
    }
    method = pdf_find(h->tree, filter, SLICE("CFM"));
    if (!method || pdf_is_name(h->tree, method, SLICE("None")))
        return false;
    if (pdf_is_name(h->tree, method, SLICE("V2")))
        *out = PDF_RC4;
    else if (pdf_is_name(h->tree, method, SLICE("AESV2")))
        *out = PDF_AES_128;
    else if (pdf_is_name(h->tree, method, SLICE("AESV3")))
        *out = PDF_AES_256;
    else
        return false;
    return true;
}

static bool read_methods(const struct handler *h, struct pdf_crypt *out)
{
    out->strings = out->streams = out->files = PDF_RC4;
    if (h->version < 4)
        return h->version == 1 || h->version == 2;
    if (!method_of(h, SLICE("StrF"), &out->strings) || !method_of(h, SLICE("StmF"), &out->streams))
        return false;
    out->files = out->streams;
    return !pdf_find(h->tree, h->dict, SLICE("EFF")) || method_of(h, SLICE("EFF"), &out->files);
}

bool pdf_crypt_open(struct arena *arena, const struct pdf_tree *tree, uint32_t dict,
                    struct slice id, struct slice password, struct pdf_crypt *out)
{
    struct handler h = {.arena = arena,
                        .tree = tree,
                        .dict = dict,
                        .id = id,
                        .password = slice_sub(password, 0, PADDED)};
    uint32_t name = pdf_find(tree, dict, SLICE("Filter"));
    uint32_t metadata = pdf_find(tree, dict, SLICE("EncryptMetadata"));
    if (!name || !pdf_is_name(tree, name, SLICE("Standard")))
        return false;
    h.version = whole_of(&h, dict, SLICE("V"));
    h.revision = whole_of(&h, dict, SLICE("R"));
    h.o = string_of(&h, SLICE("O"));
    h.u = string_of(&h, SLICE("U"));
    h.ue = string_of(&h, SLICE("UE"));
    out->failed = arena_failed(arena);
    h.metadata = !metadata || !slice_eq(pdf_raw(tree, pdf_node(tree, metadata)), SLICE("false"));
    read_permissions(&h);
    if (!read_methods(&h, out) || h.revision < 2 || h.revision > 6)
        return false;
    return h.revision < 5 ? h.version < 5 && open_by_md5(&h, out)
                          : h.version == 5 && open_by_sha(&h, out);
}

/* Algorithm 1. Of an object its number and generation are part of the key. */
static struct slice object_key(const struct pdf_crypt *crypt, enum pdf_method method,
                               uint32_t number, uint32_t generation, uint8_t out[DIGEST_MAX])
{
    uint8_t who[5] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                      (uint8_t)generation, (uint8_t)(generation >> 8)};
    struct slice parts[] = {octets_of(crypt->key, crypt->key_len), octets_of(who, sizeof who),
                            SLICE("sAlT")};
    if (method == PDF_AES_256)
        return parts[0];
    if (pdf_digest(PDF_MD5, parts, method == PDF_AES_128 ? 3 : 2, out) == 0)
        return (struct slice){0};
    size_t len = crypt->key_len + sizeof who;
    return octets_of(out, method == PDF_AES_128 || len > MD5_LEN ? MD5_LEN : len);
}

/* Behind its first block, which is the IV; the last octet tells how many were filled in. */
static bool decrypt_aes(struct slice key, struct slice in, struct buf *out)
{
    struct slice blocks = slice_from(in, AES_BLOCK);
    blocks = slice_sub(blocks, 0, blocks.len - blocks.len % AES_BLOCK);
    if (in.len < AES_BLOCK || key.len != (key.len > AES_BLOCK ? AES_256_KEY : AES_BLOCK))
        return in.len == 0;
    if (!pdf_aes(false, key, (const uint8_t *)in.ptr, blocks, out))
        return false;
    unsigned filled = bytes_u8(buf_slice(out), buf_len(out) - 1);
    if (filled >= 1 && filled <= AES_BLOCK && filled <= buf_len(out))
        out->tail -= filled;
    return true;
}

bool pdf_decrypt(const struct pdf_crypt *crypt, enum pdf_method method, uint32_t number,
                 uint32_t generation, struct slice in, struct buf *out)
{
    uint8_t octets[DIGEST_MAX];
    struct slice key = object_key(crypt, method, number, generation, octets);
    if (key.len == 0)
        return false;
    if (method == PDF_AES_128 || method == PDF_AES_256)
        return decrypt_aes(key, in, out);
    size_t before = out->tail;
    if (!buf_append(out, in))
        return false;
    if (method == PDF_RC4 && in.len)
        rc4(key, out->data + before, in.len);
    return true;
}
