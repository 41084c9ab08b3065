/* SPDX-License-Identifier: ISC */
#include "base/listening_end.h"

#include <linux/filter.h>
#include <sys/socket.h>

enum { FLAGS = 13 /* of a TCP header, RFC 9293 3.1 */, SYN = 2, WHOLE = -1 };

void listening_end_begin(int fd)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, (unsigned)WHOLE),
    };
    const struct sock_fprog no_syn = {.len = sizeof steps / sizeof *steps, .filter = steps};
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &no_syn, sizeof no_syn);
}

void listening_end_undo(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));
}

bool listening_is_ending(int fd)
{
    struct sock_filter none;
    socklen_t steps = 0; /* asked for none of them: how many there are */
    return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, &none, &steps) == 0 && steps > 0;
}
