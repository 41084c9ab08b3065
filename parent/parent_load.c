/* SPDX-License-Identifier: ISC */
#include "parent/parent_load.h"

#include "base/log.h"
#include "common/redis_place.h"
#include "parent/parent_keeper.h"
#include "parent/parent_redis.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool complain(struct buf *report, const char *what, struct slice name, const char *reason)
{
    buf_printf(report, "error: %s \"%.*s\": %s\n", what, SLICE_ARGS(name), reason);
    return false;
}

static bool take_file(struct bundle *bundle, const char *what, struct slice path,
                      struct buf *report)
{
    struct slice content;
    const char *reason;
    return bundle_read(bundle, path, &content, &reason) || complain(report, what, path, reason);
}

static void warn_of_open_file(const struct bundle *bundle, const char *what, struct slice path,
                              struct buf *report)
{
    for (size_t i = 0; i < bundle_count(bundle); i++) {
        const struct bundle_file *file = bundle_file(bundle, i);
        if (slice_eq(slice_of(file->path), path) && (file->status.st_mode & S_IROTH))
            buf_printf(report, "warning: %s \"%s\" can be read by everybody: chmod o= it\n", what,
                       file->path);
    }
}

static bool verifies_backends(const struct config *config)
{
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            if (config->backends[b].servers[s].tls == BACKEND_TLS_VERIFY)
                return true;
    return false;
}

static bool take_tls_files(struct bundle *bundle, const struct config *config, struct buf *report)
{
    bool ok = true;
    for (size_t i = 0; i < config->certificate_count; i++) {
        const struct certificate *certificate = &config->certificates[i];
        ok &= take_file(bundle, "certificate chain", certificate->chain_path, report);
        ok &= take_file(bundle, "key", certificate->key_path, report);
        warn_of_open_file(bundle, "key", certificate->key_path, report);
    }
    if (verifies_backends(config) || config->settings.redis_tls_name.len > 0)
        ok &= take_file(bundle, "tls ca_file", config->settings.tls_ca_file, report);
    return ok;
}

static bool check_path(const char *what, struct slice path, struct buf *report)
{
    char name[PATH_MAX];
    return slice_to_path(path, name) || complain(report, what, path, strerror(errno));
}

static bool take_password(struct bundle *bundle, const char *what, struct slice path,
                          struct buf *report)
{
    if (path.len == 0)
        return true;
    bool ok = take_file(bundle, what, path, report);
    warn_of_open_file(bundle, what, path, report);
    return ok;
}

static bool take_redis_files(struct bundle *bundle, const struct config *config, struct buf *report)
{
    const struct settings *settings = &config->settings;
    struct ip ip;
    uint16_t port;
    if (settings->redis_server.len > 0 && !redis_address(settings->redis_server, &ip, &port))
        return complain(report, "redis server", settings->redis_server,
                        "expected an address like \"192.0.2.6:6379\" or \"[2001:db8::6]:6379\"");
    bool ok = check_path("redis program", settings->redis_program, report);
    ok &= check_path("redis folder", settings->redis_folder, report);
    ok &= take_password(bundle, "redis password_file", settings->redis_password_file, report);
    return take_password(bundle, "redis sentinel_password_file",
                         settings->redis_sentinel_password_file, report) &&
           ok;
}

/* False: there is no such user. */
static bool find_user(struct slice user, uid_t *id)
{
    char name[PATH_MAX];
    const struct passwd *found = slice_to_path(user, name) ? getpwnam(name) : NULL;
    if (found)
        *id = found->pw_uid;
    return found;
}

static bool is_user(struct slice user)
{
    uid_t id;
    return find_user(user, &id);
}

/* What a process may is its number's; two names may have one. */
static bool is_same_user(struct slice one, struct slice other)
{
    uid_t its, others;
    return slice_eq(one, other) ||
           (find_user(one, &its) && find_user(other, &others) && its == others);
}

static void say_how_to_make(struct slice user, struct buf *report)
{
    buf_printf(report,
               "    useradd --system --user-group --no-create-home --home-dir /nonexistent "
               "--shell /usr/sbin/nologin %.*s\n",
               SLICE_ARGS(user));
}

static bool check_user(struct slice user, struct buf *report)
{
    if (is_user(user))
        return true;
    complain(report, "user", user, "no such user; create it with:");
    say_how_to_make(user, report);
    return false;
}

/* A missing one is made when the proxies start, so that a first deployment needs no extra step. */
static bool check_chroot(struct slice folder, struct buf *report)
{
    char path[PATH_MAX];
    struct stat status;
    if (folder.len == 0)
        return true;
    if (!slice_to_path(folder, path) || stat(path, &status) != 0)
        return errno == ENOENT || complain(report, "process chroot", folder, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return complain(report, "process chroot", folder, "not a folder");
    if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)))
        return complain(report, "process chroot", folder, "others than root may write in it");
    return true;
}

static bool check_word(const char *what, struct slice word, const char *one, const char *other,
                       struct buf *report)
{
    if (slice_eq(word, slice_of(one)) || slice_eq(word, slice_of(other)))
        return true;
    buf_printf(report, "error: %s \"%.*s\": expected %s or %s\n", what, SLICE_ARGS(word), one,
               other);
    return false;
}

static bool check_log(const struct settings *settings, struct buf *report)
{
    enum log_level level;
    bool ok = log_level_parse(settings->log_level, &level) ||
              complain(report, "log level", settings->log_level,
                       "expected debug, info, warning or error");
    return check_word("log to", settings->log_to, "stderr", "syslog", report) && ok;
}

