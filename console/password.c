/* SPDX-License-Identifier: ISC */
#include "console/password.h"

#include "console/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Octet by octet: nothing behind the line is taken, and no other buffer has it. Returns why there
 * is none; NULL: there is. */
static const char *read_line(int fd, char *out, size_t size)
{
    size_t len = 0;
    for (;;) {
        unsigned char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || c == '\n')
            break;
        if (c < 0x20 || c == 0x7f)
            return "interrupted, or a control character is in it";
        if (len + 1 == size)
            return "too long";
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return len ? NULL : "none was given";
}

/* Ctrl-C ends the line, so that the terminal is never left without an echo. */
static bool hide(struct termios *before)
{
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, before) != 0)
        return false;
    struct termios hidden = *before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    hidden.c_cc[VEOL] = before->c_cc[VINTR];
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
}

bool password_read(const char *prompt, char *out, size_t size)
{
    struct termios before;
    bool hidden = hide(&before);
    if (hidden)
        fprintf(stderr, "%s: ", prompt);
    const char *trouble = read_line(STDIN_FILENO, out, size);
    if (hidden) {
        fputc('\n', stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    }
    if (trouble)
        command_error("the password", trouble);
    return !trouble;
}

bool password_of_file(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const char *trouble = fd < 0 ? strerror(errno) : read_line(fd, out, size);
    if (fd >= 0)
        close(fd);
    if (trouble)
        command_error(path, trouble);
    return !trouble;
}
