/* SPDX-License-Identifier: ISC
 * Whom a target takes mail for. Nothing is sent: a recipient is named, and the connection ended. */
#include "console/selftest/dialog.h"

#include <string.h>

/* Who is asked to take what: {outside} and {ours} are domains. */
struct form {
    const char *name, *sender, *recipient;
    bool ours; /* the recipient may be taken for one of ours, whoever that is */
};

static const struct form forms[] = {
    {"from outside to outside", "selftest@{outside}", "selftest@{outside}", false},
    {"null sender to outside", "", "selftest@{outside}", false},
    {"our own sender to outside", "postmaster@{ours}", "selftest@{outside}", false},
    {"address literal", "selftest@{outside}", "selftest@[192.0.2.1]", false},
    {"source route", "selftest@{outside}", "@{ours}:selftest@{outside}", false},
    {"quoted", "selftest@{outside}", "\"selftest@{outside}\"", false},
    {"quoted in our domain", "selftest@{outside}", "\"selftest@{outside}\"@{ours}", true},
    {"%-hack", "selftest@{outside}", "selftest%{outside}", false},
    {"%-hack in our domain", "selftest@{outside}", "selftest%{outside}@{ours}", true},
    {"!-path", "selftest@{outside}", "{outside}!selftest", false},
    {"!-path in our domain", "selftest@{outside}", "{outside}!selftest@{ours}", true},
    {"two domains", "selftest@{outside}", "selftest@{outside}@{ours}", true},
};

enum { FORMS = sizeof forms / sizeof *forms };

/* One that nobody here takes mail for, and that exists. */
static struct slice outside(const struct play *play)
{
    static const char *const domains[] = {"example.net", "example.com", "example.org"};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        struct slice domain = slice_of(domains[i]);
        struct domain_name name;
        bool taken = slice_ieq(domain, play->target->domain);
        if (play->run->config && !domain_name_make(play->run->scratch, domain, &name))
            taken |= config_domain(play->run->config, name) != NULL;
        if (!taken)
            return domain;
    }
    return SLICE("example.net");
}

static struct slice fill(const struct play *play, const char *pattern)
{
    struct arena *arena = play->run->scratch;
    struct slice rest = slice_of(pattern), text = SLICE("");
    while (rest.len) {
        size_t brace = slice_find(rest, '{');
        text = ARENA_JOIN(arena, text, slice_sub(rest, 0, brace));
        rest = slice_from(rest, brace);
        if (!rest.len)
            break;
        bool ours = slice_starts(rest, SLICE("{ours}"));
        text = ARENA_JOIN(arena, text, ours ? play->target->domain : outside(play));
        rest = slice_from(rest, slice_find(rest, '}') + 1);
    }
    return text;
}

struct answer {
    unsigned code; /* 0: none */
    struct slice said;
};

/* What is said to a recipient, in a session of its own. */
static struct answer ask_for(const struct play *play, struct slice sender, struct slice recipient)
{
    struct dialog d;
    bool asked = dialog_ready(&d, play) && dialog_ask(&d, "MAIL FROM:<%.*s>", SLICE_ARGS(sender)) &&
                 dialog_yes(&d);
    if (asked)
        dialog_ask(&d, "RCPT TO:<%.*s>", SLICE_ARGS(recipient));
    struct answer answer = {d.code, dialog_said(&d)};
    if (!asked && dialog_yes(&d))
        answer.code = 0;
    dialog_close(&d);
    return answer;
}

/* Always the same, so that who is put off at first is known the next time. */
static struct slice any_name(const struct play *play)
{
    return ARENA_JOIN(play->run->scratch, SLICE("selftest-nobody-6b1f@"), play->target->domain);
}

static enum grade grade_of(struct answer answer, enum grade taken, enum grade refused)
{
    unsigned class = answer.code / 100;
    return class == 2 ? taken : class == 5 ? refused : GRADE_UNKNOWN;
}

