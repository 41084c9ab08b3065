/* SPDX-License-Identifier: ISC */
#include "console/learn/mail.h"
#include "console/learn/mbox.h"
#include "console/message_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mail_file {
    struct mail_source source;
    int fd; /* owned */
    uint64_t max, done;
    bool is_mbox, at_end, over; /* at_end: of the file; over: nothing more is in it */
    struct mbox mbox;
    struct slice left; /* of the chunk */
    struct buf text;   /* of a message, on its way from the chunk */
    struct message_copy copy;
    char chunk[MESSAGE_CHUNK];
};

/* ---- reading ---- */

/* The next chunk once the last one is used up; full, unless the file ends. */
static bool read_more(struct mail_file *file)
{
    size_t got = 0;
    while (file->left.len == 0 && !file->at_end && got < sizeof file->chunk) {
        ssize_t n = read(file->fd, file->chunk + got, sizeof file->chunk - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        got += (size_t)n;
        file->at_end = n == 0;
    }
    file->done += got;
    if (got)
        file->left = (struct slice){file->chunk, got};
    return true;
}

static bool is_used_up(const struct mail_file *file)
{
    return file->at_end && file->left.len == 0;
}

/* ---- one message ---- */

static bool copy_single(struct mail_file *file)
{
    file->left = slice_from(file->left, message_mailbox_lines(file->left));
    do {
        if (!message_copy_more(&file->copy, file->left))
            return false;
        file->left.len = 0;
        if (message_copy_too_big(&file->copy) || !read_more(file))
            break;
    } while (file->left.len);
    file->over = true;
    return message_copy_too_big(&file->copy) || file->at_end;
}

static bool copy_of_mbox(struct mail_file *file)
{
    for (bool complete = false; !complete;) {
        buf_clear(&file->text);
        if (!read_more(file))
            return false;
        if (is_used_up(file)) {
            mbox_end(&file->mbox, &file->text);
            complete = file->over = true;
        } else {
            complete = mbox_take(&file->mbox, &file->left, &file->text);
        }
        if (file->text.failed || !message_copy_more(&file->copy, buf_slice(&file->text)))
            return false;
    }
    return true;
}

/* ---- the source ---- */

static enum mail_got trouble(struct mail_file *file, struct mail *out)
{
    out->reason = strerror(errno);
    message_copy_drop(&file->copy);
    file->over = true;
    return MAIL_TROUBLE;
}

static enum mail_got read_one(struct mail_file *file, struct mail *out)
{
    if (!message_copy_begin(&file->copy, file->max))
        return trouble(file, out);
    if (!(file->is_mbox ? copy_of_mbox : copy_single)(file))
        return trouble(file, out);
    if (file->copy.size == 0) {
        message_copy_drop(&file->copy);
        return MAIL_END;
    }
    out->fd = message_copy_end(&file->copy);
    if (out->fd >= 0)
        return MAIL_MESSAGE;
    return errno == EFBIG ? MAIL_TOO_LARGE : trouble(file, out);
}

/* What has no octet is no message. */
static enum mail_got next(struct mail_source *source, struct mail *out)
{
    struct mail_file *file = (struct mail_file *)source;
    enum mail_got got = MAIL_END;
    while (got == MAIL_END && !file->over)
        got = read_one(file, out);
    return got;
}

static uint64_t done(const struct mail_source *source)
{
    const struct mail_file *file = (const struct mail_file *)source;
    return file->over ? source->total : file->done - file->left.len;
}

static void close_file(struct mail_source *source)
{
    struct mail_file *file = (struct mail_file *)source;
    close(file->fd);
    message_copy_drop(&file->copy);
    buf_release(&file->text);
    free(file);
}

static const struct mail_kind kind = {next, done, close_file};

static bool begin(struct mail_file *file)
{
    struct stat info;
    if (fstat(file->fd, &info) != 0)
        return false;
    errno = EINVAL;
    if (!S_ISREG(info.st_mode) || !read_more(file))
        return false;
    file->source.total = (uint64_t)info.st_size;
    file->is_mbox = slice_starts(file->left, SLICE("From "));
    return true;
}

struct mail_source *mail_file_take(int fd, uint64_t max, const char **reason)
{
    struct mail_file *file = fd >= 0 ? calloc(1, sizeof *file) : NULL;
    if (file) {
        *file = (struct mail_file){.source = {.kind = &kind}, .fd = fd, .max = max};
        file->copy.fd = -1;
        file->text = buf_init(MESSAGE_CHUNK + MBOX_HELD);
        if (begin(file))
            return &file->source;
    }
    *reason = strerror(errno);
    if (file)
        close_file(&file->source);
    else if (fd >= 0)
        close(fd);
    return NULL;
}

struct mail_source *mail_open_file(const char *path, uint64_t max, const char **reason)
{
    return mail_file_take(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), max, reason);
}
