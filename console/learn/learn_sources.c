/* SPDX-License-Identifier: ISC */
#include "console/learn/learn_sources.h"

#include "console/command.h"
#include "console/learn/mail_imap.h"
#include "console/password.h"
#include "console/probe/probe.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ARENA_MAX = 1024 * 1024 };

struct learn_login {
    struct imap_url url;
    char password[PROBE_SECRET_MAX];
};

/* ---- passwords ---- */

static bool is_server(const struct learn_path *path)
{
    return imap_url_looks_like(slice_of(path->name));
}

/* One password of a file is for one login, and nothing for the others. */
static bool ask_for_password(const struct learn_options *options, const struct learn_sources *known,
                             struct learn_login *login)
{
    char prompt[2 * IMAP_URL_PART + 32];
    for (size_t i = 0; i < known->login_count; i++)
        if (imap_url_same_login(&known->logins[i].url, &login->url)) {
            memcpy(login->password, known->logins[i].password, sizeof login->password);
            return true;
        }
    if (options->password_file && known->login_count > 0)
        return command_error("--password-file", "of which? There are several logins"), false;
    if (options->password_file)
        return password_of_file(options->password_file, login->password, sizeof login->password);
    snprintf(prompt, sizeof prompt, "Password of %s at %s", login->url.user, login->url.host);
    return password_read(prompt, login->password, sizeof login->password);
}

static bool find_logins(struct learn_sources *sources, const struct learn_options *options)
{
    const char *reason;
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->paths[i].name;
        struct learn_login *login = &sources->logins[sources->login_count];
        if (!is_server(&options->paths[i]))
            continue;
        if (!imap_url_parse(slice_of(name), &login->url, &reason))
            return command_error(name, reason), false;
        if (!ask_for_password(options, sources, login))
            return false;
        sources->login_count++;
    }
    return true;
}

/* ---- opened ---- */

static struct mail_source *open_place(const char *name, uint64_t max, const char **reason)
{
    struct stat info;
    bool is_folder = stat(name, &info) == 0 && S_ISDIR(info.st_mode);
    return (is_folder ? mail_folder_open : mail_open_file)(name, max, reason);
}

static bool open_all(struct learn_sources *sources, const struct learn_options *options,
                     const struct config *config, uint64_t max)
{
    const struct learn_login *login = sources->logins;
    for (size_t i = 0; i < options->count; i++) {
        const struct learn_path *path = &options->paths[i];
        const char *reason = "";
        struct mail_source *source =
            is_server(path)
                ? mail_imap_open(config, &login->url, login->password, max, sources->arena, &reason)
                : open_place(path->name, max, &reason);
        if (!source)
            return command_error(path->name, reason), false;
        login += is_server(path);
        mail_queue_add(&sources->queues[path->class], path->name, source);
    }
    return true;
}

bool learn_sources_open(struct learn_sources *sources, const struct learn_options *options,
                        const struct config *config, uint64_t max)
{
    *sources = (struct learn_sources){.arena = arena_new(ARENA_MAX),
                                      .logins = calloc(options->count, sizeof *sources->logins)};
    bool room = sources->arena && sources->logins;
    for (int class = 0; class < LABEL_CLASSES; class ++)
        room = mail_queue_open(&sources->queues[class], options->count) && room;
    if (!room)
        return command_error("learn", "out of memory"), false;
    if (!find_logins(sources, options))
        return false;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return open_all(sources, options, config, max);
}

void learn_sources_close(struct learn_sources *sources)
{
    for (int class = 0; class < LABEL_CLASSES; class ++)
        mail_queue_close(&sources->queues[class]);
    for (size_t i = 0; i < sources->login_count; i++)
        OPENSSL_cleanse(sources->logins[i].password, sizeof sources->logins[i].password);
    free(sources->logins);
    arena_free(&sources->arena);
    curl_global_cleanup();
}

/* ---- read ---- */

static double share_done(const struct mail_queue *queue)
{
    return queue->total ? (double)mail_queue_done(queue) / (double)queue->total : 1;
}

static enum label_class class_behind(const struct learn_sources *sources)
{
    const struct mail_queue *good = &sources->queues[LABEL_GOOD],
                            *spam = &sources->queues[LABEL_SPAM];
    if (mail_queue_is_over(good) || mail_queue_is_over(spam))
        return mail_queue_is_over(good) ? LABEL_SPAM : LABEL_GOOD;
    return share_done(spam) < share_done(good) ? LABEL_SPAM : LABEL_GOOD;
}

enum mail_got learn_sources_next(struct learn_sources *sources, struct mail *out,
                                 enum label_class *class, const char **name)
{
    for (int tries = 0; tries < LABEL_CLASSES; tries++) {
        *class = class_behind(sources);
        enum mail_got got = mail_queue_next(&sources->queues[*class], out, name);
        if (got != MAIL_END)
            return got;
    }
    return MAIL_END;
}

uint64_t learn_sources_total(const struct learn_sources *sources)
{
    return sources->queues[LABEL_GOOD].total + sources->queues[LABEL_SPAM].total;
}

uint64_t learn_sources_done(const struct learn_sources *sources)
{
    return mail_queue_done(&sources->queues[LABEL_GOOD]) +
           mail_queue_done(&sources->queues[LABEL_SPAM]);
}
