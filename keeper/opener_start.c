/* SPDX-License-Identifier: ISC */
#include "keeper/opener_start.h"

#include "base/child.h"
#include "base/log.h"
#include "base/patience.h"
#include "base/process.h"
#include "base/sandbox.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

bool opener_options_read(int argc, char *argv[], struct opener_options *out)
{
    static const struct option known[] = {
        {"user", required_argument, NULL, 'u'},      {"chroot", required_argument, NULL, 'c'},
        {"log-to", required_argument, NULL, 't'},    {"log-format", required_argument, NULL, 'f'},
        {"log-level", required_argument, NULL, 'l'}, {"listen", required_argument, NULL, 'n'},
        {"most", required_argument, NULL, 'm'},      {NULL, 0, NULL, 0}};
    *out = (struct opener_options){
        .chroot = "", .log_to = "stderr", .log_format = "text", .log_level = "info"};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c != 'u' && c != 'c' && c != 't' && c != 'f' && c != 'l' && c != 'n' && c != 'm')
            return false;
        *(c == 'u'   ? &out->user
          : c == 'c' ? &out->chroot
          : c == 't' ? &out->log_to
          : c == 'f' ? &out->log_format
          : c == 'n' ? &out->listen
          : c == 'm' ? &out->most
                     : &out->log_level) = optarg;
    }
    return optind == argc && out->user;
}

void opener_log(const char *program, const struct opener_options *options)
{
    log_open_as(program,
                &(struct log_words){slice_of(options->log_to), slice_of(options->log_format),
                                    slice_of(options->log_level)});
}

int opener_watch(int control, int work)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event first = {.events = EPOLLIN, .data.fd = control},
                       second = {.events = EPOLLIN, .data.fd = work};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, control, &first) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, work, &second) != 0)
        return -1;
    return epoll;
}

const char *opener_lock_up(const struct opener_options *options)
{
    const char *reason;
    tzset();
    setlocale(LC_CTYPE, "C.UTF-8");
    child_ignore_signals();
    if (!patience_ends())
        return strerror(errno);
    if (!process_drop(options->user, *options->chroot ? options->chroot : NULL, &reason) ||
        !sandbox_enter(JAIL_OPENER, NULL, &reason))
        return reason;
    return NULL;
}

void opener_tell_failure(int control, uint16_t type, const char *reason)
{
    struct buf out = buf_init(4096);
    pack_slice(&out, slice_of(reason));
    ipc_send(control, type, buf_slice(&out), NULL, 0, true);
    buf_release(&out);
}
