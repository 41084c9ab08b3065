/* SPDX-License-Identifier: ISC
 * The property that the whole evaluator stands on: deciding early equals deciding late; and over
 * complete facts a policy means what a few lines of naive code (here) say it means. Random small
 * policies, random facts. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

enum { POLICIES = MANY(3000, 600), FACT_SETS = 8, RULES_MAX = 6, NODES_MAX = 200 };

static uint64_t seed = 1;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

/* What conditions are made of: facts of every phase. */
static const struct leaf {
    const char *text;
    enum fact fact;
} leaves[] = {
    {"client.port >= 100", FACT_CLIENT_PORT},
    {"helo.esmtp", FACT_HELO_ESMTP},
    {"login.failures >= 3", FACT_LOGIN_FAILURES},
    {"tls.active", FACT_TLS_ACTIVE},
    {"message.null_sender == true", FACT_MESSAGE_NULL_SENDER},
    {"sender.domain == \"A.test\"", FACT_SENDER},
    {"recipient in [\"r@a.test\"]", FACT_RECIPIENT},
    {"message.hides_content", FACT_MESSAGE_HIDES},
    {"message.size > 100B", FACT_MESSAGE_SIZE},
    {"count(av.signatures) >= 1", FACT_AV_SIGNATURES},
    {"any m in message.malformations (m == \"x\")", FACT_MESSAGE_MALFORMATIONS},
    {"condition \"port\"", FACT_CLIENT_PORT},
    {"any e in people (sender == e)", FACT_SENDER},
    {"not all e in people (not e == sender)", FACT_SENDER},
    {"helo_names[sender.domain] == \"A\"", FACT_SENDER},
    {"message.malformations contains i \"X\"", FACT_MESSAGE_MALFORMATIONS},
};

/* What those name. */
static const char preamble[] =
    "hostname \"mx.a.test\"\nbackend b { smtp \"192.0.2.9:25\" }\n"
    "domain \"a.test\" { backend b }\n"
    "condition \"port\" when condition \"any port\" and client.port >= 100\n"
    "condition \"any port\" when client.port >= 1\n"
    "table people { \"S@a.test\" \"else@a.test\" }\n"
    "table helo_names { \"A.test\" -> \"a\" \"*.test\" -> \"b\" }\n";

enum { LEAVES = sizeof leaves / sizeof *leaves };

static struct value sample(enum fact fact)
{
    static struct value x = {.state = VALUE_KNOWN, .text = {"x", 1}},
                        y = {.state = VALUE_KNOWN, .text = {"y", 1}};
    bool yes = dice(2);
    unsigned state = dice(8);
    if (state == 0)
        return value_unknown();
    if (state == 1)
        return value_absent();
    switch (fact) {
    case FACT_CLIENT_PORT:
        return value_number(yes ? 100 : 99);
    case FACT_LOGIN_FAILURES:
        return value_number(yes ? 3 : 2);
    case FACT_SENDER:
        return value_text(yes ? SLICE("s@a.TEST") : SLICE("s@b.test"));
    case FACT_RECIPIENT:
        return value_text(yes ? SLICE("R@a.test") : SLICE("q@a.test"));
    case FACT_MESSAGE_SIZE:
        return value_integer(yes ? 101 : 100);
    case FACT_AV_SIGNATURES:
    case FACT_MESSAGE_MALFORMATIONS:
        return (struct value){.state = VALUE_KNOWN, .list = {yes ? &x : &y, dice(2), dice(4) == 0}};
    default:
        return value_bool(yes);
    }
}

enum kleene { NO, YES, DUNNO };

struct truth {
    enum kleene is;
    bool defer;
};

