/* SPDX-License-Identifier: ISC
 * What this machine must have: users and groups, programs, files of the resolver. */
#include "common/redis_place.h"
#include "filters/sender/batv.h"
#include "parent/load_look.h"
#include "parent/parent_keeper.h"
#include "parent/parent_redis.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* ---- users ---- */

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

static void say_how_to_make(const struct load_look *look, struct slice user)
{
    buf_printf(look->report,
               "    useradd --system --user-group --no-create-home --home-dir /nonexistent "
               "--shell /usr/sbin/nologin %.*s\n",
               SLICE_ARGS(user));
}

static void look_at_user(struct load_look *look)
{
    struct slice user = look->config->settings.process_user;
    if (is_user(user))
        return;
    LOOK_ERROR(look, look_setting(look, "process", "user"),
               "process user \"%.*s\": no such user; create it with:", SHOWN(user));
    say_how_to_make(look, user);
}

/* Mail goes on without such a user. */
static void look_at_own_user(struct load_look *look, const char *block, const char *word,
                             struct slice user, const char *so)
{
    struct span at = look_setting(look, block, word);
    if (is_same_user(user, look->config->settings.process_user)) {
        LOOK_ERROR(look, at, "%s %s \"%.*s\": it runs the proxies; this needs a user of its own",
                   block, word, SHOWN(user));
    } else if (!is_user(user)) {
        LOOK_WARNING(look, at, "%s %s \"%.*s\": no such user, so %s; create it with:", block, word,
                     SHOWN(user), so);
        say_how_to_make(look, user);
    }
}

