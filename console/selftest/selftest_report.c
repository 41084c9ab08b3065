/* SPDX-License-Identifier: ISC */
#include "base/json.h"
#include "console/page.h"
#include "console/selftest/selftest.h"

#include <stdio.h>

enum { OUT_MAX = 1024 * 1024, SHOWN_MAX = 3 };

static const struct {
    const char *word, *many;
    enum style style;
} grades[] = {
    [GRADE_GOOD] = {"good", "good", STYLE_GOOD},
    [GRADE_UNTRIED] = {"not tried", "not tried", STYLE_DIM},
    [GRADE_UNKNOWN] = {"not known", "not known", STYLE_WAIT},
    [GRADE_WARNING] = {"warning", "warnings", STYLE_WAIT},
    [GRADE_BAD] = {"bad", "bad", STYLE_BAD},
};

static struct slice target_name(const struct selftest *run, const struct target *target)
{
    return arena_printf(run->arena, "%s%s %.*s",
                        fact_info(FACT_PROTOCOL)->type.words->words[target->protocol],
                        target->implicit_tls ? "s" : "", SLICE_ARGS(target->where));
}

static const char *side_word(const struct target *target)
{
    return target->side == SIDE_GATEWAY ? "gateway" : "server";
}

static const char *advice_of(const struct target *target, const struct finding *finding)
{
    if (finding->grade < GRADE_UNKNOWN)
        return NULL;
    if (finding->grade == GRADE_UNKNOWN)
        return "run it again later: what is put off (4xx) by greylisting is taken then";
    return target->side == SIDE_GATEWAY ? finding->test->gateway_advice
                                        : finding->test->server_advice;
}

static enum grade worst(const struct selftest *run)
{
    enum grade grade = GRADE_BAD;
    while (grade > GRADE_GOOD && !run->grades[grade])
        grade--;
    return grade;
}

/* Of what is bad the good is not told; nor more than so many notes. */
static struct slice words_of(const struct selftest *run, const struct finding *finding, size_t most)
{
    struct slice words = SLICE("");
    size_t count = 0;
    for (size_t i = 0; i < finding->note_count; i++)
        if (finding->notes[i].grade == finding->grade && count++ < most)
            words = ARENA_JOIN(run->arena, words, slice_of(words.len ? "; " : ""),
                               finding->notes[i].text);
    return count <= most
               ? words
               : arena_printf(run->arena, "%.*s; and %zu more", SLICE_ARGS(words), count - most);
}

static void write_out(struct buf *out)
{
    struct slice text = buf_slice(out);
    fwrite(text.ptr, 1, text.len, stdout);
    fflush(stdout);
    buf_release(out);
}

/* ---- words ---- */

static void say_finding(struct page *page, const struct selftest *run, const struct target *target,
                        const struct finding *finding)
{
    const char *advice = advice_of(target, finding);
    struct slice words = words_of(run, finding, SHOWN_MAX);
    terminal_style(&page->terminal, page->out, grades[finding->grade].style);
    buf_printf(page->out, "  %-*s", PAGE_INDENT - 2, grades[finding->grade].word);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    terminal_wrap(&page->terminal, page->out,
                  ARENA_JOIN(run->arena, slice_of(finding->test->name), SLICE(": "), words),
                  PAGE_INDENT);
    page_end(page);
    if (advice)
        page_row(page, "  to do", slice_of(advice));
}

void selftest_words(const struct selftest *run, const struct target *target,
                    const struct finding *findings, size_t count)
{
    struct buf out = buf_init(OUT_MAX);
    struct page page = {.out = &out, .terminal = terminal_of_output()};
    terminal_style(&page.terminal, &out, STYLE_BOLD);
    buf_printf(&out, "%s ", side_word(target));
    terminal_text(&out, target_name(run, target), 0);
    terminal_style(&page.terminal, &out, STYLE_PLAIN);
    page_end(&page);
    for (size_t i = 0; i < count; i++)
        say_finding(&page, run, target, &findings[i]);
    write_out(&out);
}

void selftest_end(const struct selftest *run)
{
    struct buf out = buf_init(OUT_MAX);
    buf_printf(&out, "selftest %s: ", run->id);
    for (int grade = GRADE_BAD; grade >= GRADE_GOOD; grade--)
        buf_printf(&out, "%zu %s%s", run->grades[grade],
                   run->grades[grade] == 1 ? grades[grade].word : grades[grade].many,
                   grade == GRADE_GOOD ? "\n" : ", ");
    write_out(&out);
}

/* ---- JSON ---- */

static void put(struct buf *out, const char *key, struct slice text)
{
    json_key(out, slice_of(key));
    json_text(out, text);
}

static void put_finding(struct buf *out, const struct selftest *run, const struct target *target,
                        const struct finding *finding)
{
    const char *advice = advice_of(target, finding);
    json_item(out);
    buf_char(out, '{');
    put(out, "test", slice_of(finding->test->name));
    put(out, "grade", slice_of(grades[finding->grade].word));
    put(out, "found", words_of(run, finding, NOTES_MAX));
    if (advice)
        put(out, "to_do", slice_of(advice));
    buf_char(out, '}');
}

void selftest_json(const struct selftest *run, const struct target *target,
                   const struct finding *findings, size_t count)
{
    struct buf out = buf_init(OUT_MAX);
    buf_char(&out, '{');
    put(&out, "side", slice_of(side_word(target)));
    put(&out, "target", target_name(run, target));
    json_key(&out, SLICE("tests"));
    buf_char(&out, '[');
    for (size_t i = 0; i < count; i++)
        put_finding(&out, run, target, &findings[i]);
    buf_cstr(&out, "]}\n");
    write_out(&out);
}

void selftest_json_end(const struct selftest *run)
{
    struct buf out = buf_init(OUT_MAX);
    buf_char(&out, '{');
    put(&out, "id", slice_of(run->id));
    put(&out, "grade", slice_of(grades[worst(run)].word));
    for (int grade = GRADE_BAD; grade >= GRADE_GOOD; grade--) {
        json_key(&out, slice_of(grades[grade].word));
        json_number(&out, (double)run->grades[grade]);
    }
    buf_cstr(&out, "}\n");
    write_out(&out);
}
