/* SPDX-License-Identifier: ISC
 * On loopback, where all of 127.0.0.0/8 is ours: what differs is whose address it is, and not whether it may be bound. */
#include "transparent/client_socket.h"

#include "tests/harness/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLAIN = 0, TRANSPARENT = 1, SAVES_SYN = 2 };

union place {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union place v4(uint8_t last, uint16_t port)
{
    return (union place){.v4 = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(0x7f000000U | last)}};
}

static union place v6(uint16_t port)
{
    return (union place){.v6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons(port),
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
}

static int made(const union place *at)
{
    int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, &at->any, sizeof *at), 0);
    return fd;
}

/* -1: this kernel, or whoever runs the test, may not. */
static int listening(union place *at, int how)
{
    int fd = made(at), is_v6 = at->any.sa_family == AF_INET6;
    socklen_t len = sizeof *at;
    if ((how & TRANSPARENT &&
         setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                    is_v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &(int){1}, sizeof(int)) != 0) ||
        (how & SAVES_SYN &&
         setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, &(int){1}, sizeof(int)) != 0)) {
        close(fd);
        return -1;
    }
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, &at->any, &len), 0);
    return fd;
}

/* A client at `from`, and the connection that was accepted of him; NULL: skipped. */
struct met {
    int listener, client, accepted;
};

static bool meet(struct met *met, union place listener, union place from, int how)
{
    met->listener = listening(&listener, how);
    if (met->listener < 0)
        return false;
    met->client = made(&from);
    assert_int_equal(connect(met->client, &listener.any, sizeof listener), 0);
    met->accepted = accept(met->listener, NULL, NULL);
    assert_true(met->accepted >= 0);
    return true;
}

static void part(const struct met *met)
{
    close(met->accepted);
    close(met->client);
    close(met->listener);
}

static void refuses(int connection)
{
    const char *reason = NULL;
    assert_int_equal(client_socket(connection, false, &reason), -1);
    assert_non_null(reason);
}

static void bears(int fd, int client, bool its_port)
{
    union place own, his;
    socklen_t len = sizeof own, his_len = sizeof his;
    assert_int_equal(getsockname(fd, &own.any, &len), 0);
    assert_int_equal(getsockname(client, &his.any, &his_len), 0);
    assert_int_equal(len, his_len);
    in_port_t port = own.any.sa_family == AF_INET ? own.v4.sin_port : own.v6.sin6_port;
    in_port_t expected = his.any.sa_family == AF_INET ? his.v4.sin_port : his.v6.sin6_port;
    assert_true((port == expected) == its_port);
    if (own.any.sa_family == AF_INET)
        assert_int_equal(own.v4.sin_addr.s_addr, his.v4.sin_addr.s_addr);
    else
        assert_memory_equal(&own.v6.sin6_addr, &his.v6.sin6_addr, 16);
}

static void gives(union place listener, union place from)
{
    struct met met;
    const char *reason = "";
    if (!meet(&met, listener, from, TRANSPARENT | SAVES_SYN))
        skip();
    int own = client_socket(met.accepted, false, &reason);
    int other = client_socket(met.accepted, true, &reason);
    assert_true(own >= 0 && other >= 0);
    bears(own, met.client, true);
    bears(other, met.client, false);
    close(own);
    close(other);
    part(&met);
}

TEST(test_it_bears_the_clients_address_and_his_port_or_another)
{
    gives(v4(1, 0), v4(7, 0));
}

TEST(test_the_same_of_ipv6)
{
    gives(v6(0), v6(0));
}

TEST(test_what_did_not_come_to_a_transparent_listener_is_refused)
{
    static const int others[] = {PLAIN, TRANSPARENT, SAVES_SYN};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct met met;
        if (!meet(&met, v4(1, 0), v4(7, 0), others[i]))
            skip();
        refuses(met.accepted);
        part(&met);
    }
}

TEST(test_what_its_holder_has_made_himself_is_refused)
{
    struct met met;
    const char *reason = "";
    if (!meet(&met, v4(1, 0), v4(7, 0), TRANSPARENT | SAVES_SYN))
        skip();
    refuses(
        met.client); /* its peer is our listener, whose address would be had by connecting to it */
    int given = client_socket(met.accepted, false, &reason);
    union place elsewhere = v4(1, 0), to;
    int target = listening(&elsewhere, PLAIN);
    to = elsewhere;
    assert_int_equal(connect(given, &to.any, sizeof to) == 0 || errno == EINPROGRESS, 1);
    refuses(given); /* it is transparent itself, but nobody has come to it */
    close(given);
    close(target);
    part(&met);
}

