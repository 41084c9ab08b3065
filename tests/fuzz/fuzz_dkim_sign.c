/* SPDX-License-Identifier: ISC
 * A message is signed with both kinds of key, its body in pieces, and verified: what we sign
 * verifies, whatever it is. */
#include "filters/sender/dkim.h"
#include "filters/sender/dkim_sign.h"
#include "filters/sender/hasher.h"
#include "tests/fuzz/target.h"

enum { NOW = 1763770000, PIECE = 7 };

static struct dkim_private keys[DKIM_ALGORITHMS];
static const struct dkim_signer signers[DKIM_ALGORITHMS] = {
    {{"example.com", 11}, {"r", 1}, DKIM_RSA_SHA256},
    {{"example.com", 11}, {"e", 1}, DKIM_ED25519_SHA256}};

static void make_keys(void)
{
    for (int i = 0; i < DKIM_ALGORITHMS && !keys[i].key; i++) {
        struct buf pem = buf_init(DKIM_KEY_FILE_MAX);
        require(dkim_private_make((enum dkim_algorithm)i, DKIM_RSA_BITS_MIN, &pem) &&
                !dkim_private_read(buf_slice(&pem), &keys[i]));
        buf_release(&pem);
    }
}

/* As a proxy has it: lines end with CRLF, and no octet is NUL. */
static struct slice message_of(struct arena *arena, struct slice in)
{
    static const char first[] = "From: a@example.com\r\n";
    char *out = arena_alloc(arena, sizeof first + 2 * in.len + 2);
    size_t n = sizeof first - 1;
    if (!out)
        return (struct slice){NULL, 0};
    memcpy(out, first, n);
    for (size_t i = 0; i < in.len; i++) {
        if (in.ptr[i] == '\n')
            out[n++] = '\r';
        if (in.ptr[i] && in.ptr[i] != '\r')
            out[n++] = in.ptr[i];
    }
    if (out[n - 1] != '\n') {
        out[n++] = '\r';
        out[n++] = '\n';
    }
    return (struct slice){out, n};
}

/* What verifiers do not read alike is no message that is signed and verifies. To some VT and FF
 * are blanks in a header, which they are not (RFC 6376 2.8). */
static bool is_plain(struct slice block)
{
    struct header field;
    if (slice_find(block, '\v') < block.len || slice_find(block, '\f') < block.len)
        return false;
    while (headers_next(&block, &field))
        if (!field.has_colon || field.odd_name || slice_ieq(field.name, SLICE("DKIM-Signature")))
            return false;
    return true;
}

static void hash(struct slice body, unsigned char digest[static DIGEST_OCTETS])
{
    struct hasher hasher;
    struct canonical_lines lines = {0};
    require(hasher_open(&hasher));
    for (size_t at = 0; at < body.len; at += PIECE)
        canonical_lines_add(&lines, &hasher.sink, slice_sub(body, at, at + PIECE));
    canonical_lines_end(&lines, &hasher.sink);
    require(hasher_close(&hasher, digest));
}

static struct slice sign(struct arena *arena, struct slice message, struct field_list *fields,
                         struct slice names, size_t body)
{
    unsigned char digest[DIGEST_OCTETS], signature[DKIM_SIGNATURE_MAX];
    hash(slice_from(message, body), digest);
    for (int i = 0; i < DKIM_ALGORITHMS && message.ptr; i++) {
        struct dkim_draft draft;
        if (!dkim_sign_draft(arena, &signers[i], fields, names, digest, NOW, &draft))
            return (struct slice){NULL, 0};
        size_t len = dkim_private_sign(&keys[i], draft.digest, signature);
        require(len > 0);
        struct slice octets = {(const char *)signature, len};
        message = ARENA_JOIN(arena, dkim_sign_field(arena, &draft, octets), message);
    }
    return message;
}

static void publish(struct arena *arena, struct dns_answers *dns)
{
    for (int i = 0; i < DKIM_ALGORITHMS; i++) {
        struct buf text = buf_init(4096);
        struct dns_record *record = arena_alloc(arena, sizeof *record);
        struct dns_answer answer = {.status = DNS_FOUND, .records = record, .count = 1};
        require(record && dkim_private_record(&keys[i], &text));
        record->text = arena_copy(arena, buf_slice(&text));
        require(dns_answers_add(dns, key_record_name(arena, signers[i].selector, signers[i].domain),
                                DNS_TXT, &answer));
        buf_release(&text);
    }
}

FUZZ_WITH_ARENA(input, 8 << 20)
{
    size_t body;
    struct field_list fields;
    struct dkim_outcome out;
    struct slice names, message = message_of(arena, input), block = headers_block(message, &body);
    struct dns_answers *dns = dns_answers_new(arena);
    make_keys();
    if (!message.ptr || !dns || !is_plain(block) || !field_index(arena, block, &fields) ||
        !dkim_sign_names(arena, &fields, &names))
        return;
    publish(arena, dns);
    message = sign(arena, message, &fields, names, body);
    require(message.ptr && dkim_examine(arena, dns, message, NOW, &out));
    require(out.count == DKIM_ALGORITHMS);
    for (size_t i = 0; i < out.count; i++)
        require(out.signatures[i].result == DKIM_PASS && out.signatures[i].whole_body);
}
