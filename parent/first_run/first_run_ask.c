/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_ask.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { ANSWER_MAX = 4096 };

bool ask_can(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* False: nobody answers. The rest of a line that is too long goes with it. */
static bool read_answer(char out[static ANSWER_MAX])
{
    if (!fgets(out, ANSWER_MAX, stdin))
        return false;
    char *end = strchr(out, '\n');
    for (int c = end ? '\n' : getchar(); c != '\n' && c != EOF;)
        c = getchar();
    if (end)
        *end = '\0';
    return true;
}

bool ask_topic(struct answers *answers, enum topic topic, const char *standard)
{
    char answer[ANSWER_MAX];
    for (;;) {
        printf("%s", topic_words(topic)->question);
        if (standard)
            printf(" [%s]", standard);
        fputs("? ", stdout);
        fflush(stdout);
        if (!read_answer(answer))
            return false;
        const char *fault = answer_take(answers, topic, *answer || !standard ? answer : standard);
        if (!fault)
            return true;
        printf("  %s\n", fault);
    }
}

bool ask_yes(const char *question)
{
    char answer[ANSWER_MAX];
    printf("%s (yes or no) [no]? ", question);
    fflush(stdout);
    return read_answer(answer) && (strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "y") == 0);
}
