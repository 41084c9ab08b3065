/* SPDX-License-Identifier: ISC
 * What a session would have said, phase by phase. */
#include "console/trial.h"

static enum phase last_phase(const struct trial *e)
{
    return e->message >= 0 ? PHASE_MESSAGE : PHASE_RCPT;
}

/* What nobody was there to find out. */
static void settle_facts(struct trial *e, const struct config *config)
{
    if (!config->settings.learn_enabled && last_phase(e) == PHASE_MESSAGE) {
        /* so nobody has said anything */
        facts_absent(&e->facts, PRODUCER_CAMPAIGN, config->policy);
        facts_absent(&e->facts, PRODUCER_REPORTED, config->policy);
    }
    trial_answered(e, config);
    for (int i = 0; i < PRODUCER_COUNT; i++) {
        const struct producer_info *info = producer_info((enum producer)i);
        if (info->asks != ASKS_NOBODY && info->phase <= last_phase(e))
            facts_fail(&e->facts, (enum producer)i, config->policy);
    }
}

/* Lists are a running gateway's: nobody is on them. What is not known of an address is not known of
 * its being listed. */
static void nobody_is_listed(struct trial *e, const struct config *config)
{
    static const enum fact facts[] = {FACT_SENDER_ALLOWED, FACT_SENDER_BLOCKED, FACT_FROM_ALLOWED,
                                      FACT_FROM_BLOCKED};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        bool author = fact_info(facts[i])->producer == PRODUCER_LISTED_AUTHOR;
        const struct value *address = &e->facts.fact[author ? FACT_MESSAGE_FROM : FACT_SENDER];
        bool known = address->state == VALUE_KNOWN || address->state == VALUE_ABSENT;
        if (policy_wants(config->policy, fact_info(facts[i])->producer) &&
            e->envelope.direction != DIRECTION_OUTBOUND)
            e->facts.fact[facts[i]] =
                known ? value_bool(false) : (struct value){.state = address->state};
    }
}

/* ---- before the message ---- */

static bool refuses_at_mail(const struct config *config, const struct verdict *v)
{
    return v->action == ACTION_DROP || (config->settings.smtp_refuse_early && judge_refuses(v));
}

static void ends_for_all(struct trial *e, struct verdict v)
{
    for (size_t i = 0; i < e->recipient_count; i++)
        e->verdicts[i] = v;
    e->verdict = v;
}

/* Before anybody says for whom it is. True: it ends there; *failed: out of memory. */
static bool ends_at_mail(struct trial *e, const struct config *config, bool *failed)
{
    struct facts known;
    struct verdict v;
    if (!facts_through(&e->facts, PHASE_MAIL, config->policy, e->arena, &known)) {
        *failed = true;
        return false;
    }
    enum outcome outcome = policy_evaluate(config->policy, &known, PHASE_MAIL, e->arena, &v);
    *failed = outcome == OUTCOME_NO_MEMORY;
    if (outcome != OUTCOME_DECIDED || !refuses_at_mail(config, &v))
        return false;
    ends_for_all(e, v);
    return true;
}

/* Who is refused at RCPT hears so, and is none of the message's recipients. */
static bool stays(struct trial *e, const struct config *config, size_t recipient, bool *failed)
{
    struct facts known;
    struct verdict *v = &e->verdicts[recipient];
    e->facts.fact[FACT_RECIPIENT] = e->recipients[recipient];
    if (!facts_through(&e->facts, PHASE_RCPT, config->policy, e->arena, &known)) {
        *failed = true;
        return false;
    }
    enum outcome outcome = policy_evaluate(config->policy, &known, PHASE_RCPT, e->arena, v);
    *failed |= outcome == OUTCOME_NO_MEMORY;
    return outcome != OUTCOME_DECIDED || !judge_refuses(v);
}

/* One by one, in the order in which they are named. True: one is dropped, and all others with the
 * session; *failed: out of memory. */
static bool ends_at_rcpt(struct trial *e, const struct config *config, bool *failed)
{
    for (size_t i = 0; i < e->recipient_count && !*failed; i++) {
        if (stays(e, config, i, failed)) {
            e->left[e->left_count++] = i;
        } else if (!*failed && e->verdicts[i].action == ACTION_DROP) {
            ends_for_all(e, e->verdicts[i]);
            return true;
        }
    }
    return false;
}

/* ---- the message ---- */

static void turn(void *ctx, size_t recipient)
{
    struct trial *e = ctx;
    e->facts.fact[FACT_RECIPIENT] = e->recipients[e->left[recipient]];
}