static struct slice writer(const struct play *play)
{
    return ARENA_JOIN(play->run->scratch, SLICE("selftest@"), outside(play));
}

/* ---- open relay ---- */

/* Who is in our domain goes to the server behind, and nowhere else: what that does with such a name
 * is found out there. */
static bool is_passed_on(const struct play *play, const struct form *form)
{
    return form->ours && play->target->side == SIDE_GATEWAY;
}

/* False: as whoever is named in our domain, so it says nothing of relaying. */
static bool judge_form(struct play *play, const struct form *form, struct answer answer,
                       struct answer nobody)
{
    unsigned class = answer.code / 100;
    struct slice recipient = fill(play, form->recipient);
    if (class != 5 && form->ours && class == nobody.code / 100)
        return false;
    if (class != 5 && !(class == 4 && is_passed_on(play, form)))
        play_note(play, class == 2 ? GRADE_BAD : GRADE_UNKNOWN, "%s, RCPT TO:<%.*s>: %.*s",
                  form->name, SLICE_ARGS(recipient), SLICE_ARGS(answer.said));
    return true;
}

void selftest_relay(struct play *play)
{
    bool domain = play->target->domain.len > 0;
    struct answer none = {0}, nobody = domain ? ask_for(play, writer(play), any_name(play)) : none;
    size_t tried = 0, alike = 0;
    for (size_t i = 0; i < FORMS; i++) {
        const struct form *form = &forms[i];
        bool ours = strstr(form->recipient, "{ours}") || strstr(form->sender, "{ours}");
        if (ours && !domain)
            continue;
        struct slice sender = fill(play, form->sender), recipient = fill(play, form->recipient);
        struct answer answer = ask_for(play, sender, recipient);
        bool told = judge_form(play, form, answer, nobody);
        tried += told;
        alike += !told;
        if (answer.code == 0)
            break; /* nor would the others be answered */
    }
    play_note(play, GRADE_GOOD, "%zu forms of it are not taken", tried);
    if (!domain)
        play_note(play, GRADE_GOOD, "those with our own domain need -c or --recipient");
    if (alike)
        play_note(play, GRADE_GOOD, "%zu in our own domain are answered as any name there", alike);
}

/* ---- recipients ---- */

void selftest_unknown(struct play *play)
{
    if (play->target->domain.len == 0) {
        play_note(play, GRADE_UNTRIED, "no domain of its is known: give -c or --recipient");
        return;
    }
    struct slice recipient = any_name(play);
    struct answer answer = ask_for(play, writer(play), recipient);
    play_note(play, grade_of(answer, GRADE_WARNING, GRADE_GOOD), "<%.*s>: %.*s",
              SLICE_ARGS(recipient), SLICE_ARGS(answer.said));
}

void selftest_postmaster(struct play *play)
{
    struct answer answer = ask_for(play, writer(play), SLICE("postmaster"));
    play_note(play, grade_of(answer, GRADE_GOOD, GRADE_WARNING), "<postmaster>: %.*s",
              SLICE_ARGS(answer.said));
}

/* ---- who is there ---- */

void selftest_vrfy(struct play *play)
{
    static const char *const commands[] = {"VRFY postmaster", "EXPN postmaster"};
    struct dialog d;
    if (!dialog_ready(&d, play))
        play_note(play, GRADE_UNKNOWN, "%.*s", SLICE_ARGS(dialog_said(&d)));
    for (size_t i = 0; i < 2 && d.code; i++) {
        bool asked = dialog_ask(&d, "%s", commands[i]);
        bool told = dialog_yes(&d) && d.code != 252;
        struct slice said = dialog_said(&d);
        play_note(play,
                  told    ? GRADE_WARNING
                  : asked ? GRADE_GOOD
                          : GRADE_UNKNOWN,
                  "%s: %.*s", commands[i], SLICE_ARGS(said));
    }
    dialog_close(&d);
}