/* The setting that names the group of which something is said. */
static struct span place_of_group(const struct load_look *look, const char *said)
{
    const struct settings *settings = &look->config->settings;
    const struct {
        const char *word;
        struct slice group;
    } roles[] = {{"auditors", settings->keeper_auditors},
                 {"helpdesk", settings->keeper_helpdesk},
                 {"admins", settings->keeper_admins}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (roles[i].group.len > 0 && slice_search(slice_of(said), roles[i].group) < strlen(said))
            return look_setting(look, "keeper", roles[i].word);
    return NOWHERE;
}

static void look_at_groups(struct load_look *look)
{
    struct role_names names;
    struct role_options options;
    const char *reason = roles_named(&look->config->settings, &names)
                             ? roles_look_up(&names, &options)
                             : "control socket: a name is too long";
    if (reason)
        LOOK_WARNING(look, place_of_group(look, reason), "%s, so nothing is recorded", reason);
}

/* ---- what is started beside the proxies ---- */

static void look_at_path(struct load_look *look, const char *block, const char *word,
                         struct slice path)
{
    char name[PATH_MAX];
    if (!slice_to_path(path, name))
        LOOK_ERROR(look, look_setting(look, block, word), "%s %s \"%.*s\": %s", block, word,
                   PATH_SHOWN(path), strerror(errno));
}

/* Mail does not wait for what is kept: without the keeper's user it goes on unrecorded. */
static void look_at_keeper(struct load_look *look)
{
    const struct settings *settings = &look->config->settings;
    if (!keeper_needed(look->config))
        return;
    look_at_path(look, "keeper", "folder", settings->keeper_folder);
    look_at_path(look, "keeper", "control", settings->keeper_control);
    look_at_path(look, "metrics", "socket", settings->metrics_socket);
    if (slice_eq(settings->keeper_control, settings->metrics_socket))
        LOOK_ERROR(look, look_setting(look, "metrics", "socket"),
                   "metrics socket \"%.*s\": keeper control is there",
                   PATH_SHOWN(settings->metrics_socket));
    if (geteuid() != 0)
        return;
    look_at_groups(look);
    look_at_own_user(look, "keeper", "user", settings->keeper_user, "nothing is recorded");
}

static void look_at_redis_program(struct load_look *look)
{
    char name[PATH_MAX];
    struct slice program = look->config->settings.redis_program;
    if (slice_to_path(program, name) && access(name, X_OK) != 0)
        LOOK_WARNING(look, look_setting(look, "redis", "program"),
                     "redis program \"%.*s\": %s, so nothing is remembered of senders; install "
                     "redis-server, or name a server in redis { server }",
                     PATH_SHOWN(program), strerror(errno));
}

static void look_at_private_redis(struct load_look *look)
{
    const struct settings *settings = &look->config->settings;
    if (!private_redis_needed(look->config))
        return;
    look_at_redis_program(look);
    if (geteuid() != 0)
        return;
    if (is_same_user(settings->redis_account, settings->keeper_user))
        LOOK_ERROR(look, look_setting(look, "redis", "account"),
                   "redis account \"%.*s\": it runs the keeper; the private Redis needs a user of "
                   "its own",
                   SHOWN(settings->redis_account));
    else
        look_at_own_user(look, "redis", "account", settings->redis_account,
                         "nothing is remembered of senders");
}

static void look_at_password(struct load_look *look, const char *word, const char *what,
                             struct slice path)
{
    struct span at = look_setting(look, "redis", word);
    struct slice password;
    if (path.len > 0 && look_into(look, at, what, path, &password))
        look_who_reads(look, at, what, path);
}

static void look_at_redis(struct load_look *look)
{
    const struct settings *settings = &look->config->settings;
    struct ip ip;
    uint16_t port;
    if (settings->redis_server.len > 0 && !redis_address(settings->redis_server, &ip, &port))
        LOOK_ERROR(look, look_setting(look, "redis", "server"),
                   "redis server \"%.*s\": expected an address like \"192.0.2.6:6379\" or "
                   "\"[2001:db8::6]:6379\"",
                   SHOWN(settings->redis_server));
    look_at_path(look, "redis", "program", settings->redis_program);
    look_at_path(look, "redis", "folder", settings->redis_folder);
    look_at_password(look, "password_file", "redis password_file", settings->redis_password_file);
    look_at_password(look, "sentinel_password_file", "redis sentinel_password_file",
                     settings->redis_sentinel_password_file);
    look_at_private_redis(look);
}

/* ---- tags of senders ---- */

static void look_at_tag_key(struct load_look *look, const char *word, struct slice path)
{
    struct span at = look_setting(look, "batv", word);
    struct slice secret;
    if (path.len == 0 || !look_into(look, at, word, path, &secret))
        return;
    secret = slice_trim(secret);
    look_who_reads(look, at, word, path);
    if (secret.len < BATV_SECRET_MIN || slice_find(secret, '\n') < secret.len)
        LOOK_ERROR(look, at, "batv %s \"%.*s\": expected one line of at least %d octets", word,
                   PATH_SHOWN(path), BATV_SECRET_MIN);
}

static void look_at_tags(struct load_look *look)
{
    const struct settings *settings = &look->config->settings;
    look_at_tag_key(look, "key", settings->batv_key);
    look_at_tag_key(look, "old_key", settings->batv_old_key);
    if (settings->batv_key.len == 0 && settings->batv_old_key.len > 0)
        LOOK_ERROR(look, look_setting(look, "batv", "old_key"), "batv old_key needs a key");
}

/* ---- name servers ---- */

static bool is_readable(struct slice path)
{
    char name[PATH_MAX];
    return slice_to_path(path, name) && access(name, R_OK) == 0;
}

static bool has_forwarder(const struct config *config)
{
    for (size_t i = 0; i < config->name_server_count; i++)
        if (config->name_servers[i].zone.len == 0)
            return true;
    return false;
}

static void look_at_resolver(struct load_look *look)
{
    const struct settings *settings = &look->config->settings;
    if (!policy_asks(look->config->policy, ASKS_DNS))
        return;
    struct slice root_key = settings->resolver_root_key, file = settings->resolver_resolv_conf;
    if (settings->resolver_dnssec && !is_readable(root_key))
        LOOK_ERROR(look, look_setting(look, "resolver", "root_key"),
                   "resolver root_key \"%.*s\": %s; dnssec needs it; install dns-root-data",
                   PATH_SHOWN(root_key), strerror(errno));
    if (file.len > 0 && !has_forwarder(look->config) && !is_readable(file))
        LOOK_WARNING(look, look_setting(look, "resolver", "resolv_conf"),
                     "resolver resolv_conf \"%.*s\": %s, so what the DNS knows is unknown; "
                     "expected name servers here, such as forward \"192.0.2.53\"",
                     PATH_SHOWN(file), strerror(errno));
}

/* ---- where the proxies are locked in ---- */

/* A missing one is made when the proxies start, so that a first deployment needs no extra step. */
static const char *chroot_fault(struct slice folder)
{
    char path[PATH_MAX];
    struct stat status;
    if (!slice_to_path(folder, path) || stat(path, &status) != 0)
        return errno == ENOENT ? NULL : strerror(errno);
    if (!S_ISDIR(status.st_mode))
        return "not a folder";
    bool open = status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH));
    return open ? "others than root may write in it" : NULL;
}

static void look_at_chroot(struct load_look *look)
{
    struct slice folder = look->config->settings.process_chroot;
    const char *fault = folder.len > 0 ? chroot_fault(folder) : NULL;
    if (fault)
        LOOK_ERROR(look, look_setting(look, "process", "chroot"), "process chroot \"%.*s\": %s",
                   PATH_SHOWN(folder), fault);
}

void look_at_machine(struct load_look *look)
{
    look_at_keeper(look);
    look_at_redis(look);
    look_at_tags(look);
    look_at_resolver(look);
    if (geteuid() != 0)
        return;
    look_at_user(look);
    look_at_chroot(look);
}
