/* SPDX-License-Identifier: ISC */
#include "base/sandbox.h"
#include "keeper/sealed_form.h"
#include "keeper/unseal.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

enum { MEGABYTE = 1 << 20, CHUNK = SEALED_CHUNK + SEALED_TAG, ROOM = 6 * MEGABYTE };

static struct unseal_keys keys;
static struct seal_key to;
static const struct slice about = {"letter 1", 8}, nothing = {NULL, 0};
static const struct slice letter = {"Subject: hello\r\n\r\nA letter.\r\n", 29};

static const struct slice fixed_key =
    SLICE("-----BEGIN PRIVATE KEY-----\n"
          "MC4CAQAwBQYDK2VuBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n"
          "-----END PRIVATE KEY-----\n");

/* ---- files ---- */

static int file_of(struct slice octets)
{
    int fd = memfd_create("sealed", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets.ptr, octets.len), octets.len);
    return fd;
}

static char file_room[ROOM];

/* What is in it, until the next call; closes it. */
static struct slice octets_of(int fd)
{
    ssize_t len = pread(fd, file_room, sizeof file_room, 0);
    assert_in_range(len, 0, sizeof file_room - 1);
    close(fd);
    return (struct slice){file_room, (size_t)len};
}

static struct slice seal_pieces(const struct slice *pieces, size_t count)
{
    uint64_t written;
    const char *reason = "";
    int fd = file_of(nothing);
    if (!seal_write(fd, &to, about, pieces, count, &written, &reason))
        fail_msg("%s", reason);
    assert_int_equal(written, lseek(fd, 0, SEEK_CUR));
    return octets_of(fd);
}

static struct slice seal(struct slice message)
{
    return seal_pieces(&message, 1);
}

/* A file whose chunks are these octets, whatever they are. */
static struct slice seal_stream(struct slice stream)
{
    static unsigned char chunk[CHUNK];
    struct sealed s;
    assert_true(sealed_begin(&s, &to, about));
    int fd = file_of((struct slice){(char *)s.header, SEALED_HEADER});
    for (bool last = false; !last; stream = slice_from(stream, SEALED_CHUNK)) {
        struct slice part = slice_sub(stream, 0, SEALED_CHUNK);
        last = stream.len <= SEALED_CHUNK;
        assert_true(sealed_chunk(&s, part, last, chunk));
        assert_int_equal(write(fd, chunk, part.len + SEALED_TAG), part.len + SEALED_TAG);
    }
    sealed_end(&s);
    return octets_of(fd);
}

/* ---- what comes back ---- */

static char got_room[ROOM];
static struct slice got;
static size_t given;

static bool collect(void *ctx, struct slice octets)
{
    (void)ctx;
    assert_true(octets.len > 0);
    given += octets.len;
    if (octets.len > sizeof got_room - got.len)
        return false;
    memcpy(got_room + got.len, octets.ptr, octets.len);
    got.len += octets.len;
    return true;
}

/* "" or why not. */
static const char *open_with(struct slice file, const struct unseal_keys *with, struct slice beside,
                             uint64_t most)
{
    const char *reason = "";
    int fd = file_of(file);
    got = (struct slice){got_room, 0};
    given = 0;
    bool done = unseal_read(fd, with, beside, most, collect, NULL, &reason);
    close(fd);
    return done ? "" : reason;
}

static const char *open_file(struct slice file)
{
    return open_with(file, &keys, about, ROOM);
}

#define assert_came_back(message)                                                                  \
    do {                                                                                           \
        assert_int_equal(got.len, (message).len);                                                  \
        assert_true(slice_eq(got, message));                                                       \
    } while (0)

static void assert_comes_back(struct slice message)
{
    assert_string_equal(open_file(seal(message)), "");
    assert_came_back(message);
}

static const char changed[] = "it was changed or cut";
static const char malformed[] = "what was compressed is malformed";
static const char foreign[] = "it is no sealed message";

/* ---- messages ---- */

static char message_room[ROOM];

/* That cannot be compressed; the same each time. */
static struct slice noise(size_t len)
{
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        message_room[i] = (char)(state >> 32);
    }
    return (struct slice){message_room, len};
}

