/* SPDX-License-Identifier: ISC */
#include "base/ipc.h"
#include "tests/harness/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];
static char buffer[IPC_PAYLOAD_MAX + 2];

static void open_pair(void)
{
    assert_int_equal(ipc_pair(ends), 0);
}

static void close_pair(void)
{
    close(ends[0]);
    assert_int_equal(close(ends[1]), 0);
}

EACH_TEST(open_pair, close_pair);

static int receive(struct ipc_message *message)
{
    return ipc_recv(ends[1], message, buffer, sizeof buffer, false);
}

static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

TEST(test_messages_keep_type_payload_and_order)
{
    struct ipc_message message;
    assert_int_equal(ipc_send(ends[0], 7, SLICE("one"), NULL, 0, false), 1);
    assert_int_equal(ipc_send(ends[0], 0xffff, SLICE(""), NULL, 0, false), 1);
    assert_int_equal(receive(&message), 1);
    assert_int_equal(message.type, 7);
    assert_true(slice_eq(message.payload, SLICE("one")));
    assert_int_equal(receive(&message), 1);
    assert_int_equal(message.type, 0xffff);
    assert_int_equal(message.payload.len, 0);
    assert_int_equal(receive(&message), 0);
}

TEST(test_last_words_are_heard_from_who_left_something_unread)
{
    struct ipc_message message;
    assert_int_equal(ipc_send(ends[1], 1, SLICE("never read"), NULL, 0, false), 1);
    assert_int_equal(ipc_send(ends[0], 7, SLICE("last words"), NULL, 0, false), 1);
    close(ends[0]);
    ends[0] = dup(ends[1]);
    assert_int_equal(receive(&message), 1);
    assert_true(slice_eq(message.payload, SLICE("last words")));
    assert_int_equal(receive(&message), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(receive(&message), -1);
}

TEST(test_the_largest_payload_passes_and_one_more_is_refused)
{
    static char large[IPC_PAYLOAD_MAX + 1];
    struct ipc_message message;
    memset(large, 'x', sizeof large);
    assert_int_equal(ipc_send(ends[0], 1, (struct slice){large, IPC_PAYLOAD_MAX}, NULL, 0, false),
                     1);
    assert_int_equal(receive(&message), 1);
    assert_int_equal(message.payload.len, IPC_PAYLOAD_MAX);
    errno = 0;
    assert_int_equal(ipc_send(ends[0], 1, (struct slice){large, sizeof large}, NULL, 0, false), -1);
    assert_int_equal(errno, EMSGSIZE);
}

TEST(test_descriptors_travel_and_are_close_on_exec)
{
    int pipes[2];
    struct ipc_message message;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(ipc_send(ends[0], 1, SLICE("fds"), pipes, 2, false), 1);
    assert_int_equal(receive(&message), 1);
    assert_int_equal(message.fd_count, 2);
    assert_true(fcntl(message.fds[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(message.fds[1], "hi", 2), 2);
    char got[2];
    assert_int_equal(read(pipes[0], got, 2), 2);
    ipc_close_fds(&message);
    assert_int_equal(message.fd_count, 0);
    int five[5] = {pipes[0], pipes[0], pipes[0], pipes[0], pipes[0]};
    assert_int_equal(ipc_send(ends[0], 1, SLICE(""), five, 5, false), -1);
    close(pipes[0]);
    close(pipes[1]);
}

/* Sends what ipc_send never would. */
static void send_raw(struct slice bytes, int fd, size_t fd_count)
{
    struct iovec part = {(void *)(uintptr_t)bytes.ptr, bytes.len};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * 8)];
    } control = {0};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        for (size_t i = 0; i < fd_count; i++)
            memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
    }
    assert_true(sendmsg(ends[0], &msg, 0) >= 0);
}

TEST(test_malformed_messages_leak_no_descriptor)
{
    struct ipc_message message;
    size_t before = open_files();
    send_raw(SLICE("x"), ends[0], 2); /* half a type */
    assert_int_equal(receive(&message), -1);
    assert_int_equal(errno, EBADMSG);
    send_raw(SLICE("xxxx"), ends[0], 8); /* more descriptors than anyone sends */
    assert_int_equal(receive(&message), -1);
    assert_int_equal(errno, EBADMSG);
    send_raw(SLICE("a long message"), ends[0], 1);
    char small[8];
    assert_int_equal(ipc_recv(ends[1], &message, small, sizeof small, false), -1);
    assert_int_equal(errno, EBADMSG);
    assert_int_equal(message.fd_count, 0);
    assert_int_equal(open_files(), before);
}

