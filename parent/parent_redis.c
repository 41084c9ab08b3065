/* SPDX-License-Identifier: ISC */
#include "parent/parent_redis.h"

#include "base/child.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sandbox_server.h"
#include "parent/parent_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What the process may ask for, beside what it keeps: tables that grow to twice their size, scripts,
 * buffers of connections. */
static const unsigned long long MEMORY_BESIDE = 1ULL << 30, MEMORY_FOLD = 4;

static const char socket_name[] = "socket"; /* in its folder, as the options below say */

/* ---- what is wanted ---- */

bool private_redis_needed(const struct config *config)
{
    return redis_place(&config->settings) == REDIS_PRIVATE && redis_needed(config);
}

static void end(struct private_redis *redis, int64_t now)
{
    if (redis->pid == 0 || redis->ending)
        return;
    redis->ending = true;
    redis->kill_at = now + REDIS_GRACE;
    kill(redis->pid, SIGTERM);
}

static bool is_same(const struct redis_start *one, const struct redis_start *other)
{
    return strcmp(one->program, other->program) == 0 && strcmp(one->folder, other->folder) == 0 &&
           strcmp(one->account, other->account) == 0 && strcmp(one->user, other->user) == 0 &&
           strcmp(one->prefix, other->prefix) == 0 && one->memory == other->memory;
}

void private_redis_configure(struct private_redis *redis, const struct config *config, int64_t now)
{
    struct redis_start fresh = {.program = ""};
    redis->wanted =
        config && private_redis_needed(config) &&
        slice_to_text(config->settings.redis_program, fresh.program, PATH_MAX) &&
        slice_to_text(config->settings.redis_folder, fresh.folder, PATH_MAX) &&
        slice_to_text(config->settings.redis_account, fresh.account, sizeof fresh.account) &&
        slice_to_text(config->settings.process_user, fresh.user, sizeof fresh.user) &&
        slice_to_text(slice_sub(config->settings.redis_prefix, 0, REDIS_PREFIX_MAX), fresh.prefix,
                      sizeof fresh.prefix);
    if (!redis->wanted) {
        end(redis, now);
        return;
    }
    fresh.memory = config->settings.redis_memory;
    bool same = is_same(&fresh, &redis->start);
    redis->start = fresh;
    if (same)
        return;
    redis->start_at = 0;
    redis->told[0] = '\0';
    end(redis, now); /* the next one is started when it has ended */
}

/* ---- its folder ---- */

static void close_folder(struct private_redis *redis)
{
    if (redis->folder >= 0)
        close(redis->folder);
    redis->folder = -1;
}

/* ---- its process ---- */

/* The socket's mode lets everybody in, its folder's nobody but the user: so that the parent reaches
 * it also without the right to override modes. What is relative is relative to `dir`. A proxy that
 * was taken over can do harm to what is remembered, but not to the machine. */
static const char options[] =
    "--port 0 --unixsocket socket --unixsocketperm 777 "
    "--enable-debug-command no --enable-module-command no --enable-protected-configs no "
    "--appendonly yes --appendfsync everysec --maxmemory-policy allkeys-lru "
    "--maxclients 500 --ignore-warnings ARM64-COW-BUG " /* it looks for that below /proc */
    "--daemonize no --loglevel warning --save";

static pid_t spawn(struct private_redis *redis)
{
    enum { WORDS_MAX = 128 };
    struct redis_start start = redis->start;
    char memory[24], users[REDIS_USERS_MAX], words[REDIS_USERS_MAX + sizeof options], *rest = words;
    const char *argv[WORDS_MAX] = {"redis-server", "--dir", start.folder, "--maxmemory", memory};
    size_t count = 5;
    if (!redis_secret_make(redis->secret) ||
        !redis_users(users, slice_of(start.prefix), redis->secret))
        return -1;
    snprintf(words, sizeof words, "%s %s", users, options);
    snprintf(memory, sizeof memory, "%llu", start.memory);
    while (rest && count < WORDS_MAX - 2)
        argv[count++] = strsep(&rest, " ");
    argv[count] = ""; /* --save nothing */
    return process_spawn_server(
        &(struct process_server){.user = start.account,
                                 .path = start.program,
                                 .argv = (char *const *)(uintptr_t)argv,
                                 .fds = &redis->folder,
                                 .fd_count = 1,
                                 .folder = start.folder,
                                 .memory = MEMORY_BESIDE + MEMORY_FOLD * start.memory});
}

static void not_started(struct private_redis *redis, const char *reason, int64_t now)
{
    redis->start_at = backoff_after(&redis->backoff, 0, now);
    if (strcmp(redis->told, reason) == 0)
        return;
    snprintf(redis->told, sizeof redis->told, "%s", reason);
    log_at(LEVEL_WARNING, "", "redis not started, its facts are unknown",
           field_str("program", redis->start.program), field_str("folder", redis->start.folder),
           field_str("account", redis->start.account), field_str("reason", redis->told));
}