static void warn_of_groups(const struct settings *settings, struct buf *report)
{
    struct role_names names;
    struct role_options options;
    const char *reason = roles_named(settings, &names) ? roles_look_up(&names, &options)
                                                       : "control socket: a name is too long";
    if (reason)
        buf_printf(report, "warning: %s, so nothing is recorded\n", reason);
}

static bool check_personal(struct slice word, struct buf *report)
{
    static const char *const words[] = {"keep", "shorten", "hash", "drop"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_eq(word, slice_of(words[i])))
            return true;
    return complain(report, "history personal", word, "expected keep, shorten, hash or drop");
}

/* Mail goes on without such a user. */
static bool check_own_user(const struct settings *settings, const char *what, struct slice user,
                           const char *so, struct buf *report)
{
    if (is_same_user(user, settings->process_user))
        return complain(report, what, user, "it runs the proxies; this needs a user of its own");
    if (!is_user(user)) {
        buf_printf(report, "warning: %s \"%.*s\": no such user, so %s; create it with:\n", what,
                   SLICE_ARGS(user), so);
        say_how_to_make(user, report);
    }
    return true;
}

/* Mail does not wait for what is kept: without the keeper's user it goes on unrecorded. */
static bool check_keeper(const struct config *config, struct buf *report)
{
    const struct settings *settings = &config->settings;
    if (!keeper_needed(config))
        return true;
    bool ok = check_word("history facts", settings->history_facts, "cheap", "named", report);
    ok = check_personal(settings->history_personal, report) && ok;
    ok = check_path("keeper folder", settings->keeper_folder, report) && ok;
    ok = check_path("keeper control", settings->keeper_control, report) && ok;
    ok = check_path("metrics socket", settings->metrics_socket, report) && ok;
    if (slice_eq(settings->keeper_control, settings->metrics_socket))
        ok =
            complain(report, "metrics socket", settings->metrics_socket, "keeper control is there");
    if (geteuid() != 0)
        return ok;
    warn_of_groups(settings, report);
    return check_own_user(settings, "keeper user", settings->keeper_user, "nothing is recorded",
                          report) &&
           ok;
}

static bool check_redis(const struct config *config, struct buf *report)
{
    const struct settings *settings = &config->settings;
    if (!private_redis_needed(config) || geteuid() != 0)
        return true;
    if (is_same_user(settings->redis_account, settings->keeper_user))
        return complain(report, "redis account", settings->redis_account,
                        "it runs the keeper; the private Redis needs a user of its own");
    return check_own_user(settings, "redis account", settings->redis_account,
                          "nothing is remembered of senders", report);
}

static bool check_machine(const struct config *config, struct buf *report)
{
    const struct settings *settings = &config->settings;
    bool ok = check_log(settings, report);
    ok = check_keeper(config, report) && ok;
    ok = check_redis(config, report) && ok;
    if (geteuid() != 0)
        return ok;
    ok &= check_user(settings->process_user, report);
    ok &= check_chroot(settings->process_chroot, report);
    return ok;
}

/* What tables kept before, they keep while only certificates are read anew. */
static bool load_config(struct loaded *loaded, const char *path, struct slice hostname,
                        const struct succession *succession, struct buf *report)
{
    struct table_keeper keeper = {loaded->bundle, succession->accepted, &loaded->kept};
    struct table_guard guard = table_guard_of(&keeper);
    struct loader loader = bundle_loader(loaded->bundle);
    loader.guard = &guard;
    bundle_hold(loaded->bundle, succession->certificates);
    if (!succession->certificates || kept_tables_copy(&succession->before->kept, &loaded->kept))
        loaded->config = config_load(slice_of(path), &loader, hostname, report);
    bundle_hold(loaded->bundle, false);
    return loaded->config != NULL;
}

static bool take_files(struct loaded *loaded, bool certificates, struct buf *report)
{
    bool ok = take_tls_files(loaded->bundle, loaded->config, report);
    bundle_hold(loaded->bundle, certificates);
    ok = take_redis_files(loaded->bundle, loaded->config, report) && ok;
    bundle_hold(loaded->bundle, false);
    return ok;
}

static bool read_all(struct loaded *loaded, const char *path, struct slice hostname,
                     const struct succession *succession, struct buf *report)
{
    bundle_follow(loaded->bundle, succession->before ? succession->before->bundle : NULL);
    bool ok = load_config(loaded, path, hostname, succession, report) &&
              take_files(loaded, succession->certificates, report);
    bundle_follow(loaded->bundle, NULL);
    return ok;
}

bool loaded_read(struct loaded *loaded, const char *path, struct slice hostname,
                 const struct succession *succession, struct buf *report)
{
    *loaded = (struct loaded){.bundle = bundle_new()};
    if (!loaded->bundle) {
        buf_cstr(report, "error: out of memory\n");
        return false;
    }
    bool ok = read_all(loaded, path, hostname, succession, report);
    if (!loaded->config)
        return false;
    if (!check_machine(loaded->config, report) || !ok) {
        config_free(&loaded->config);
        return false;
    }
    loaded->failed_tests = config_run_tests(loaded->config, &loaded->tests, report);
    return true;
}

void loaded_free(struct loaded *loaded)
{
    if (loaded->config)
        config_free(&loaded->config);
    kept_tables_free(&loaded->kept);
    bundle_free(&loaded->bundle);
}
