/* SPDX-License-Identifier: ISC */
#include "base/process.h"

#include "base/sandbox_server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FDS_MAX = 64, ENVIRONMENT_MAX = 32, FIRST_FD = 3 };
enum { SERVER_FDS = 1024, SERVER_PROCESSES = 256 /* threads count */ };

/* Entries are "NAME=value", or "NAME" for what our own environment has. */
static bool add_environment(char **out, size_t *count, const char *entry)
{
    if (*count + 1 >= ENVIRONMENT_MAX) {
        errno = E2BIG;
        return false;
    }
    if (strchr(entry, '=')) {
        out[*count] = strdup(entry);
    } else {
        const char *value = getenv(entry);
        if (!value)
            return true;
        if (asprintf(&out[*count], "%s=%s", entry, value) < 0)
            out[*count] = NULL;
    }
    return out[*count] && ++*count;
}

static void free_environment(char **environment)
{
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
}

static bool make_environment(char **out, const char *const listed[])
{
    size_t count = 0;
    bool ok = add_environment(out, &count, "PATH") && add_environment(out, &count, "TZ");
    for (size_t i = 0; ok && listed && listed[i]; i++)
        ok = add_environment(out, &count, listed[i]);
    return ok;
}

/* From here to the exec only what is safe after a fork. All descriptors first go above their
 * targets, so that no dup2 overwrites one that is still to be moved. */
