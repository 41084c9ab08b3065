/* SPDX-License-Identifier: ISC
 * A proxy that answers a keeper that shares as the test likes. To be included by one file of a program. */
#ifndef TESTS_HARNESS_SHARING_PROXY_H
#define TESTS_HARNESS_SHARING_PROXY_H

#include "common/sharing.h"
#include "tests/harness/unit.h"

#include <event2/event.h>
#include <string.h>

static struct event_base *base;
static int pair[2]; /* the keeper's end, and the proxies' */
static char inbox[IPC_PAYLOAD_MAX + 2];
static struct sharing_question asked;

static inline void run(void)
{
    for (int i = 0; i < 4; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

/* The next question, in `asked`. False: there is none now. */
static inline bool next(void)
{
    struct ipc_message message;
    run();
    return ipc_recv(pair[1], &message, inbox, sizeof inbox, false) == 1 &&
           sharing_question_unpack(message.payload, &asked);
}

static inline bool asks(enum sharing_script script)
{
    return next() && asked.script == script;
}

static inline void answer_words(const struct slice *words, size_t count)
{
    static struct sharing_answer answer;
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    answer = (struct sharing_answer){.number = asked.number, .ok = true};
    for (size_t i = 0; i < count; i++)
        assert_true(sharing_say(&answer.words, words[i]));
    sharing_answer_pack(&out, &answer);
    assert_int_equal(ipc_send(pair[1], SHARING_ANSWER, buf_slice(&out), NULL, 0, false), 1);
    buf_release(&out);
}

static inline void answer(const char *word)
{
    answer_words(&(struct slice){word, strlen(word)}, 1);
}

static inline void answer_look(struct slice epoch, struct slice head)
{
    const struct slice words[] = {SLICE("read"), epoch, SLICE("0-0"), head, SLICE("")};
    answer_words(words, sizeof words / sizeof *words);
}

#endif