static struct slice text(size_t len)
{
    static const char *words[] = {"dear ", "customer ", "invoice ", "of ", "the ", "\r\n"};
    noise(len);
    for (size_t at = 0; at < len;) {
        const char *word = words[(unsigned char)message_room[at] % 6];
        for (; *word && at < len; word++)
            message_room[at++] = *word;
    }
    return (struct slice){message_room, len};
}

static void make_key(struct unseal_key *key)
{
    size_t len = SEAL_KEY;
    unsigned char public[SEAL_KEY];
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_int_equal(EVP_PKEY_get_raw_private_key(pkey, key->private, &len), 1);
    assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, public, &len), 1);
    assert_true(seal_key_of(public, &key->public));
    EVP_PKEY_free(pkey);
}

static void set_up(void)
{
    const char *reason = "";
    assert_true(seal_prepare());
    if (!unseal_keys_read(fixed_key, &keys, &reason))
        fail_msg("%s", reason);
    unseal_keys_public(&keys, 0, &to);
}

EACH_TEST(set_up, NULL);

/* ---- what was sealed comes back ---- */

TEST(test_what_was_sealed_comes_back)
{
    assert_comes_back(nothing);
    assert_comes_back(SLICE("x"));
    assert_comes_back(letter);
    assert_comes_back(text(5 * MEGABYTE));
    assert_comes_back(text(MEGABYTE + 1));
}

TEST(test_multiples_of_a_chunk_come_back)
{
    for (size_t chunks = 1; chunks <= 5; chunks++)
        for (size_t off = 0; off < 3; off++)
            assert_comes_back(noise(chunks * SEALED_CHUNK + off - 1));
}

TEST(test_a_frame_that_fills_its_last_chunk_comes_back)
{
    bool filled = false;
    for (size_t less = 0; less < 32; less++) {
        assert_comes_back(noise((size_t)2 * SEALED_CHUNK - less));
        filled = filled || seal(noise((size_t)2 * SEALED_CHUNK - less)).len ==
                               SEALED_HEADER + (size_t)2 * CHUNK;
    }
    assert_true(filled);
}

TEST(test_pieces_are_joined)
{
    struct slice whole = noise(3 * MEGABYTE);
    const struct slice pieces[] = {
        slice_sub(whole, 0, 1), nothing, slice_sub(whole, 1, SEALED_CHUNK),
        slice_sub(whole, SEALED_CHUNK, 2 * MEGABYTE), slice_from(whole, 2 * MEGABYTE)};
    assert_string_equal(open_file(seal_pieces(pieces, 5)), "");
    assert_came_back(whole);
    assert_string_equal(open_file(seal_pieces(NULL, 0)), "");
    assert_came_back(nothing);
}