static bool arrange_fds(const int *fds, size_t fd_count, int *report)
{
    int moved[FDS_MAX], above = FIRST_FD + (int)fd_count;
    *report = fcntl(*report, F_DUPFD_CLOEXEC, above);
    if (*report < 0)
        return false;
    for (size_t i = 0; i < fd_count; i++)
        if ((moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, above)) < 0)
            return false;
    for (size_t i = 0; i < fd_count; i++)
        if (dup2(moved[i], FIRST_FD + (int)i) < 0)
            return false;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return false;
    return close_range((unsigned)above, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void reset_signals(void)
{
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool tie(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static int wait_for_exec(pid_t pid, int report)
{
    int failure = 0;
    ssize_t n;
    do
        n = read(report, &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return n == sizeof failure && failure ? failure : EIO;
}

/* What is started, and how. */
struct start {
    const char *path;
    char *const *argv;
    const int *fds;
    size_t fd_count;
    bool tied;
    const struct passwd *user;           /* to become; NULL: stay */
    const struct process_server *server; /* NULL: a program of ours */
};

static const char *become(const struct passwd *user);

static bool at_most(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return false;
    if (limit.rlim_max < most) /* RLIM_INFINITY is the largest */
        most = limit.rlim_max;
    return setrlimit(resource, &(struct rlimit){most, most}) == 0;
}

/* A sanitizer's shadow, which is there until the program is executed, is more than any limit. */
static bool limit_memory(unsigned long long most)
{
#ifdef SANITIZED
    (void)most;
    return true;
#else
    return most == 0 || at_most(RLIMIT_DATA, most);
#endif
}

static bool restrict_server(const struct start *start)
{
    return setpgid(0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           at_most(RLIMIT_CORE, 0) && at_most(RLIMIT_NOFILE, SERVER_FDS) &&
           (!start->user || at_most(RLIMIT_NPROC, SERVER_PROCESSES)) &&
           limit_memory(start->server->memory);
}

/* The kernel forgets the tie when the user changes, so that comes first. */
static bool prepare(const struct start *start, pid_t parent, int *report)
{
    return arrange_fds(start->fds, start->fd_count, report) &&
           (!start->server || restrict_server(start)) && (!start->user || !become(start->user)) &&
           (!start->tied || tie(parent));
}

/* What to execute; NULL: nothing. The jail asks for memory, which our processes, that have one thread, may after a fork. */
static const char *path_of(const struct start *start)
{
    return start->server ? sandbox_enter_server(start->path, start->server->folder) : start->path;
}

static pid_t spawn(const struct start *start, char *const environment[])
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return -1;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* no handler of ours may run in the child */
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        int out = report[1];
        if (prepare(start, parent, &out)) {
            reset_signals();
            const char *path = path_of(start);
            if (path)
                execve(path, start->argv, environment);
        }
        int failure = errno;
        ssize_t written = write(out, &failure, sizeof failure);
        _exit(written == sizeof failure ? 127 : 126);
    }
    int failure = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (pid > 0 && (failure = wait_for_exec(pid, report[0])) != 0)
        pid = -1;
    close(report[0]);
    if (pid < 0)
        errno = failure;
    return pid;
}

static pid_t spawn_with(const struct start *start, const char *const environment[])
{
    if (start->fd_count > FDS_MAX) {
        errno = EMFILE;
        return -1;
    }
    char *complete[ENVIRONMENT_MAX] = {NULL};
    pid_t pid = -1;
    if (make_environment(complete, environment))
        pid = spawn(start, complete);
    int failure = errno;
    free_environment(complete);
    errno = failure;
    return pid;
}

pid_t process_spawn(const char *path, char *const argv[], const char *const environment[],
                    const int *fds, size_t fd_count, bool tied)
{
    return spawn_with(
        &(struct start){.path = path, .argv = argv, .fds = fds, .fd_count = fd_count, .tied = tied},
        environment);
}

pid_t process_spawn_server(const struct process_server *server)
{
    struct start start = {.path = server->path,
                          .argv = server->argv,
                          .fds = server->fds,
                          .fd_count = server->fd_count,
                          .tied = true,
                          .server = server};
    if (geteuid() == 0 && !(start.user = getpwnam(server->user))) {
        errno = EINVAL;
        return -1;
    }
    return spawn_with(&start, NULL);
}

static bool join_path(const char *folder, size_t folder_len, const char *name, char *out,
                      size_t size)
{
    int n = snprintf(out, size, "%.*s/%s", (int)folder_len, folder, name);
    return n > 0 && (size_t)n < size;
}

bool process_sibling(const char *name, char *out, size_t size)
{
    const char *given = getenv("GATEPOST_LIBEXEC");
    if (given)
        return join_path(given, strlen(given), name, out, size);
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = '\0';
        const char *slash = strrchr(self, '/');
        if (slash && join_path(self, (size_t)(slash - self), name, out, size) &&
            access(out, X_OK) == 0)
            return true;
    }
    return join_path(LIBEXECDIR, strlen(LIBEXECDIR), name, out, size);
}

static bool failed(const char **reason, const char *step)
{
    static char text[256];
    snprintf(text, sizeof text, "%s: %s", step, strerror(errno));
    *reason = text;
    return false;
}

static bool failed_on(const char **reason, const char *step, const char *object)
{
    static char text[256];
    snprintf(text, sizeof text, "%s %s: %s", step, object,
             errno == ENOENT ? "does not exist" : strerror(errno));
    *reason = text;
    return false;
}

/* For good. The step that failed, with errno; NULL: none. */
static const char *become(const struct passwd *user)
{
    if (setgroups(0, NULL) != 0)
        return "setgroups";
    if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0)
        return "setresgid";
    if (setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return "setresuid";
    if (user->pw_uid != 0 && setresuid(0, 0, 0) == 0) {
        errno = EPERM;
        return "root came back";
    }
    return NULL;
}

enum { NO_CAPABILITY = CAP_LAST_CAP + 1 };

/* The one that it is left with, once it is somebody else. */
static bool limit_capabilities(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    sets[CAP_TO_INDEX(capability)].permitted = CAP_TO_MASK(capability);
    sets[CAP_TO_INDEX(capability)].effective = CAP_TO_MASK(capability);
    return syscall(SYS_capset, &header, sets) == 0 && prctl(PR_SET_KEEPCAPS, 0) == 0;
}

static bool drop_root(const char *name, const char *folder, unsigned capability,
                      const char **reason)
{
    errno = 0;
    struct passwd *user = getpwnam(name);
    if (!user) {
        errno = errno ? errno : ENOENT;
        return failed_on(reason, "user", name);
    }
    if (folder && chroot(folder) != 0)
        return failed_on(reason, "chroot", folder);
    if (folder && chdir("/") != 0)
        return failed(reason, "chdir");
    if (capability != NO_CAPABILITY && prctl(PR_SET_KEEPCAPS, 1) != 0)
        return failed(reason, "a capability is to be kept");
    const char *step = become(user);
    if (step)
        return failed(reason, step);
    return capability == NO_CAPABILITY || limit_capabilities(capability) ||
           failed(reason, "capset");
}

static bool restrict_process(const char **reason)
{
    prctl(PR_SET_NAME,
          program_invocation_short_name); /* executed by a descriptor it bears a number */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(reason, "no_new_privs");
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) != 0)
        return failed(reason, "RLIMIT_CORE");
#ifndef SANITIZED /* the leak checker traces its own process */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return failed(reason, "not dumpable");
#endif
    return true;
}

bool process_drop(const char *user, const char *folder, const char **reason)
{
    return process_drop_but(user, folder, NO_CAPABILITY, reason);
}

bool process_drop_but(const char *user, const char *folder, unsigned capability,
                      const char **reason)
{
    int tied_by = 0;
    pid_t parent = getppid();
    prctl(PR_GET_PDEATHSIG, &tied_by);
    if (geteuid() == 0 && !drop_root(user, folder, capability, reason))
        return false;
    if (!restrict_process(reason))
        return false;
    /* the kernel forgets the tie when the user changes */
    if (tied_by && (prctl(PR_SET_PDEATHSIG, tied_by) != 0 || getppid() != parent)) {
        errno = ESRCH;
        return failed(reason, "the parent is gone");
    }
    return true;
}

unsigned process_count(unsigned configured)
{
    cpu_set_t cores;
    if (configured > 0)
        return configured;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
}