static void start(struct private_redis *redis, int64_t now)
{
    const char *reason = NULL;
    redis->folder =
        folder_own(redis->start.folder, redis->start.account, redis->start.user, &reason);
    if (!reason)
        reason = folder_fault(redis->folder);
    if (!reason && !sandbox_server_possible())
        reason = "this kernel has no Landlock";
    pid_t pid = reason ? -1 : spawn(redis);
    if (pid < 0) {
        not_started(redis, reason ? reason : strerror(errno), now);
        close_folder(redis);
        return;
    }
    redis->pid = pid;
    redis->ending = false;
    redis->since = now;
    redis->start_at = redis->kill_at = 0;
    redis->told[0] = '\0';
    log_at(LEVEL_INFO, "", "redis started", field_num("pid", pid),
           field_str("folder", redis->start.folder));
}

int64_t private_redis_settle(struct private_redis *redis, int64_t now)
{
    if (redis->wanted && redis->pid == 0 && redis->start_at <= now)
        start(redis, now);
    if (redis->pid != 0 && redis->kill_at && redis->kill_at <= now) {
        log_at(LEVEL_WARNING, "", "redis is killed", field_str("reason", "it does not end"));
        redis->kill_at = 0;
        kill(redis->pid, SIGKILL);
    }
    if (redis->pid != 0)
        return redis->kill_at;
    return redis->wanted ? redis->start_at : 0;
}

bool private_redis_died(struct private_redis *redis, pid_t pid, int status, int64_t now)
{
    if (redis->pid == 0 || redis->pid != pid)
        return false;
    log_at(redis->ending ? LEVEL_INFO : LEVEL_ERROR, "",
           redis->ending ? "redis ended" : "redis died", field_num("pid", pid),
           field_str("how", child_death(status)));
    redis->start_at = redis->ending ? 0 : backoff_after(&redis->backoff, redis->since, now);
    if (redis_trouble_ended(&redis->trouble, redis->folder, redis->start.folder, status,
                            now - redis->since))
        redis->start_at = 0;
    redis->pid = 0;
    redis->kill_at = 0;
    close_folder(redis);
    return true;
}

/* ---- connections ---- */

/* Through the socket itself, not its name: whoever may write in the folder cannot send us, who are
 * root, to another. */
static int connect_to(int folder, const char *name, uid_t owner, const char **reason)
{
    struct sockaddr_un peer = {.sun_family = AF_UNIX};
    struct stat status;
    int place = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
    *reason = NULL;
    if (place >= 0 && fstat(place, &status) == 0) {
        if (!S_ISSOCK(status.st_mode) || (owner != (uid_t)-1 && status.st_uid != owner))
            *reason = "not its socket";
        else
            fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
    snprintf(peer.sun_path, sizeof peer.sun_path, "/proc/self/fd/%d", place);
    bool connected = fd >= 0 && connect(fd, (const struct sockaddr *)&peer, sizeof peer) == 0;
    if (!connected && !*reason)
        *reason = strerror(errno);
    if (place >= 0)
        close(place);
    if (connected)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int connect_private(const struct private_redis *redis)
{
    struct stat status;
    const char *reason; /* that it is not there yet is no news */
    if (redis->pid == 0 || redis->ending || fstat(redis->folder, &status) != 0)
        return -1;
    int fd = connect_to(redis->folder, socket_name, status.st_uid, &reason);
    if (fd < 0 || redis_introduce(fd, redis->secret))
        return fd;
    close(fd);
    return -1;
}

static int connect_given(struct private_redis *redis, struct slice path, int64_t now)
{
    char name[PATH_MAX];
    bool valid = slice_to_path(path, name);
    const char *reason = strerror(errno);
    int fd = valid ? connect_to(AT_FDCWD, name, (uid_t)-1, &reason) : -1;
    uint64_t count;
    if (fd < 0 && complaint_due(&redis->unreached, now, &count))
        log_at(LEVEL_WARNING, "", "redis not reached, its facts are unknown",
               field_text("socket", path), field_str("reason", reason),
               field_num("times", (int64_t)count));
    return fd;
}

int private_redis_connection(struct private_redis *redis, const struct settings *settings,
                             int64_t now)
{
    switch (redis_place(settings)) {
    case REDIS_AT_SOCKET:
        return connect_given(redis, settings->redis_socket, now);
    case REDIS_PRIVATE:
        return connect_private(redis);
    case REDIS_AT_ADDRESS:
    case REDIS_AT_MASTER:
        break;
    }
    return -1;
}