TEST(test_a_message_that_another_program_has_sealed_opens)
{
    static const char hex[] = "47505345414c310aaaa8fff703b50b225714769d116bf76436ae74bc793d2c30"
                              "ad1903c59ac5273805c7e2698b410c36b3187a7d340dfcdb7f7eee761b6285c6"
                              "0bef25bbdc5de8b51e6bc91bfff229f2b0238acb907240845c959f08fa016c19"
                              "d2b78fc73ed2";
    char file[sizeof hex / 2];
    for (size_t i = 0; i < sizeof file; i++)
        file[i] = (char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    assert_string_equal(open_file((struct slice){file, sizeof file}), "");
    assert_came_back(letter);
}

TEST(test_it_is_written_where_the_file_stands_and_read_from_the_beginning)
{
    uint64_t written;
    const char *reason = "";
    int fd = file_of(SLICE("before"));
    assert_true(seal_write(fd, &to, about, &letter, 1, &written, &reason));
    struct slice file = octets_of(fd);
    assert_int_equal(file.len, 6 + written);
    assert_string_equal(open_file(file), foreign);
    assert_string_equal(open_file(slice_from(file, 6)), "");
}

TEST(test_text_gets_smaller)
{
    assert_true(seal(text(MEGABYTE)).len < MEGABYTE / 2);
    assert_true(seal(text(5 * MEGABYTE)).len < 5 * MEGABYTE / 2);
}

/* ---- what nobody can read ---- */

TEST(test_the_text_is_not_in_the_file)
{
    struct slice file = seal(letter), noisy;
    assert_int_equal(slice_search(file, SLICE("letter")), file.len);
    assert_int_equal(slice_search(file, SLICE("hello")), file.len);
    struct slice message = noise(2000);
    noisy = seal(message);
    assert_int_equal(slice_search(noisy, slice_sub(message, 1000, 1008)), noisy.len);
}

TEST(test_a_message_that_is_sealed_twice_differs)
{
    static char first[CHUNK];
    struct slice file = seal(letter);
    memcpy(first, file.ptr, file.len);
    struct slice again = seal(letter);
    assert_int_equal(again.len, file.len);
    for (size_t at = SEALED_MAGIC_LEN + SEAL_KEY_ID; at + 8 <= file.len; at += 8)
        assert_memory_not_equal(first + at, again.ptr + at, 8);
}

TEST(test_another_key_does_not_open_it)
{
    struct unseal_keys others = {.count = 1};
    make_key(&others.keys[0]);
    struct slice file = seal(letter);
    assert_string_equal(open_with(file, &others, about, ROOM), "it was sealed to another key");
    memcpy(others.keys[0].public.id, to.id, SEAL_KEY_ID);
    assert_string_equal(open_with(file, &others, about, ROOM), changed);
    others.count = 0;
    assert_string_equal(open_with(file, &others, about, ROOM), "it was sealed to another key");
}

TEST(test_each_of_several_keys_opens_its_own)
{
    keys.count = UNSEAL_KEYS;
    for (size_t i = 0; i < UNSEAL_KEYS; i++)
        make_key(&keys.keys[i]);
    for (size_t i = 0; i < UNSEAL_KEYS; i++) {
        unseal_keys_public(&keys, i, &to);
        assert_comes_back(letter);
    }
}

/* ---- what was changed ---- */

TEST(test_each_octet_that_is_changed_is_noticed)
{
    static char file[CHUNK];
    struct slice whole = seal(letter);
    memcpy(file, whole.ptr, whole.len);
    for (size_t at = 0; at < whole.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            file[at] ^= (char)(1 << bit);
            const char *reason = open_file((struct slice){file, whole.len});
            if (at < SEALED_MAGIC_LEN)
                assert_string_equal(reason, foreign);
            else if (at < SEALED_MAGIC_LEN + SEAL_KEY_ID)
                assert_string_equal(reason, "it was sealed to another key");
            else
                assert_string_equal(reason, changed);
            assert_int_equal(given, 0);
            file[at] ^= (char)(1 << bit);
        }
    assert_string_equal(open_file((struct slice){file, whole.len}), "");
}

TEST(test_a_file_that_was_cut_is_noticed_wherever_it_ends)
{
    struct slice whole = seal(letter);
    for (size_t len = 0; len < whole.len; len++) {
        const char *reason = open_file(slice_sub(whole, 0, len));
        assert_string_equal(reason, len < SEALED_HEADER ? foreign : changed);
        assert_int_equal(given, 0);
    }
}

TEST(test_a_file_of_several_chunks_that_was_cut_is_noticed)
{
    struct slice whole = seal(noise(200000));
    for (size_t chunks = 0; chunks <= 3; chunks++)
        for (size_t off = 0; off < 40; off++) {
            size_t len = SEALED_HEADER + chunks * CHUNK + off;
            assert_string_equal(open_file(slice_sub(whole, 0, len)), changed);
        }
    for (size_t len = SEALED_HEADER; len < whole.len; len += 997)
        assert_string_equal(open_file(slice_sub(whole, 0, len)), changed);
}

static char *chunk_at(struct slice file, size_t number)
{
    assert_ptr_equal(file.ptr, file_room);
    return file_room + SEALED_HEADER + number * CHUNK;
}

TEST(test_chunks_that_were_swapped_are_noticed)
{
    static char first[CHUNK];
    struct slice file = seal(noise(200000));
    memcpy(first, chunk_at(file, 0), CHUNK);
    memcpy(chunk_at(file, 0), chunk_at(file, 1), CHUNK);
    memcpy(chunk_at(file, 1), first, CHUNK);
    assert_string_equal(open_file(file), changed);
}

TEST(test_a_chunk_that_was_dropped_is_noticed)
{
    for (size_t number = 0; number < 3; number++) {
        struct slice file = seal(noise(200000));
        char *at = chunk_at(file, number);
        memmove(at, at + CHUNK, file.len - (size_t)(at + CHUNK - file.ptr));
        assert_string_equal(open_file(slice_sub(file, 0, file.len - CHUNK)), changed);
    }
}

TEST(test_a_chunk_that_comes_twice_is_noticed)
{
    struct slice file = seal(noise(200000));
    char *at = chunk_at(file, 1);
    memmove(at + CHUNK, at, file.len - (size_t)(at - file.ptr));
    assert_string_equal(open_file((struct slice){file.ptr, file.len + CHUNK}), changed);
}

TEST(test_octets_behind_the_last_chunk_are_noticed)
{
    struct slice file = seal(letter);
    file_room[file.len] = 0;
    assert_string_equal(open_file((struct slice){file.ptr, file.len + 1}), changed);
}

TEST(test_what_it_is_about_must_be_the_same)
{
    struct slice file = seal(letter);
    assert_string_equal(open_with(file, &keys, SLICE("letter 2"), ROOM), changed);
    assert_string_equal(open_with(file, &keys, SLICE("letter 11"), ROOM), changed);
    assert_string_equal(open_with(file, &keys, nothing, ROOM), changed);
    assert_string_equal(open_with(file, &keys, about, ROOM), "");
}

/* With these the secret would be zero for everybody (RFC 7748, section 6.1). */
TEST(test_keys_of_which_no_secret_comes_are_refused)
{
    static const unsigned char low[][SEAL_KEY] = {
        {0},
        {1},
        {0xec, [1 ... 30] = 0xff, [31] = 0x7f},
        {0xed, [1 ... 30] = 0xff, [31] = 0x7f},
        {0xee, [1 ... 30] = 0xff, [31] = 0x7f},
    };
    for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
        struct seal_key none;
        uint64_t written = 1;
        const char *reason = "";
        assert_true(seal_key_of(low[i], &none));
        assert_false(seal_write(-1, &none, about, &letter, 1, &written, &reason));
        assert_string_equal(reason, "the key is none");
        assert_int_equal(written, 0);
        struct slice file = seal(letter);
        memcpy(file_room + SEALED_HEADER - SEAL_KEY, low[i], SEAL_KEY);
        assert_string_equal(open_file(file), "no secret comes of its key");
    }
}

