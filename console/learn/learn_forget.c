/* SPDX-License-Identifier: ISC
 * gatepostctl learn forget: of some messages nothing is learnt any more. */
#include "common/learning.h"
#include "console/ask.h"
#include "console/command.h"
#include "console/learn/mail.h"
#include "console/learn/message_digest.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char synopsis[] =
    "learn forget --all | --reference ID | --message FILE | --how WORD | --account ADDRESS\n"
    "           [--config FILE | --control SOCKET]";

struct forgetting {
    struct asking asking;
    int what; /* enum learn_forget; less than 0: not said yet, or twice */
    struct slice which;
    int sock;
    uint64_t gone;
};

static void take(void *ctx, struct slice octets)
{
    struct unpack in = {.left = octets};
    *(uint64_t *)ctx += unpack_u32(&in);
}

static bool forget(struct forgetting *f, struct slice which)
{
    struct buf question = buf_init(IPC_PAYLOAD_MAX);
    pack_u8(&question, (uint8_t)f->what);
    pack_slice(&question, which);
    bool ok = !question.failed && ask(f->sock, CONTROL_LEARN_FORGET, buf_slice(&question), take,
                                      &f->gone, &(uint64_t){0});
    buf_release(&question);
    return ok;
}

/* ---- a message ---- */

static bool forget_message(struct forgetting *f, int message)
{
    unsigned char digest[LABEL_MESSAGE];
    bool known = message_digest(message, digest);
    close(message);
    return known ? forget(f, (struct slice){(const char *)digest, sizeof digest})
                 : (command_error(f->which.ptr, strerror(errno)), false);
}

/* All of an mbox. What is too large was never learnt. */
static bool forget_file(struct forgetting *f, const char *path)
{
    const char *reason;
    struct mail mail;
    struct mail_source *source = mail_open_file(path, UINT32_MAX, &reason);
    if (!source)
        return command_error(path, reason), false;
    enum mail_got got;
    bool ok = true;
    while (ok && (got = source->kind->next(source, &mail)) != MAIL_END) {
        if (got == MAIL_MESSAGE)
            ok = forget_message(f, mail.fd);
        else if (got == MAIL_TROUBLE)
            ok = (command_error(path, mail.reason), false);
    }
    source->kind->close(source);
    return ok;
}

/* ---- the command ---- */

static bool is_how(const char *word)
{
    enum label_how how;
    if (label_how_of(slice_of(word), &how))
        return true;
    fputs("gatepostctl: --how takes one of:", stderr);
    for (how = 0; how < LABEL_HOWS; how++)
        fprintf(stderr, " %s", label_how_word(how));
    fputc('\n', stderr);
    return false;
}

static bool choose(struct forgetting *f, enum learn_forget what)
{
    bool first = f->what < 0;
    f->what = (int)what;
    f->which = slice_of(optarg);
    return first;
}

static bool take_option(struct forgetting *f, int letter)
{
    switch (letter) {
    case 'a':
        return choose(f, LEARN_FORGET_ALL);
    case 'r':
        return choose(f, LEARN_FORGET_REFERENCE);
    case 'm':
        return choose(f, LEARN_FORGET_MESSAGE);
    case 'h':
        return is_how(optarg) && choose(f, LEARN_FORGET_HOW);
    case 'A':
        return choose(f, LEARN_FORGET_ACCOUNT);
    default:
        return letter != 'j' && asking_option(&f->asking, letter);
    }
}

static bool read_options(struct forgetting *f, int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS,
                                            {"all", no_argument, NULL, 'a'},
                                            {"reference", required_argument, NULL, 'r'},
                                            {"message", required_argument, NULL, 'm'},
                                            {"how", required_argument, NULL, 'h'},
                                            {"account", required_argument, NULL, 'A'},
                                            {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;)
        if (!take_option(f, c))
            return false;
    return optind == argc && f->what >= 0;
}

int command_learn_forget(int argc, char *argv[])
{
    struct forgetting f = {.what = -1};
    if (!read_options(&f, argc, argv))
        return command_usage(synopsis);
    f.sock = ask_connect(&f.asking);
    if (f.sock < 0)
        return STATUS_ERROR;
    bool ok = f.what == LEARN_FORGET_MESSAGE ? forget_file(&f, f.which.ptr) : forget(&f, f.which);
    close(f.sock);
    if (ok)
        printf("%" PRIu64 " messages are learnt from no longer; the next model is without them\n",
               f.gone);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