/* The naive meaning of a leaf. */
static struct truth leaf_truth(const struct leaf *leaf, const struct value *v)
{
    bool defers = fact_info(leaf->fact)->on_unknown == ON_UNKNOWN_DEFER;
    struct truth dunno = {DUNNO, defers};
    if (v->state == VALUE_UNKNOWN)
        return dunno;
    if (v->state == VALUE_ABSENT)
        return (struct truth){NO, false};
    bool yes;
    switch (leaf->fact) {
    case FACT_CLIENT_PORT:
        yes = v->number >= 100;
        break;
    case FACT_LOGIN_FAILURES:
        yes = v->number >= 3;
        break;
    case FACT_SENDER:
        yes = slice_ieq(v->text, SLICE("s@a.test"));
        break;
    case FACT_RECIPIENT:
        yes = slice_ieq(v->text, SLICE("r@a.test"));
        break;
    case FACT_MESSAGE_SIZE:
        yes = v->integer > 100;
        break;
    case FACT_AV_SIGNATURES:
        yes = v->list.count > 0;
        break;
    case FACT_MESSAGE_MALFORMATIONS:
        yes = v->list.count > 0 && v->list.items[0].text.ptr[0] == 'x';
        break;
    default:
        yes = v->truth;
        return (struct truth){yes ? YES : NO, false};
    }
    bool list = leaf->fact == FACT_AV_SIGNATURES || leaf->fact == FACT_MESSAGE_MALFORMATIONS;
    return !yes && list && v->list.cut ? dunno : (struct truth){yes ? YES : NO, false};
}

enum shape { SHAPE_LEAF, SHAPE_NOT, SHAPE_AND, SHAPE_OR };

struct tree {
    enum shape shape;
    unsigned leaf;
    struct tree *left, *right;
};

struct policy_text {
    struct buf text;
    struct tree nodes[NODES_MAX];
    size_t node_count;
    struct {
        struct tree *condition;
        enum action action;  /* SCORE and HEADER_ADD as well */
        bool observe, tells; /* tells: its text names a fact of messages */
    } rules[RULES_MAX];
    size_t rule_count;
    bool scores; /* the naive code does not do these */
};

static struct tree *random_tree(struct policy_text *p, unsigned depth)
{
    struct tree *t = &p->nodes[p->node_count++];
    *t = (struct tree){.shape = depth ? (enum shape)dice(4) : SHAPE_LEAF, .leaf = dice(LEAVES)};
    if (t->shape == SHAPE_LEAF) {
        buf_cstr(&p->text, leaves[t->leaf].text);
        return t;
    }
    buf_cstr(&p->text, t->shape == SHAPE_NOT ? "not (" : "(");
    t->left = random_tree(p, depth - 1);
    if (t->shape != SHAPE_NOT) {
        buf_cstr(&p->text, t->shape == SHAPE_AND ? ") and (" : ") or (");
        t->right = random_tree(p, depth - 1);
    }
    buf_char(&p->text, ')');
    return t;
}

static void random_policy(struct policy_text *p)
{
    static const char *const actions[] = {
        [ACTION_ACCEPT] = "accept",
        [ACTION_DISCARD] = "discard",
        [ACTION_QUARANTINE] = "quarantine \"w\"",
        [ACTION_REDIRECT] = "redirect to \"else@a.test\"",
        [ACTION_DEFER] = "defer",
        [ACTION_REJECT] = "reject",
        [ACTION_DROP] = "drop",
        [ACTION_SCORE] = "score 1",
        [ACTION_HEADER_ADD] = "header add \"X\" \"{message.size}\"",
    };
    buf_cstr(&p->text, preamble);
    p->rule_count = 1 + dice(RULES_MAX);
    p->scores = dice(3) == 0;
    for (size_t i = 0; i < p->rule_count; i++) {
        p->rules[i].observe = dice(5) == 0;
        p->rules[i].action = (enum action)dice(ACTION_HEADER_ADD + 1);
        buf_printf(&p->text, "%srule \"%zu\" when ", p->rules[i].observe ? "observe " : "", i);
        if (p->scores && dice(3) == 0)
            buf_printf(&p->text, "score >= %u and ", dice(3));
        buf_char(&p->text, '(');
        p->rules[i].condition = random_tree(p, 2);
        buf_printf(&p->text, ") then %s", actions[p->rules[i].action]);
        bool tells = p->rules[i].action == ACTION_REJECT && dice(3) == 0;
        buf_cstr(&p->text, tells ? " \"to {recipient}\"\n" : "\n");
        p->rules[i].tells = tells;
    }
}

