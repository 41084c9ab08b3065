/* SPDX-License-Identifier: ISC
 * gatepost, the parent process: reads the command line and the configuration, makes what all
 * proxies share, and runs the loop. */
#include "base/clock.h"
#include "base/log.h"
#include "base/own_program.h"
#include "parent/first_run/first_run.h"
#include "parent/first_run/first_run_options.h"
#include "parent/parent.h"
#include "parent/parent_deposit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { REPORT_MAX = 256 * 1024 };

static void print_report(struct buf *report)
{
    struct slice text = buf_slice(report);
    fwrite(text.ptr, 1, text.len, stderr);
    buf_release(report);
}

static bool read_configuration(struct parent *parent, struct loaded *loaded)
{
    struct buf report = buf_init(REPORT_MAX);
    bool usable = loaded_read(loaded, parent->arguments.path, slice_of(parent->hostname),
                              &(struct succession){.before = NULL}, &report);
    if (usable && loaded->failed_tests > 0)
        buf_printf(&report, "%u of the %u tests of the policy failed\n", loaded->failed_tests,
                   loaded->tests);
    print_report(&report);
    return usable;
}

static int check(struct parent *parent)
{
    struct loaded loaded = {0};
    bool good = read_configuration(parent, &loaded) && loaded.failed_tests == 0;
    if (good)
        printf("%s: good: %zu listeners, %zu backends, %zu domains, %zu rules, %u tests passed\n",
               parent->arguments.path, loaded.config->listener_count, loaded.config->backend_count,
               loaded.config->domain_count, policy_rule_count(loaded.config->policy), loaded.tests);
    if (geteuid() != 0)
        printf(
            "not root, so users, groups and folders that are closed to this user were not looked "
            "at\n");
    loaded_free(&loaded);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* The caller's process waits until the parent serves,
 * so that its exit status tells. Returns in the child. */
static bool go_to_background(struct parent *parent)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid < 0)
        return false;
    if (pid > 0) {
        char byte;
        close(pair[1]);
        _exit(read(pair[0], &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(pair[0]);
    parent->launcher = pair[1];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool ok = null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0;
    close(null);
    return ok && setsid() >= 0;
}

static bool init_scanners(struct parent *parent)
{
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (!scanners_init(&parent->scanners[kind], (enum scanner_kind)kind))
            return false;
    return true;
}

static void hold_programs(void)
{
    static const char *const programs[] = {"gatepost-proxy", "gatepost-scan",   "gatepost-av",
                                           "gatepost-qr",    "gatepost-keeper", "gatepost-release",
                                           "gatepost-learn", "gatepost-sign",   "gatepost-source"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        own_program_hold(programs[i]);
}

static bool make_shared_things(struct parent *parent)
{
    hold_programs();
    raise_descriptor_limit();
    release_init(&parent->release, &parent->keeper);
    learn_init(&parent->learn, &parent->keeper);
    parent->shared = shared_new(&parent->shared_fd);
    parent->shared_reader = parent->shared ? shared_reader(parent->shared_fd) : -1;
    return parent->shared_reader >= 0 && deposit_take(&parent->sockets) &&
           parent_open_signals(parent) && sign_init(&parent->sign) &&
           source_init(&parent->source) && tickets_init(&parent->tickets, clock_ms()) &&
           keeper_init(&parent->keeper) && init_scanners(parent);
}

static bool start(struct parent *parent, struct loaded *loaded)
{
    struct buf report = buf_init(REPORT_MAX);
    files_watch(&parent->files, loaded, NULL, false);
    struct generation *generation = generation_new(parent, loaded, &report);
    print_report(&report);
    if (!generation)
        return false;
    int64_t now = clock_ms();
    parent_apply(parent, generation->loaded.config, now);
    generation_start(parent, generation, now);
    return true;
}

static int complain(const char *what)
{
    fprintf(stderr, "gatepost: %s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

static int serve(struct parent *parent)
{
    struct loaded loaded = {0};
    int status = EXIT_FAILURE;
    parent->started = clock_wall();
    if (!read_configuration(parent, &loaded)) {
        loaded_free(&loaded);
        return status;
    }
    if (!parent->arguments.foreground && !go_to_background(parent))
        complain("going to the background");
    else if (!make_shared_things(parent))
        complain("starting");
    else if (start(parent, &loaded))
        status = parent_run(parent);
    loaded_free(&loaded);
    return status;
}

static void forget_everything(struct parent *parent)
{
    sockets_prune(&parent->sockets, NULL);
    claims_prune(&parent->claims, NULL);
    shared_free(&parent->shared);
    files_free(&parent->files);
    watch_free(&parent->signatures);
    explicit_bzero(&parent->tickets, sizeof parent->tickets);
}

int main(int argc, char *argv[])
{
    static struct parent parent = {
        .shared_fd = -1, .shared_reader = -1, .launcher = -1, .redis.folder = -1};
    parent.arguments = arguments_parse(argc, argv);
    if (parent.arguments.want == ARGUMENTS_WRONG) {
        fputs(arguments_usage, stderr);
        first_options_usage(stderr);
        return 2;
    }
    if (parent.arguments.want == ARGUMENTS_VERSION) {
        puts("gatepost " GATEPOST_VERSION);
        return EXIT_SUCCESS;
    }
    log_stay_connected();
    gethostname(parent.hostname, sizeof parent.hostname - 1);
    if (parent.arguments.want == ARGUMENTS_FIRST_RUN)
        return first_run(argc, argv, parent.hostname);
    if (parent.arguments.want == ARGUMENTS_CHECK)
        return check(&parent);
    int status = serve(&parent);
    forget_everything(&parent);
    return status;
}