/* ---- what was sealed by somebody else ---- */

static struct slice frame(struct slice message, int window_log)
{
    static char room[ROOM];
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    ZSTD_inBuffer in = {message.ptr, message.len, 0};
    ZSTD_outBuffer out = {room, sizeof room, 0};
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, window_log);
    assert_false(ZSTD_isError(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_flush)));
    assert_int_equal(ZSTD_compressStream2(zstd, &out, &in, ZSTD_e_end), 0);
    ZSTD_freeCCtx(zstd);
    return (struct slice){room, out.pos};
}

static struct slice joined(struct slice a, struct slice b)
{
    static char room[ROOM];
    memcpy(room, a.ptr, a.len);
    memcpy(room + a.len, b.ptr, b.len);
    return (struct slice){room, a.len + b.len};
}

TEST(test_a_frame_that_somebody_else_has_made_opens)
{
    assert_string_equal(open_file(seal_stream(frame(letter, 10))), "");
    assert_came_back(letter);
    struct slice message = noise(300000);
    assert_string_equal(open_file(seal_stream(frame(message, SEALED_WINDOW_LOG))), "");
    assert_came_back(message);
}

TEST(test_a_window_that_is_too_large_is_malformed)
{
    struct slice large = frame(letter, SEALED_WINDOW_LOG + 1);
    assert_string_equal(open_file(seal_stream(large)), malformed);
}

TEST(test_what_is_not_one_whole_frame_is_malformed)
{
    static const struct slice skipped = {"\x50\x2a\x4d\x18\1\0\0\0x", 9};
    struct slice one = frame(letter, 10);
    assert_string_equal(open_file(seal_stream(nothing)), malformed);
    assert_string_equal(open_file(seal_stream(letter)), malformed);
    assert_string_equal(open_file(seal_stream(joined(one, one))), malformed);
    assert_string_equal(open_file(seal_stream(joined(one, SLICE("\0")))), malformed);
    assert_string_equal(open_file(seal_stream(skipped)), malformed);
    assert_string_equal(open_file(seal_stream(joined(one, skipped))), malformed);
    assert_string_equal(open_file(seal_stream(joined(skipped, one))), malformed);
    for (size_t len = 0; len < one.len; len++)
        assert_string_equal(open_file(seal_stream(slice_sub(one, 0, len))), malformed);
}