static struct truth tree_truth(const struct tree *t, const struct facts *facts)
{
    if (t->shape == SHAPE_LEAF)
        return leaf_truth(&leaves[t->leaf], &facts->fact[leaves[t->leaf].fact]);
    struct truth a = tree_truth(t->left, facts);
    if (t->shape == SHAPE_NOT)
        return (struct truth){a.is == DUNNO ? DUNNO : a.is == YES ? NO : YES, a.defer};
    struct truth b = tree_truth(t->right, facts);
    enum kleene decides = t->shape == SHAPE_AND ? NO : YES;
    if (a.is == decides || b.is == decides)
        return (struct truth){decides, false};
    if (a.is == DUNNO || b.is == DUNNO)
        return (struct truth){DUNNO, a.defer || b.defer};
    return a;
}

static bool terminal(enum action action)
{
    return action_info(action)->terminal;
}

static bool all_rules(const struct policy_text *p, size_t rule)
{
    (void)p;
    return rule < RULES_MAX;
}

/* Those that count, in source order over complete facts. */
static enum action naive_of(bool (*counts)(const struct policy_text *p, size_t rule),
                            const struct policy_text *p, const struct facts *facts)
{
    int doubt = 0;
    enum action verdict = ACTION_ACCEPT;
    for (size_t i = 0; i < p->rule_count; i++) {
        struct truth t = tree_truth(p->rules[i].condition, facts);
        int strictness = action_info(p->rules[i].action)->strictness;
        if (p->rules[i].observe || !terminal(p->rules[i].action) || !counts(p, i))
            continue;
        if (t.is == DUNNO && t.defer && strictness > doubt)
            doubt = strictness;
        if (t.is == YES) {
            verdict = p->rules[i].action;
            break;
        }
    }
    bool delivery = verdict == ACTION_ACCEPT || verdict == ACTION_DISCARD ||
                    verdict == ACTION_QUARANTINE || verdict == ACTION_REDIRECT;
    return delivery && doubt > action_info(verdict)->strictness ? ACTION_DEFER : verdict;
}

static enum action naive(const struct policy_text *p, const struct facts *facts)
{
    return naive_of(all_rules, p, facts);
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
    bool same = a->action == b->action && a->code == b->code && a->rule == b->rule &&
                a->unknown == b->unknown && slice_eq(a->text, b->text);
    if (a->action != ACTION_ACCEPT)
        return same;
    same &=
        a->edit_count == b->edit_count && a->score == b->score && a->fired_count == b->fired_count;
    for (size_t i = 0; same && i < a->edit_count; i++)
        same = slice_eq(a->edits[i].value, b->edits[i].value);
    return same;
}

/* What is said about a rule before any fact is known must be true of it. */
static void claims(const struct policy_text *p, const struct policy *policy, size_t rule,
                   enum phase phase)
{
    struct rule_info info = policy_rule_info(policy, rule);
    if (info.acts_at > phase)
        fprintf(stderr, "%.*s\nrule %zu acted at phase %u, but: %.*s\n",
                SLICE_ARGS(buf_slice(&p->text)), rule, phase, SLICE_ARGS(info.why_later));
    assert_true(info.acts_at <= phase);
}

static unsigned early_decisions;

static void check_facts(const struct policy_text *p, const struct policy *policy,
                        struct arena *arena)
{
    struct facts all = {0}, some;
    struct verdict late, early;
    for (unsigned i = 0; i < LEAVES; i++)
        all.fact[leaves[i].fact] = sample(leaves[i].fact);
    assert_int_equal(policy_evaluate(policy, &all, PHASE_MESSAGE, arena, &late), OUTCOME_DECIDED);
    if (!p->scores)
        assert_int_equal(late.action, naive(p, &all));
    for (unsigned phase = PHASE_CONNECT; phase < PHASE_MESSAGE; phase++) {
        some = all;
        for (unsigned i = 0; i < FACT_COUNT; i++)
            if (fact_info((enum fact)i)->phase > phase)
                some.fact[i] = (struct value){0};
        enum outcome outcome = policy_evaluate(policy, &some, (enum phase)phase, arena, &early);
        if (outcome == OUTCOME_PENDING)
            continue;
        early_decisions++;
        if (!same_verdict(&early, &late))
            fprintf(stderr, "%.*s\nphase %u: %s by %d, late: %s by %d\n",
                    SLICE_ARGS(buf_slice(&p->text)), phase, action_info(early.action)->word,
                    early.rule, action_info(late.action)->word, late.rule);
        assert_true(same_verdict(&early, &late));
        if (early.rule >= 0 && early.unknown < 0)
            claims(p, policy, (size_t)early.rule, (enum phase)phase);
    }
}