TEST(test_whoever_has_it_can_choose_no_other_address)
{
    struct met met;
    const char *reason = "";
    if (!meet(&met, v4(1, 0), v4(7, 0), TRANSPARENT | SAVES_SYN))
        skip();
    for (int any_port = 0; any_port < 2; any_port++) {
        int given = client_socket(met.accepted, any_port, &reason);
        union place elsewhere = v4(1, 0), wish = v4(9, 0);
        int target = listening(&elsewhere, PLAIN);
        const struct sockaddr nothing = {.sa_family = AF_UNSPEC};
        assert_true(connect(given, &elsewhere.any, sizeof elsewhere) == 0 || errno == EINPROGRESS);
        assert_int_equal(connect(given, &nothing, sizeof nothing), 0);
        assert_int_equal(bind(given, &wish.any, sizeof wish), -1);
        bears(given, met.client, !any_port);
        close(given);
        close(target);
    }
    part(&met);
}

TEST(test_what_is_no_connection_is_refused)
{
    int pair[2], lone = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pipes[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(pipe(pipes), 0);
    refuses(pair[0]);
    refuses(lone);
    refuses(pipes[0]);
    refuses(-1);
    close(lone);
    for (int i = 0; i < 2; i++) {
        close(pair[i]);
        close(pipes[i]);
    }
}

/* ---- TCP Fast Open, in a network of our own ---- */

enum { PASSED, FAILED, CANNOT };

static const union place forged = {
    .v4 = {.sin_family = AF_INET, .sin_port = 0x5c11, .sin_addr.s_addr = 0x010200c0}};

static bool tell_kernel(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool told = fd >= 0 && write(fd, value, strlen(value)) > 0;
    if (fd >= 0)
        close(fd);
    return told;
}

/* What is sent to the forged address is lost. */
static bool own_network(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = lo.ifr_name};
    memcpy(&route.rt_dst, &forged.any, sizeof route.rt_dst);
    ((struct sockaddr_in *)&route.rt_dst)->sin_port = 0;
    ((struct sockaddr_in *)&route.rt_genmask)->sin_addr.s_addr = 0xffffffff;
    route.rt_genmask.sa_family = AF_INET;
    route.rt_flags |= RTF_HOST;
    if (unshare(CLONE_NEWNET) != 0)
        return false;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool made = ioctl(fd, SIOCSIFFLAGS, &lo) == 0 && ioctl(fd, SIOCADDRT, &route) == 0 &&
                tell_kernel("/proc/sys/net/ipv4/tcp_fastopen", "3") &&
                tell_kernel("/proc/sys/net/ipv4/conf/all/route_localnet", "1");
    close(fd);
    return made;
}

static uint32_t sum_of(const void *octets, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint16_t word;
        memcpy(&word, (const char *)octets + i, sizeof word);
        sum += word;
    }
    return sum;
}

/* A SYN with an empty Fast Open option and data, from whoever is said. */
static bool send_forged(const union place *to)
{
    struct {
        uint8_t ip[20];
        struct tcphdr tcp;
        uint8_t options[4], data[8];
    } packet = {.ip = {0x45, 0, 0, sizeof packet, 0, 1, 0, 0, 64, IPPROTO_TCP},
                .options = {34, 2, 1, 1},
                .data = "EHLO x\r"};
    size_t len = sizeof packet - sizeof packet.ip;
    memcpy(packet.ip + 12, &forged.v4.sin_addr, 4);
    memcpy(packet.ip + 16, &to->v4.sin_addr, 4);
    packet.tcp = (struct tcphdr){.source = forged.v4.sin_port,
                                 .dest = to->v4.sin_port,
                                 .seq = htonl(1000),
                                 .doff = 6,
                                 .syn = 1,
                                 .window = htons(65535)};
    uint32_t sum = sum_of(packet.ip + 12, 8) + htons(IPPROTO_TCP) + htons((uint16_t)len) +
                   sum_of(&packet.tcp, len);
    sum = (sum & 0xffff) + (sum >> 16);
    packet.tcp.check = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    bool sent = sendto(fd, &packet, sizeof packet, 0, &to->any, sizeof to->v4) == sizeof packet;
    close(fd);
    return sent;
}

static int try_forged(void)
{
    union place at = v4(1, 0);
    const char *reason = NULL;
    const struct timeval patience = {5, 0};
    if (!own_network())
        return CANNOT;
    int listener = listening(&at, TRANSPARENT | SAVES_SYN);
    if (listener < 0 ||
        setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &(int){4}, sizeof(int)) != 0 ||
        setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, &(int){1}, sizeof(int)) != 0 ||
        setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        !send_forged(&at))
        return CANNOT;
    int accepted = accept(listener, NULL, NULL);
    if (accepted < 0)
        return CANNOT;
    return client_socket(accepted, true, &reason) == -1 && reason ? PASSED : FAILED;
}

TEST(test_who_has_not_shown_that_he_is_there_gives_no_address)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_forged());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT)
        skip();
    assert_int_equal(WEXITSTATUS(status), PASSED);
}