TEST(test_octets_behind_a_frame_are_malformed_in_a_later_chunk_as_well)
{
    struct slice whole = frame(noise(SEALED_CHUNK), 17);
    for (size_t less = 0; less < 64 && whole.len != SEALED_CHUNK; less++)
        whole = frame(noise(SEALED_CHUNK - less), 17);
    assert_int_equal(whole.len, SEALED_CHUNK);
    assert_string_equal(open_file(seal_stream(joined(whole, SLICE("x")))), malformed);
    assert_string_equal(open_file(seal_stream(whole)), "");
}

TEST(test_forms_of_old_of_what_compresses_are_malformed)
{
    static char old[64];
    struct slice one = frame(letter, 10);
    memcpy(old, one.ptr, one.len);
    for (char version = 0x1e; version <= 0x27; version++) {
        old[0] = version;
        assert_string_equal(open_file(seal_stream((struct slice){old, one.len})), malformed);
    }
}

/* ---- bounds ---- */

TEST(test_no_more_is_given_than_is_allowed)
{
    struct slice file = seal(text(MEGABYTE));
    assert_string_equal(open_with(file, &keys, about, MEGABYTE), "");
    assert_string_equal(open_with(file, &keys, about, MEGABYTE - 1), "it is larger than allowed");
    assert_in_range(given, 1, MEGABYTE - 1);
    assert_string_equal(open_with(file, &keys, about, 0), "it is larger than allowed");
    assert_int_equal(given, 0);
    assert_string_equal(open_with(seal(nothing), &keys, about, 0), "");
}

TEST(test_a_bomb_gives_no_more_than_is_allowed)
{
    struct slice zeros[100];
    memset(message_room, 0, MEGABYTE);
    for (size_t i = 0; i < 100; i++)
        zeros[i] = (struct slice){message_room, MEGABYTE};
    struct slice file = seal_pieces(zeros, 100);
    assert_in_range(file.len, 1, SEALED_CHUNK);
    assert_string_equal(open_with(file, &keys, about, MEGABYTE), "it is larger than allowed");
    assert_in_range(given, 0, MEGABYTE);
}

TEST(test_who_takes_may_refuse)
{
    struct slice zeros[8];
    memset(message_room, 0, MEGABYTE);
    for (size_t i = 0; i < 8; i++)
        zeros[i] = (struct slice){message_room, MEGABYTE};
    struct slice file = seal_pieces(zeros, 8);
    assert_string_equal(open_with(file, &keys, about, UINT64_MAX), "it was not taken");
    assert_in_range(given, ROOM, ROOM + SEALED_CHUNK);
}

TEST(test_a_disk_that_is_full_is_told)
{
    uint64_t written = 1;
    const char *reason = "";
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_false(seal_write(full, &to, about, &letter, 1, &written, &reason));
    assert_string_equal(reason, strerror(ENOSPC));
    assert_int_equal(written, 0);
    close(full);
}

TEST(test_a_file_that_cannot_be_read_is_told)
{
    const char *reason = "";
    assert_false(unseal_read(-1, &keys, about, ROOM, collect, NULL, &reason));
    assert_string_equal(reason, strerror(EBADF));
}

/* ---- the jail ---- */

static int seal_in_jail(int fd, const char *folder)
{
    uint64_t written;
    const char *reason = "";
    if (!sandbox_enter(JAIL_KEEPER, folder, &reason))
        return 2;
    struct slice pieces[] = {text(5 * MEGABYTE), letter};
    return seal_write(fd, &to, about, pieces, 2, &written, &reason) &&
                   seal_write(-1, &to, about, pieces, 2, &written, &reason) == false
               ? 0
               : 1;
}

TEST(test_it_seals_in_the_jail_of_the_keeper)
{
    char folder[] = "/tmp/gatepost-seal-XXXXXX";
    assert_non_null(mkdtemp(folder));
    int fd = file_of(nothing), status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(seal_in_jail(fd, folder));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    rmdir(folder);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(open_file(octets_of(fd)), "");
    assert_int_equal(got.len, 5 * MEGABYTE + letter.len);
}
