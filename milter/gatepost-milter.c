/* SPDX-License-Identifier: ISC
 * gatepost-milter: what mail servers ask as of a milter it passes on to proxies. libmilter owns the threads, one
 * for each connection that does something; it judges nothing, and has no files and no keys. */
#include "base/log.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "keeper/opener_start.h"
#include "milter/callbacks.h"
#include "milter/talk.h"

#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_S =
        300, /* for the rest of a mail server's word, or that it takes ours: a thread waits. None does between words */
    END_STEPS = 40,
    END_STEP_MS = 100,
    MOST_MAX = 1000000,
    DESCRIPTORS_BESIDE = 64,
};

static _Noreturn void give_up(const char *reason)
{
    opener_tell_failure(MILTER_CONTROL_FD, MILTER_FAILED, reason);
    log_at(LEVEL_ERROR, "", "gatepost-milter cannot start", field_str("reason", reason));
    exit(EXIT_FAILURE);
}

/* Some proxy has closed the queue: the next one has another. */
static void go_deaf(void)
{
    ipc_send(MILTER_CONTROL_FD, MILTER_DEAF, SLICE(""), NULL, 0, true);
    _exit(EXIT_FAILURE);
}

/* What is under way may end; libmilter itself takes seconds to find out that it is to stop. */
static _Noreturn void end(void)
{
    const struct timespec step = {0, END_STEP_MS * 1000000L};
    smfi_stop();
    for (int i = 0; i < END_STEPS && callbacks_open() > 0; i++)
        nanosleep(&step, NULL);
    _exit(EXIT_SUCCESS);
}

static void *hear_parent(void *nothing)
{
    static char inbox[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    for (;;) {
        int got = ipc_recv(MILTER_CONTROL_FD, &message, inbox, sizeof inbox, true);
        if (got < 0 || message.type == MILTER_END)
            end();
        ipc_close_fds(&message);
    }
    return nothing;
}

static unsigned most_of(const struct opener_options *options)
{
    uint64_t most;
    if (!options->listen || !options->most ||
        !slice_to_u64(slice_of(options->most), MOST_MAX, &most))
        give_up("options are not as the parent gives them");
    return (unsigned)most;
}

/* Each connection has one to the mail server and one to a proxy; as many again may have said nothing yet. What waits beyond
 * that waits in the kernel, or is none of ours. */
static void bound_descriptors(unsigned most)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)most * 3 + DESCRIPTORS_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Opened while it may be; whoever runs it is nobody from then on. */
static void open_socket(const struct opener_options *options)
{
    struct smfiDesc description = callbacks_for(MILTER_QUEUE_FD, most_of(options), go_deaf);
    if (smfi_register(description) != MI_SUCCESS ||
        smfi_setconn((char *)(uintptr_t)options->listen) != MI_SUCCESS ||
        smfi_settimeout(PATIENCE_S) != MI_SUCCESS)
        give_up("libmilter does not take what it is told");
    umask(0); /* the folder of a local socket says who may ask */
    errno = 0;
    if (smfi_opensocket(true) != MI_SUCCESS)
        give_up(errno ? strerror(errno) : "its socket cannot be opened");
}

static void *pass_away(void *nothing)
{
    pthread_exit(nothing);
}

/* The C library loads what unwinds a thread's stack when the first one ends. And it reads how many processors there
 * are, and how the kernel gives memory, for arenas beside the first: there are none. */
static void warm_up(void)
{
    pthread_t first;
    mallopt(M_ARENA_MAX, 1);
    if (pthread_create(&first, NULL, pass_away, NULL) != 0 || pthread_join(first, NULL) != 0)
        give_up("there can be no threads");
}

/* A terminal's signals are for the parent; libmilter waits for them itself. */
static void lock_up(const struct opener_options *options)
{
    const char *reason;
    tzset();
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    warm_up();
    setpgid(0, 0);
    if (!process_drop(options->user, *options->chroot ? options->chroot : NULL, &reason) ||
        !sandbox_enter(JAIL_MILTER, NULL, &reason))
        give_up(reason);
}

int main(int argc, char *argv[])
{
    struct opener_options options;
    pthread_t parent;
    if (!opener_options_read(argc, argv, &options))
        give_up("options are not as the parent gives them");
    opener_log("gatepost-milter", &options);
    open_socket(&options);
    bound_descriptors(most_of(&options));
    lock_up(&options);
    if (pthread_create(&parent, NULL, hear_parent, NULL) != 0)
        give_up(strerror(errno));
    ipc_send(MILTER_CONTROL_FD, MILTER_READY, SLICE(""), NULL, 0, true);
    if (smfi_main() != MI_SUCCESS)
        give_up("libmilter has ended");
    end();
}