/* What is told of who sends, once there is a message, nobody asks. */
static void forget_senders(struct facts *facts)
{
    for (int i = 0; i < FACT_COUNT; i++) {
        const struct fact_info *info = fact_info((enum fact)i);
        bool of_sender =
            info->producer == PRODUCER_ACCOUNT || info->producer == PRODUCER_LOGIN_AUTHOR;
        if (of_sender && info->phase == PHASE_MESSAGE)
            facts->fact[i] = (struct value){0};
    }
}

static void too_big(struct trial *e)
{
    forget_senders(&e->facts);
    e->facts.fact[FACT_RECIPIENTS] = (struct value){0};
    e->verdict = (struct verdict){.rule = -1,
                                  .unknown = -1,
                                  .action = ACTION_REJECT,
                                  .code = 552,
                                  .enhanced = SLICE("5.3.4"),
                                  .text = SLICE("message too big")};
}

/* Without a message all who are left are taken, however their messages would fare. */
static void judge_first_taken(struct judge *judge)
{
    while (judge->count > 1 && judge->verdicts[0]->action != ACTION_ACCEPT) {
        judge->verdicts++;
        judge->count--;
    }
    judge->count = 1;
}

static void settle(struct trial *e, const struct ruling *ruling)
{
    e->differing |= ruling->kind == RULING_SPLIT;
    e->verdict = *ruling->verdict;
    e->verdict.action = ruling->action;
    e->verdict.code = ruling->code;
    e->verdict.enhanced = ruling->enhanced;
    e->verdict.text = ruling->text;
}

/* False: out of memory. */
static bool judge_message(struct trial *e, const struct config *config)
{
    struct judge judge = {.policy = config->policy,
                          .all_or_nobody = judge_all_or_nobody(config, e->envelope.direction),
                          .facts = &e->facts,
                          .through = last_phase(e),
                          .arena = e->arena,
                          .verdicts =
                              arena_array(e->arena, e->left_count, sizeof(struct verdict *)),
                          .count = e->left_count,
                          .turn = turn,
                          .ctx = e};
    struct value *accepted = arena_array(e->arena, e->left_count, sizeof *accepted);
    if (!judge.verdicts || !accepted)
        return false;
    for (size_t i = 0; i < e->left_count; i++) {
        judge.verdicts[i] = &e->verdicts[e->left[i]];
        accepted[i] = e->recipients[e->left[i]];
    }
    e->facts.fact[FACT_RECIPIENTS].list.items = accepted;
    e->facts.fact[FACT_RECIPIENTS].list.count = e->left_count;
    if (!judge_each(&judge))
        return false;
    if (e->message < 0)
        judge_first_taken(&judge);
    struct ruling ruling = judge_together(&judge, e->parts, e->part_count, e->size);
    settle(e, &ruling);
    return trial_banner(e, ruling.banners_differ);
}

/* False: out of memory. */
static bool convene(struct trial *e)
{
    const struct value *all = &e->facts.fact[FACT_RECIPIENTS];
    e->recipients = all->list.items;
    e->recipient_count = all->list.count;
    e->verdicts = arena_array(e->arena, e->recipient_count, sizeof *e->verdicts);
    e->left = arena_array(e->arena, e->recipient_count, sizeof *e->left);
    return e->recipients && e->verdicts && e->left;
}

/* False: out of memory. */
static bool reach_verdict(struct trial *e, const struct config *config)
{
    bool failed = false;
    if (ends_at_mail(e, config, &failed) || failed || ends_at_rcpt(e, config, &failed) || failed)
        return !failed;
    e->differing = e->left_count > 0 && e->left_count < e->recipient_count;
    if (e->left_count == 0)
        e->verdict = e->verdicts[0];
    else if (e->too_big)
        too_big(e);
    else
        return judge_message(e, config);
    return true;
}

/* For all who are left; where nobody is, for those who were put off. */
static void seek_undecided(struct trial *e, const struct policy *policy)
{
    struct value *recipient = &e->facts.fact[FACT_RECIPIENT], kept = *recipient;
    size_t count = e->left_count ? e->left_count : e->recipient_count;
    for (size_t i = 0; i < count; i++) {
        *recipient = e->recipients[e->left_count ? e->left[i] : i];
        policy_undecided(policy, &e->facts, last_phase(e), &e->verdict, e->arena, &e->undecided);
    }
    *recipient = kept;
}

bool trial_decide(struct trial *e, const struct config *config)
{
    settle_facts(e, config);
    nobody_is_listed(e, config);
    if (!convene(e) || !reach_verdict(e, config))
        return false;
    seek_undecided(e, config->policy);
    return true;
}