TEST(test_a_closed_peer_is_told)
{
    int pair[2];
    struct ipc_message message;
    assert_int_equal(ipc_pair(pair), 0);
    close(pair[0]);
    assert_int_equal(ipc_recv(pair[1], &message, buffer, sizeof buffer, false), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(ipc_send(pair[1], 1, SLICE("x"), NULL, 0, false), -1);
    close(pair[1]);
}

TEST(test_a_full_socket_would_block)
{
    static char large[64 * 1024];
    int sent = 0, r;
    while ((r = ipc_send(ends[0], 1, (struct slice){large, sizeof large}, NULL, 0, false)) == 1)
        sent++;
    assert_int_equal(r, 0);
    assert_true(sent >= 2);
    struct ipc_message message;
    for (int i = 0; i < sent; i++)
        assert_int_equal(receive(&message), 1);
    assert_int_equal(ipc_send(ends[0], 1, SLICE("again"), NULL, 0, false), 1);
}

TEST(test_what_is_packed_is_unpacked)
{
    struct buf out = buf_init(1000);
    pack_u8(&out, 200);
    pack_u32(&out, 0xdeadbeef);
    pack_u64(&out, UINT64_MAX);
    pack_slice(&out, SLICE("a\0b"));
    pack_slice(&out, (struct slice){NULL, 0});
    struct unpack in = {.left = buf_slice(&out)};
    assert_int_equal(unpack_u8(&in), 200);
    assert_int_equal(unpack_u32(&in), 0xdeadbeef);
    assert_true(unpack_u64(&in) == UINT64_MAX);
    assert_true(slice_eq(unpack_slice(&in), SLICE("a\0b")));
    assert_false(unpack_done(&in)); /* bytes left over */
    assert_int_equal(unpack_slice(&in).len, 0);
    assert_true(unpack_done(&in));
    buf_release(&out);
}

TEST(test_a_shortfall_spoils_all_that_follows)
{
    struct unpack in = {.left = SLICE("\xff\xff\xff\xff then some")};
    assert_int_equal(unpack_slice(&in).len, 0);
    assert_true(in.bad);
    assert_int_equal(unpack_u8(&in), 0);
    assert_false(unpack_done(&in));
    struct unpack empty = {.left = {NULL, 0}};
    assert_true(unpack_done(&empty));
    assert_true(unpack_u64(&empty) == 0);
    assert_false(unpack_done(&empty));
}

TEST(test_numbers_take_as_many_octets_as_they_need_and_come_back)
{
    static const struct {
        uint64_t number;
        size_t octets;
    } cases[] = {{0, 1},     {1, 1},           {127, 1},         {128, 2},
                 {16383, 2}, {16384, 3},       {UINT32_MAX, 5},  {INT64_MAX, 9},
                 {1000, 2},  {UINT64_MAX, 10}, {1ull << 63, 10}, {(1ull << 63) - 1, 9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = buf_init(64);
        pack_var(&out, cases[i].number);
        assert_int_equal(buf_len(&out), cases[i].octets);
        struct unpack in = {.left = buf_slice(&out)};
        assert_true(unpack_var(&in) == cases[i].number && unpack_done(&in));
        in = (struct unpack){.left = slice_sub(buf_slice(&out), 0, cases[i].octets - 1)};
        unpack_var(&in);
        assert_true(in.bad);
        buf_release(&out);
    }
}

TEST(test_a_number_without_end_and_a_text_longer_than_what_is_there_are_bad)
{
    char octets[16];
    memset(octets, 0x80, sizeof octets);
    struct unpack in = {.left = {octets, sizeof octets}};
    unpack_var(&in);
    assert_true(in.bad);
    struct buf out = buf_init(64);
    pack_tight(&out, SLICE("hello"));
    in = (struct unpack){.left = buf_slice(&out)};
    assert_true(slice_eq(unpack_tight(&in), SLICE("hello")) && unpack_done(&in));
    for (size_t len = 0; len < 6; len++) {
        in = (struct unpack){.left = slice_sub(buf_slice(&out), 0, len)};
        unpack_tight(&in);
        assert_true(in.bad);
    }
    memset(octets, 0xff, 9);
    octets[9] = 0x01;
    in = (struct unpack){.left = {octets, sizeof octets}};
    unpack_tight(&in);
    assert_true(in.bad);
    buf_release(&out);
}
