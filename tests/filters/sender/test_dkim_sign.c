/* SPDX-License-Identifier: ISC */
#include "filters/sender/dkim_sign.h"

#include "filters/sender/dkim.h"
#include "filters/sender/dkim_example.h"
#include "filters/sender/hasher.h"
#include "filters/sender/tag_list.h"
#include "tests/harness/unit.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

enum { NOW = 1763770000 };

ARENA(16 * 1024 * 1024);
EACH_TEST(make_arena, free_arena);

/* ---- bodies in pieces ---- */

static void gather(void *to, const char *octets, size_t count)
{
    buf_append(to, (struct slice){octets, count});
}

static struct slice in_pieces(struct slice body, size_t size)
{
    struct buf out = buf_init(1 << 20);
    struct canonical_sink sink = {.write = gather, .to = &out};
    struct canonical_lines lines = {0};
    for (size_t at = 0; at < body.len; at += size)
        canonical_lines_add(&lines, &sink, slice_sub(body, at, at + size));
    canonical_lines_end(&lines, &sink);
    canonical_flush(&sink);
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

TEST(test_a_relaxed_body_is_as_rfc_6376_has_it_wherever_it_is_cut)
{
    static const struct {
        const char *body, *relaxed;
    } cases[] = {
        {" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"}, /* RFC 6376 3.4.5 */
        {"", ""},
        {"\r\n\r\n", ""},
        {" \t \r\n", ""},
        {" \t", ""},
        {"a", "a\r\n"},
        {"a\r\n", "a\r\n"},
        {"a \r\n \r\nb", "a\r\n\r\nb\r\n"},
        {"\r\na\r\n", "\r\na\r\n"},
        {"a\nb\r\n", "a\nb\r\n"},
        {"a\rb\r\n", "a\rb\r\n"},
        {"a \r\r\n", "a \r\r\n"},
        {"a\r", "a\r\r\n"},
        {".\r\n..\r\n", ".\r\n..\r\n"},
        {"\t a\t \t b\r\n\t\r\n", " a b\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t size = 1; size < 8; size++) {
            struct slice got = in_pieces(slice_of(cases[i].body), size);
            assert_string_equal(got.len ? got.ptr : "", cases[i].relaxed);
        }
}

/* ---- the example of RFC 8463 ---- */

static const char brisbane[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                               "-----END PRIVATE KEY-----\n";

/* Of the example's first signature: what was signed, and the signature. */
static void example_digest(unsigned char digest[static DIGEST_OCTETS], struct slice *signature)
{
    struct slice block = headers_block(dkim_example(), NULL);
    struct field_list fields;
    struct header first;
    struct tag_list tags;
    struct hasher hasher;
    assert_true(field_index(arena, block, &fields) &&
                headers_find(block, SLICE("DKIM-Signature"), 0, &first));
    assert_true(tag_list_parse(first.value, &tags));
    assert_true(hasher_open(&hasher));
    assert_true(canonical_selected(&hasher.sink, &fields, tag_value(&tags, SLICE("h")), true));
    canonical_field(&hasher.sink, &first, true, tag_find(&tags, SLICE("b"))->raw);
    assert_true(hasher_close(&hasher, digest));
    assert_true(key_base64(arena, tag_value(&tags, SLICE("b")), signature));
}

TEST(test_the_key_of_rfc_8463_signs_its_example_as_it_is_signed)
{
    struct dkim_private key;
    struct slice expected;
    unsigned char digest[DIGEST_OCTETS], signature[DKIM_SIGNATURE_MAX];
    assert_null(dkim_private_read(slice_of(brisbane), &key));
    example_digest(digest, &expected);
    size_t len = dkim_private_sign(&key, digest, signature);
    assert_true(slice_eq((struct slice){(char *)signature, len}, expected));
    struct buf record = buf_init(4096);
    assert_true(dkim_private_record(&key, &record));
    assert_true(
        slice_eq(buf_slice(&record),
                 SLICE("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")));
    buf_release(&record);
    dkim_private_free(&key);
}

TEST(test_the_body_of_rfc_8463_has_its_hash)
{
    size_t body;
    struct hasher hasher;
    struct canonical_lines lines = {0};
    unsigned char digest[DIGEST_OCTETS];
    char base64[64];
    headers_block(dkim_example(), &body);
    assert_true(hasher_open(&hasher));
    canonical_lines_add(&lines, &hasher.sink, slice_from(dkim_example(), body));
    canonical_lines_end(&lines, &hasher.sink);
    assert_true(hasher_close(&hasher, digest));
    EVP_EncodeBlock((unsigned char *)base64, digest, DIGEST_OCTETS);
    assert_string_equal(base64, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
}

/* ---- our own signatures, verified ---- */

static struct dkim_private keys[DKIM_ALGORITHMS];

static void make_keys(void)
{
    make_arena();
    for (int i = 0; i < DKIM_ALGORITHMS; i++) {
        struct buf pem = buf_init(DKIM_KEY_FILE_MAX);
        assert_true(dkim_private_make((enum dkim_algorithm)i, DKIM_RSA_BITS_MIN, &pem));
        assert_null(dkim_private_read(buf_slice(&pem), &keys[i]));
        assert_null(dkim_private_flaw(&keys[i]));
        buf_release(&pem);
    }
}

static void free_keys(void)
{
    for (int i = 0; i < DKIM_ALGORITHMS; i++)
        dkim_private_free(&keys[i]);
    free_arena();
}

static struct dkim_signer signer_of(enum dkim_algorithm algorithm)
{
    return (struct dkim_signer){.domain = SLICE("example.com"),
                                .selector = algorithm == DKIM_RSA_SHA256 ? SLICE("r") : SLICE("e"),
                                .algorithm = algorithm};
}

static struct slice signature_field(struct slice message, enum dkim_algorithm algorithm)
{
    size_t body;
    struct field_list fields;
    struct slice names, block = headers_block(message, &body);
    struct hasher hasher;
    struct dkim_draft draft;
    unsigned char digest[DIGEST_OCTETS], signature[DKIM_SIGNATURE_MAX];
    struct dkim_signer signer = signer_of(algorithm);
    assert_true(field_index(arena, block, &fields));
    assert_true(dkim_sign_names(arena, &fields, &names));
    assert_true(hasher_open(&hasher));
    canonical_body(&hasher.sink, slice_from(message, body), true);
    assert_true(hasher_close(&hasher, digest));
    assert_true(dkim_sign_draft(arena, &signer, &fields, names, digest, NOW, &draft));
    size_t len = dkim_private_sign(&keys[algorithm], draft.digest, signature);
    assert_true(len > 0);
    struct slice field =
        dkim_sign_field(arena, &draft, (struct slice){(const char *)signature, len});
    assert_non_null(field.ptr);
    return field;
}

static struct slice sign(struct slice message)
{
    return ARENA_JOIN(arena, signature_field(message, DKIM_ED25519_SHA256),
                      signature_field(message, DKIM_RSA_SHA256), message);
}

static void publish(struct dns_answers *dns, enum dkim_algorithm algorithm)
{
    struct buf text = buf_init(4096);
    struct dns_record *record = arena_alloc(arena, sizeof *record);
    struct dns_answer answer = {.status = DNS_FOUND, .records = record, .count = 1};
    struct dkim_signer signer = signer_of(algorithm);
    enum dkim_algorithm told;
    assert_true(dkim_private_record(&keys[algorithm], &text));
    assert_true(dkim_record_algorithm(buf_slice(&text), &told));
    assert_int_equal(told, algorithm);
    record->text = arena_copy(arena, buf_slice(&text));
    assert_true(dns_answers_add(dns, key_record_name(arena, signer.selector, signer.domain),
                                DNS_TXT, &answer));
    buf_release(&text);
}

static struct dkim_outcome verify(struct slice message)
{
    struct dkim_outcome out;
    struct dns_answers *dns = dns_answers_new(arena);
    publish(dns, DKIM_RSA_SHA256);
    publish(dns, DKIM_ED25519_SHA256);
    assert_true(dkim_examine(arena, dns, message, NOW, &out));
    return out;
}

static void assert_both_pass(struct slice message)
{
    struct dkim_outcome out = verify(message);
    assert_int_equal(out.count, 2);
    for (size_t i = 0; i < out.count; i++) {
        assert_string_equal(out.signatures[i].reason, "");
        assert_int_equal(out.signatures[i].result, DKIM_PASS);
        assert_true(out.signatures[i].whole_body);
    }
}

#define HEAD "Received: from a by b; date\r\nFrom: Anna <anna@example.com>\r\nTo: b@example.net\r\n"

TEST_WITH(test_both_signatures_of_any_message_verify, make_keys, free_keys)
{
    static const char *const messages[] = {
        HEAD "Subject: a\r\n\r\nbody\r\n",
        HEAD "Subject: a\r\n\r\n",
        HEAD "Subject: a\r\n",
        HEAD "\r\n\r\n\r\n",
        HEAD "Subject:  folded\r\n\t and   wide \r\n  \t\r\nDate:\r\n Mon\r\n\r\n.\r\n..\r\n a  "
             "b\t\r\n\r\n\r\n",
        HEAD "From: two@example.com\r\nFrom: three@example.com\r\nSubject: "
             "\xc3\xa4\xff\r\n\r\n\xff\xfe\r\n",
        HEAD "subject : blanks before the colon\r\nSUBJECT:\r\nSubject:\r\n\r\nx",
        HEAD "List-Id: <a>\r\nList-Unsubscribe: <https://example.com/>\r\n"
             "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nx\r\n",
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        assert_both_pass(sign(slice_of(messages[i])));
}

TEST_WITH(test_what_is_added_to_the_message_breaks_the_signatures, make_keys, free_keys)
{
    static const char *const added[] = {"From: evil@example.org\r\n", "Subject: x\r\n",
                                        "Cc: c@example.org\r\n", "Reply-To: c@example.org\r\n",
                                        "Content-Type: text/html\r\n"};
    struct slice message = SLICE(HEAD "Subject: a\r\n\r\nbody\r\n");
    for (size_t i = 0; i < sizeof added / sizeof *added; i++)
        assert_int_equal(verify(ARENA_JOIN(arena, slice_of(added[i]), sign(message))).result,
                         DKIM_FAIL);
    assert_int_equal(verify(ARENA_JOIN(arena, sign(message), SLICE("more\r\n"))).result, DKIM_FAIL);
    assert_both_pass(ARENA_JOIN(arena, SLICE("Received: from us by you; now\r\n"), sign(message)));
    assert_both_pass(ARENA_JOIN(arena, sign(message), SLICE("\r\n \r\n")));
}

TEST_WITH(test_no_line_is_longer_than_78_columns, make_keys, free_keys)
{
    struct slice field = signature_field(SLICE(HEAD "\r\nx\r\n"), DKIM_RSA_SHA256);
    struct line line;
    for (size_t at = 0; line_at(field, at, &line); at = line.next) {
        assert_true(line.text.len <= 78);
        assert_true(at == 0 || ascii_blank(line.text.ptr[0]));
    }
}

TEST(test_fields_are_named_as_often_as_they_are_there_and_those_that_people_see_once_more)
{
    struct field_list fields;
    struct slice names;
    assert_true(field_index(
        arena, SLICE("To: a\r\nto: b\r\nFrom: c\r\nList-Id: d\r\nX-Mine: e\r\n"), &fields));
    assert_true(dkim_sign_names(arena, &fields, &names));
    assert_string_equal(names.ptr, "From:From:Reply-To:Subject:Date:To:To:To:Cc:Message-ID:"
                                   "In-Reply-To:References:Content-Type:MIME-Version:List-Id");
}

TEST(test_more_fields_than_verifiers_look_at_are_not_signed)
{
    struct buf block = buf_init(1 << 20);
    struct field_list fields;
    struct slice names;
    for (int i = 0; i < 200; i++)
        buf_cstr(&block, "To: a\r\n");
    assert_true(field_index(arena, buf_slice(&block), &fields));
    assert_false(dkim_sign_names(arena, &fields, &names));
    buf_release(&block);
}

/* ---- keys that are none ---- */

static const char *read_fault(const char *pem)
{
    struct dkim_private key;
    const char *fault = dkim_private_read(slice_of(pem), &key);
    if (fault)
        assert_null(key.key);
    else
        dkim_private_free(&key);
    return fault;
}

static const char *made_fault(EVP_PKEY *made, const EVP_CIPHER *cipher)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *octets, pem[8192];
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(out, made, cipher, cipher ? "secret" : NULL,
                                                   cipher ? 6 : 0, NULL, NULL),
                     1);
    long len = BIO_get_mem_data(out, &octets);
    snprintf(pem, sizeof pem, "%.*s", (int)len, octets);
    BIO_free(out);
    return read_fault(pem);
}

TEST(test_what_is_no_key_for_mail_is_told)
{
    EVP_PKEY *curve = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
             *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_non_null(strstr(read_fault(""), "no private key in it"));
    assert_non_null(
        strstr(read_fault("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
               "no private key in it"));
    assert_non_null(strstr(made_fault(curve, NULL), "expected RSA or Ed25519"));
    assert_non_null(strstr(made_fault(ed25519, EVP_aes_128_cbc()), "passphrase"));
    assert_null(made_fault(ed25519, NULL));
    EVP_PKEY_free(curve);
    EVP_PKEY_free(ed25519);
}

TEST(test_short_and_long_rsa_keys_are_told)
{
    static const struct {
        unsigned bits;
        const char *flaw;
    } cases[] = {
        {1024, "too short"}, {2047, "too short"}, {2048, NULL}, {4096, NULL}, {4104, "too long"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dkim_private key = {.algorithm = DKIM_RSA_SHA256, .bits = cases[i].bits};
        const char *flaw = dkim_private_flaw(&key);
        assert_true(cases[i].flaw ? flaw && strstr(flaw, cases[i].flaw) : !flaw);
    }
}