static void check_fact_sets(const struct policy_text *p, const struct policy *policy,
                            struct arena *arena)
{
    for (unsigned j = 0; j < FACT_SETS; j++) {
        check_facts(p, policy, arena);
        arena_reset(arena);
    }
}

static void of_random_policies(void (*check)(const struct policy_text *p,
                                             const struct policy *policy, struct arena *arena))
{
    struct arena *arena = arena_new(1 << 20);
    struct policy_text *p = calloc(1, sizeof *p);
    p->text = buf_init(1 << 16);
    for (unsigned i = 0; i < POLICIES; i++) {
        p->node_count = 0;
        buf_clear(&p->text);
        random_policy(p);
        buf_char(&p->text, '\0');
        struct config *config = load_good(buf_slice(&p->text).ptr);
        assert_non_null(config);
        check(p, config->policy, arena);
        arena_reset(arena);
        config_free(&config);
    }
    buf_release(&p->text);
    free(p);
    arena_free(&arena);
}

TEST(test_deciding_early_equals_deciding_late)
{
    of_random_policies(check_fact_sets);
    assert_true(early_decisions > POLICIES);
}

static bool is_known_at_login(const struct tree *t)
{
    if (t->shape == SHAPE_LEAF)
        return fact_info(leaves[t->leaf].fact)->phase <= PHASE_LOGIN;
    return is_known_at_login(t->left) && (t->shape == SHAPE_NOT || is_known_at_login(t->right));
}

static bool is_of_logins(const struct policy_text *p, size_t rule)
{
    enum action action = p->rules[rule].action;
    return !p->rules[rule].tells && is_known_at_login(p->rules[rule].condition) &&
           action != ACTION_DISCARD && action != ACTION_QUARANTINE && action != ACTION_REDIRECT;
}

static unsigned refused_logins;

static void judge_login(const struct policy_text *p, const struct policy *policy,
                        struct arena *arena)
{
    struct facts facts = {0}, some = {0};
    struct verdict all_known, known_then;
    for (unsigned i = 0; i < LEAVES; i++) {
        enum fact fact = leaves[i].fact;
        facts.fact[fact] = sample(fact);
        if (fact_info(fact)->phase <= PHASE_LOGIN)
            some.fact[fact] = facts.fact[fact];
    }
    assert_int_equal(policy_evaluate_login(policy, &facts, arena, &all_known), OUTCOME_DECIDED);
    assert_int_equal(policy_evaluate_login(policy, &some, arena, &known_then), OUTCOME_DECIDED);
    assert_true(same_verdict(&all_known, &known_then));
    if (!p->scores)
        assert_int_equal(known_then.action, naive_of(is_of_logins, p, &facts));
    refused_logins += known_then.action != ACTION_ACCEPT;
}

static void judge_logins(const struct policy_text *p, const struct policy *policy,
                         struct arena *arena)
{
    for (unsigned j = 0; j < FACT_SETS; j++)
        judge_login(p, policy, arena);
}

TEST(test_at_login_a_policy_means_what_those_of_its_rules_mean_that_are_of_logins)
{
    of_random_policies(judge_logins);
    assert_true(refused_logins > POLICIES / 3);
}

/* None of these rules names parts. */
static void read_message(const struct policy_text *p, const struct policy *policy,
                         struct arena *arena)
{
    struct facts facts = {0};
    struct verdict verdict;
    struct reading reading;
    (void)p;
    for (unsigned i = 0; i < LEAVES; i++)
        facts.fact[leaves[i].fact] = sample(leaves[i].fact);
    policy_evaluate(policy, &facts, PHASE_MESSAGE, arena, &verdict);
    assert_int_equal(policy_evaluate_reading(policy, &facts, arena, &reading), OUTCOME_DECIDED);
    assert_true(same_verdict(&reading.verdict, &verdict));
    assert_int_equal(reading.kind, verdict.action == ACTION_ACCEPT  ? READING_CLEAR
                                   : verdict.action == ACTION_DEFER ? READING_LATER
                                                                    : READING_REDACTED);
    assert_int_equal(reading.whole, reading.kind == READING_REDACTED);
}

TEST(test_without_rules_on_parts_a_reading_is_what_the_policy_decides)
{
    of_random_policies(read_message);
}

/* The rules with one more at a random place that never fires: *at is its index. */
static void with_idle_rule(const struct policy_text *p, struct buf *out, size_t *at)
{
    static const char *const actions[] = {"accept", "discard", "quarantine \"w\"", "defer",
                                          "reject", "drop",    "score 3"};
    struct slice rest = slice_from(buf_slice(&p->text), sizeof preamble - 1), line;
    buf_cstr(out, preamble);
    *at = dice((unsigned)p->rule_count + 1);
    for (size_t i = 0; i <= p->rule_count; i++) {
        if (i == *at)
            buf_printf(out, "rule \"idle\" when message.subject == \"never\" then %s\n",
                       actions[dice(7)]);
        if (slice_cut(rest, '\n', &line, &rest))
            buf_printf(out, "%.*s\n", SLICE_ARGS(line));
    }
    buf_char(out, '\0');
}

/* Over the facts of a mail to postmaster. */
static void same_without_and_with(const struct policy_text *p, const struct policy *plain,
                                  const struct policy *more, size_t at, struct arena *arena)
{
    struct facts facts = {0};
    struct verdict a, b;
    for (unsigned i = 0; i < LEAVES; i++)
        facts.fact[leaves[i].fact] = sample(leaves[i].fact);
    facts.fact[FACT_MESSAGE_SUBJECT] = value_text(SLICE("hello"));
    facts.fact[FACT_RECIPIENT] = value_text(SLICE("postmaster@a.test"));
    assert_int_equal(policy_evaluate(plain, &facts, PHASE_MESSAGE, arena, &a), OUTCOME_DECIDED);
    assert_int_equal(policy_evaluate(more, &facts, PHASE_MESSAGE, arena, &b), OUTCOME_DECIDED);
    if (b.rule >= (int)at)
        b.rule--;
    if (a.action != b.action || a.rule != b.rule)
        fprintf(stderr, "%.*s\nidle rule at %zu: %s by %d, without it: %s by %d\n",
                SLICE_ARGS(buf_slice(&p->text)), at, action_info(b.action)->word, b.rule,
                action_info(a.action)->word, a.rule);
    assert_int_equal(a.action, b.action);
    assert_int_equal(a.rule, b.rule);
}

TEST(test_a_rule_that_never_fires_changes_nothing_for_postmaster)
{
    struct arena *arena = arena_new(1 << 20);
    struct policy_text *p = calloc(1, sizeof *p);
    struct buf more = buf_init(1 << 16);
    p->text = buf_init(1 << 16);
    for (unsigned i = 0; i < POLICIES; i++) {
        size_t at;
        p->node_count = 0;
        buf_clear(&p->text);
        buf_clear(&more);
        random_policy(p);
        with_idle_rule(p, &more, &at);
        buf_char(&p->text, '\0');
        struct config *plain = load_good(buf_slice(&p->text).ptr),
                      *longer = load_good(buf_slice(&more).ptr);
        assert_true(plain && longer);
        for (unsigned j = 0; j < FACT_SETS; j++) {
            same_without_and_with(p, plain->policy, longer->policy, at, arena);
            arena_reset(arena);
        }
        config_free(&plain);
        config_free(&longer);
    }
    buf_release(&more);
    buf_release(&p->text);
    free(p);
    arena_free(&arena);
}
