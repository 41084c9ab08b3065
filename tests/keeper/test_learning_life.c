/* SPDX-License-Identifier: ISC
 * Learning with the gatepost-learn that is built: the keeper's side of it and the program, which talk on
 * the pair that the parent holds. */
#include "keeper/learning_internal.h"

#include "base/clock.h"
#include "common/left.h"
#include "filters/spam/spam_model.h"
#include "tests/harness/labels.h"
#include "tests/harness/learner.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { ENOUGH = 150, PATIENCE = 120, PACKET = 64 << 20, DAY = 86400, MINUTE_MS = 60000 };

static struct event_base *base;
static struct learning *learning;
static int pair[2], key_file;
static const struct labels_bounds bounds = {.count = 20000, .age = 180 * DAY};
static const char *reason;

static struct {
    unsigned models, progress, ends;
    char outcome[4096], reason[256];
} heard;

static void note_model(void *ctx)
{
    (void)ctx;
    heard.models++;
}

static void note_progress(void *ctx, struct slice progress)
{
    (void)ctx;
    assert_int_equal(progress.len, 8);
    heard.progress++;
}

static void note_end(void *ctx, struct slice outcome, const char *why)
{
    (void)ctx;
    heard.ends++;
    snprintf(heard.outcome, sizeof heard.outcome, "%.*s", SLICE_ARGS(outcome));
    snprintf(heard.reason, sizeof heard.reason, "%s", why ? why : "");
}

static const struct learning_owner owner = {note_model, note_progress, note_end, NULL};

/* ---- the program ---- */

static void start_learner(struct seal_key *key)
{
    learner_start(pair[1], key_file, key);
}

/* ---- the keeper's side ---- */

static void open_it(void)
{
    learning = learning_new(base, &bounds, pair[0], NULL, &owner, NULL, &reason);
    if (!learning)
        fail_msg("%s", reason);
}

static void begin_alone(void)
{
    enter_folder();
    memset(&heard, 0, sizeof heard);
    assert_non_null(base = event_base_new());
    assert_int_equal(ipc_pair(pair), 0);
    assert_true((key_file = memfd_create("key", MFD_CLOEXEC)) >= 0);
    open_it();
}

static void begin(void)
{
    struct seal_key key;
    begin_alone();
    start_learner(&key);
    learning_seal_to(learning, &key, learner_secret);
}

static void end(void)
{
    learning_free(&learning);
    learner_end(0);
    close(key_file);
    close(pair[0]);
    close(pair[1]);
    event_base_free(base);
    leave_folder();
}

EACH_TEST(begin, end);

static void run_until(unsigned *count, unsigned many)
{
    for (int64_t last = clock_ms() + PATIENCE * 1000; *count < many;) {
        assert_true(clock_ms() < last);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

/* So that a build which is due is begun, and heard of. */
static void look_a_few_times(void)
{
    for (int looks = 0; looks < 5; looks++)
        event_base_loop(base, EVLOOP_ONCE);
}

static void build(void)
{
    unsigned ends = heard.ends;
    assert_true(learning_build(learning, &reason));
    run_until(&heard.ends, ends + 1);
}

static bool outcome_is(const char *word)
{
    char text[64];
    snprintf(text, sizeof text, "\"outcome\":\"%s\"", word);
    return strstr(heard.outcome, text) != NULL;
}

static void assert_outcome(const char *word)
{
    if (!outcome_is(word))
        fail_msg("%s, and not: %s%s", word, heard.outcome, heard.reason);
}

static struct buf packet;

static void teach(enum label_class like, enum label_class class, unsigned number)
{
    struct label label = label_of(like, number);
    label.class = class;
    add_label(&packet, &label);
}

static void take(void)
{
    struct labels_taken taken;
    if (!learning_learn(learning, buf_slice(&packet), &taken, &reason))
        fail_msg("%s", reason);
    buf_release(&packet);
}

static void teach_both(unsigned from, unsigned to)
{
    packet = buf_init(PACKET);
    for (unsigned n = from; n < to; n++) {
        teach(LABEL_GOOD, LABEL_GOOD, n);
        teach(LABEL_SPAM, LABEL_SPAM, n);
    }
    take();
}

static uint8_t octets[2][SPAM_MODEL_SIZE];

/* Of the model in use. */
static struct spam_model model_in(size_t room)
{
    struct spam_model model;
    int file = learning_model(learning, &reason);
    if (file < 0)
        fail_msg("%s", reason);
    assert_int_equal(pread(file, octets[room], SPAM_MODEL_SIZE, 0), SPAM_MODEL_SIZE);
    close(file);
    assert_true(spam_model_open((struct slice){(const char *)octets[room], SPAM_MODEL_SIZE}, &model,
                                &reason));
    return model;
}

static const struct model_entry *used(void)
{
    return models_in_use(learning_models(learning));
}

/* ---- */

TEST(test_the_first_model_comes_by_itself_and_has_the_key_alone)
{
    run_until(&heard.models, 1);
    assert_int_equal(heard.ends, 0);
    struct spam_model model = model_in(0);
    assert_int_equal(model.ham + model.spam, 0);
    assert_true(model.key.words[0] != 0);
    assert_false(used()->weights);
}

TEST(test_a_model_is_made_of_enough_labels_and_of_fewer_none)
{
    teach_both(0, 49);
    build();
    assert_outcome("collecting");
    assert_false(used()->weights);
    teach_both(49, ENOUGH);
    build();
    assert_outcome("published");
    assert_int_equal(model_in(0).spam, ENOUGH);
    assert_int_equal(used()->good, ENOUGH);
    assert_true(heard.progress > 0);
    assert_string_equal(labels_state(learning_labels(learning))->outcome, "published");
}

TEST(test_the_same_labels_make_the_same_octets_whoever_makes_them)
{
    struct seal_key key;
    teach_both(0, ENOUGH);
    build();
    model_in(0);
    learner_end(SIGKILL);
    start_learner(&key);
    build();
    assert_outcome("published");
    model_in(1);
    assert_memory_equal(octets[0], octets[1], SPAM_MODEL_SIZE);
}

TEST(test_a_label_that_is_forgotten_is_as_if_it_had_never_been)
{
    teach_both(0, ENOUGH);
    build();
    model_in(0);
    struct label label = label_of(LABEL_GOOD, 9999);
    label.class = LABEL_SPAM;
    label.reference = SLICE("0123456789ab");
    packet = buf_init(PACKET);
    add_label(&packet, &label);
    take();
    build();
    model_in(1);
    assert_memory_not_equal(octets[0], octets[1], SPAM_MODEL_SIZE);
    assert_int_equal(
        learning_forget(learning, LEARN_FORGET_REFERENCE, SLICE("0123456789ab"), &reason), 1);
    build();
    assert_outcome("published");
    model_in(1);
    assert_memory_equal(octets[0], octets[1], SPAM_MODEL_SIZE);
    assert_false(labels_state(learning_labels(learning))->forgotten);
}

TEST(test_no_model_that_had_learnt_it_can_be_rolled_back_to)
{
    unsigned char message[LABEL_MESSAGE] = {3};
    teach_both(0, ENOUGH);
    build();
    teach_both(ENOUGH, ENOUGH + 20);
    build();
    assert_int_equal(learning_forget(learning, LEARN_FORGET_MESSAGE,
                                     (struct slice){(const char *)message, sizeof message},
                                     &reason),
                     1);
    build();
    const struct models *models = learning_models(learning);
    for (size_t i = 0; i < models_count(models); i++)
        assert_int_equal(models_at(models, i)->good, ENOUGH + 19);
    if (learning_roll_back(learning, SLICE(""), &reason))
        assert_int_equal(used()->good, ENOUGH + 19);
}

/* Another gateway has the same key and secret, and says that a message is to be forgotten. */
static void hear_of_one_forgotten(struct slice message)
{
    struct sharing_keys keys;
    struct labels_telling telling;
    struct labels_heard taken;
    static struct sharing_words words;
    struct labels *ours = learning_labels(learning), *others;
    assert_true(sharing_keys_of(learner_secret, &keys));
    assert_int_equal(mkdir("other", 0700) | chdir("other"), 0);
    assert_non_null(others = labels_open(&bounds, &reason));
    assert_int_equal(chdir(".."), 0);
    assert_true(labels_share_by(others, &keys, SLICE("gatepost:"), &reason));
    assert_true(labels_share_by(ours, &keys, SLICE("gatepost:"), &reason));
    assert_int_equal(labels_forget(others, LEARN_FORGET_MESSAGE, message, &reason), 0);
    assert_true(labels_to_tell(others, &telling, &reason));
    sharing_say(&words, SLICE("1-0"));
    sharing_say(&words, telling.entries.each[0]);
    assert_true(labels_hear(ours, &words, 0, clock_wall(), &taken, &reason));
    assert_int_equal(taken.forgotten, 1);
    labels_telling_free(&telling);
    labels_close(&others);
}

TEST(test_what_another_gateway_forgets_while_a_model_is_made_is_not_in_the_next)
{
    unsigned char message[LABEL_MESSAGE] = {3};
    teach_both(0, ENOUGH);
    unsigned ends = heard.ends;
    assert_true(learning_build(learning, &reason));
    event_base_loop(base, EVLOOP_ONCE);
    hear_of_one_forgotten((struct slice){(const char *)message, sizeof message});
    run_until(&heard.ends, ends + 1);
    assert_true(labels_state(learning_labels(learning))->forgotten);
    build();
    assert_int_equal(used()->good, ENOUGH - 1);
    assert_false(labels_state(learning_labels(learning))->forgotten);
}

TEST(test_what_is_forgotten_goes_whatever_the_model_is_without_it)
{
    teach_both(0, ENOUGH);
    build();
    assert_true(used()->weights);
    assert_true(learning_forget(learning, LEARN_FORGET_ALL, SLICE(""), &reason) > 0);
    build();
    assert_false(used()->weights);
    assert_int_equal(model_in(0).spam, 0);
}

TEST(test_what_was_forgotten_goes_also_where_the_model_is_worse_without_it)
{
    packet = buf_init(PACKET);
    for (unsigned n = 0; n < ENOUGH; n++)
        for (enum label_class class = LABEL_GOOD; class < LABEL_CLASSES; class ++) {
            struct label label = label_of(class, n);
            label.how = LABEL_RELEASED;
            add_label(&packet, &label);
        }
    take();
    teach_both(ENOUGH, ENOUGH + 60);
    build();
    assert_int_equal(model_in(0).ham, ENOUGH + 60);
    assert_int_equal(learning_forget(learning, LEARN_FORGET_HOW, SLICE("released"), &reason),
                     2 * ENOUGH);
    build();
    assert_outcome("published");
    assert_int_equal(model_in(0).ham, 60);
}

TEST(test_what_came_beside_something_forgotten_is_learnt_also_behind_a_restart)
{
    struct seal_key key;
    unsigned char message[LABEL_MESSAGE] = {3};
    teach_both(0, ENOUGH);
    build();
    teach_both(ENOUGH, ENOUGH + 20);
    learning_forget(learning, LEARN_FORGET_MESSAGE,
                    (struct slice){(const char *)message, sizeof message}, &reason);
    unsigned models = heard.models;
    assert_true(learning_build(learning, &reason));
    run_until(&heard.models, models + 1);
    assert_int_equal(used()->good, ENOUGH - 1);
    learning_free(&learning);
    learner_end(0);
    open_it();
    start_learner(&key);
    learning_seal_to(learning, &key, learner_secret);
    clock_advance(11 * MINUTE_MS);
    run_until(&heard.models, models + 2);
    assert_int_equal(used()->good, ENOUGH + 19);
}

TEST(test_a_batch_that_teaches_the_contrary_is_refused_also_behind_something_forgotten)
{
    teach_both(0, ENOUGH);
    build();
    packet = buf_init(PACKET);
    for (unsigned n = 0; n < 2 * ENOUGH; n++) {
        teach(LABEL_GOOD, LABEL_SPAM, 1000 + n);
        teach(LABEL_SPAM, LABEL_GOOD, 1000 + n);
    }
    take();
    model_in(0);
    build();
    assert_outcome("worse");
    model_in(1);
    assert_memory_equal(octets[0], octets[1], SPAM_MODEL_SIZE);
    unsigned char message[LABEL_MESSAGE] = {3};
    assert_int_equal(learning_forget(learning, LEARN_FORGET_MESSAGE,
                                     (struct slice){(const char *)message, sizeof message},
                                     &reason),
                     1);
    build();
    assert_outcome("worse");
    assert_int_equal(model_in(1).ham, ENOUGH - 1);
}

TEST(test_an_earlier_model_is_used_again_until_there_is_something_new)
{
    char hex[2 * LEARN_DIGEST + 1];
    teach_both(0, ENOUGH);
    build();
    model_in(0);
    uint64_t first = used()->number;
    teach_both(ENOUGH, 2 * ENOUGH);
    build();
    hex_text((struct slice){(const char *)used()->digest, LEARN_DIGEST}, hex);
    teach_both(700, 720);
    unsigned models = heard.models;
    assert_true(learning_roll_back(learning, SLICE(""), &reason));
    assert_int_equal(heard.models, models + 1);
    assert_int_equal(used()->number, first);
    model_in(1);
    assert_memory_equal(octets[0], octets[1], SPAM_MODEL_SIZE);
    clock_advance((int64_t)2 * DAY * 1000);
    look_a_few_times();
    assert_int_equal(used()->number, first);
    assert_false(learning_roll_back(learning, SLICE("0123456789abcdef"), &reason));
    assert_true(learning_roll_back(learning, slice_sub(slice_of(hex), 0, 8), &reason));
    assert_true(used()->number > first);
}

TEST(test_models_are_made_unasked_of_twenty_new_labels_after_ten_minutes_and_of_one_after_a_day)
{
    teach_both(0, ENOUGH);
    build();
    unsigned models = heard.models;
    teach_both(500, 510);
    look_a_few_times();
    assert_int_equal(heard.models, models);
    clock_advance(11 * MINUTE_MS);
    run_until(&heard.models, models + 1);
    packet = buf_init(PACKET);
    teach(LABEL_SPAM, LABEL_SPAM, 600);
    take();
    clock_advance(20 * 60 * MINUTE_MS);
    look_a_few_times();
    assert_int_equal(heard.models, models + 1);
    clock_advance(5 * 60 * MINUTE_MS);
    run_until(&heard.models, models + 2);
    assert_int_equal(heard.ends, 1);
}

TEST(test_what_has_aged_out_is_in_no_model_a_day_later)
{
    teach_both(0, ENOUGH);
    packet = buf_init(PACKET);
    struct label old = label_of(LABEL_SPAM, 600);
    old.time = clock_wall() - (int64_t)(180 * DAY - 10);
    add_label(&packet, &old);
    take();
    build();
    assert_int_equal(used()->spam, ENOUGH + 1);
    unsigned models = heard.models;
    clock_advance(11 * 1000);
    learning_prune(learning);
    clock_advance(20 * 60 * MINUTE_MS);
    look_a_few_times();
    assert_int_equal(heard.models, models);
    clock_advance(5 * 60 * MINUTE_MS);
    run_until(&heard.models, models + 1);
    assert_int_equal(used()->spam, ENOUGH);
}

TEST(test_who_asks_while_a_model_is_made_hears_of_one_with_what_he_has_taught)
{
    teach_both(0, ENOUGH);
    unsigned ends = heard.ends;
    assert_true(learning_build(learning, &reason));
    event_base_loop(base, EVLOOP_ONCE);
    teach_both(ENOUGH, ENOUGH + 10);
    assert_true(learning_build(learning, &reason));
    run_until(&heard.ends, ends + 1);
    assert_outcome("published");
    assert_int_equal(used()->spam, ENOUGH + 10);
}

TEST(test_what_was_in_use_is_so_after_a_restart_and_labels_too)
{
    teach_both(0, ENOUGH);
    build();
    model_in(0);
    learning_free(&learning);
    open_it();
    model_in(1);
    assert_memory_equal(octets[0], octets[1], SPAM_MODEL_SIZE);
    struct labels_counts counts;
    assert_true(labels_counts(learning_labels(learning), &counts, &reason));
    assert_int_equal(counts.of[LABEL_IMPORTED][LABEL_GOOD], ENOUGH);
}

TEST(test_a_new_key_makes_all_anew)
{
    struct seal_key key;
    teach_both(0, ENOUGH);
    build();
    struct spam_model before = model_in(0);
    learner_end(0);
    assert_int_equal(ftruncate(key_file, 0), 0);
    assert_int_equal(lseek(key_file, 0, SEEK_SET), 0);
    start_learner(&key);
    unsigned models = heard.models;
    learning_seal_to(learning, &key, learner_secret);
    run_until(&heard.models, models + 1);
    assert_memory_not_equal(&before.key, &(struct spam_key[]){model_in(1).key}[0],
                            sizeof before.key);
    assert_false(used()->weights);
    assert_int_equal(models_count(learning_models(learning)), 1);
}

TEST(test_one_that_dies_is_waited_for_and_its_successor_does_the_work)
{
    struct seal_key key;
    teach_both(0, ENOUGH);
    learner_end(SIGKILL);
    assert_true(learning_build(learning, &reason));
    look_a_few_times();
    assert_int_equal(heard.ends, 0);
    start_learner(&key);
    run_until(&heard.ends, 1);
    assert_outcome("published");
}

/* A build that was asked for is begun, written down and given. */
static void let_it_begin(void)
{
    event_base_loop(base, EVLOOP_ONCE);
    for (int turns = 0; turns < 10; turns++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

TEST(test_one_that_does_not_answer_is_given_up_and_the_old_model_stays)
{
    teach_both(0, ENOUGH);
    build();
    model_in(0);
    learner_end(SIGKILL);
    unsigned ends = heard.ends;
    assert_true(learning_build(learning, &reason));
    let_it_begin();
    clock_advance(2 * MINUTE_MS);
    run_until(&heard.ends, ends + 1);
    assert_string_equal(heard.reason, "gatepost-learn does not answer");
    model_in(1);
    assert_memory_equal(octets[0], octets[1], SPAM_MODEL_SIZE);
    assert_string_equal(labels_state(learning_labels(learning))->outcome, "failed");
}

/* How many stand in the socket that nobody reads. */
static unsigned builds_that_wait(void)
{
    struct ipc_message message;
    unsigned count = 0;
    while (ipc_recv(pair[1], &message, inbox, sizeof inbox, false) == 1) {
        count += message.type == LEARN_BUILD;
        ipc_close_fds(&message);
    }
    return count;
}

TEST(test_labels_do_not_pile_up_before_one_that_has_gone)
{
    struct seal_key key;
    learner_end(SIGKILL);
    for (unsigned tries = 0; tries < 5; tries++) {
        unsigned ends = heard.ends;
        assert_true(learning_build(learning, &reason));
        let_it_begin();
        clock_advance(2 * MINUTE_MS);
        run_until(&heard.ends, ends + 1);
        assert_string_equal(heard.reason, "gatepost-learn does not answer");
    }
    assert_in_range(builds_that_wait(), 1, 2);
    start_learner(&key);
    learning_seal_to(learning, &key, learner_secret);
    build();
    assert_outcome("collecting");
}

TEST(test_it_ends_with_its_parent_and_when_it_is_told_to)
{
    struct seal_key key;
    int status;
    learner_end(0);
    start_learner(&key);
    close(learner.control);
    assert_int_equal(waitpid(learner.pid, &status, 0), learner.pid);
    assert_int_equal(status, 0);
    learner.pid = 0;
}

/* ---- one that talks nonsense ---- */

static uint64_t asked_number(void)
{
    struct ipc_message message;
    for (;;) {
        while (ipc_recv(pair[1], &message, inbox, sizeof inbox, false) == 0)
            let_it_begin();
        assert_int_equal(message.type, LEARN_BUILD);
        struct unpack in = {.left = message.payload};
        uint64_t number = unpack_u64(&in);
        assert_true(unpack_done(&in));
        ipc_close_fds(&message);
        return number;
    }
}

static void say(uint16_t type, struct slice payload, const int *files, size_t count)
{
    assert_int_equal(ipc_send(pair[1], type, payload, files, count, false), 1);
}

static void say_built(uint64_t number, const int *files, size_t count)
{
    struct learn_built built = {.number = number, .outcome = LEARN_PUBLISHED, .good = 1};
    struct buf out = buf_init(256);
    learn_built_pack(&out, &built);
    say(LEARN_BUILT, buf_slice(&out), files, count);
    buf_release(&out);
}

static int file_of(const char *text, int seals)
{
    int file = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    if (seals)
        assert_int_equal(fcntl(file, F_ADD_SEALS, seals), 0);
    return file;
}

static void ask_as_nobody(void)
{
    struct seal_key key;
    assert_true(seal_key_of((const unsigned char *)"a key that nobody has, or knows.", &key));
    learning_seal_to(learning, &key, learner_secret);
    assert_true(learning_build(learning, &reason));
}

TEST_WITH(test_nonsense_leaves_no_model, begin_alone, end)
{
    static const int all = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int sealed = file_of("eleven octs", all), open = file_of("eleven octs", 0),
        odd = file_of("twelve octets", all), empty = file_of("", all);
    const int files[][2] = {
        {open, sealed}, {sealed, open}, {sealed, odd}, {empty, sealed}, {pair[1], sealed}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        ask_as_nobody();
        unsigned ends = heard.ends;
        say_built(asked_number(), files[i], 2);
        run_until(&heard.ends, ends + 1);
        assert_string_equal(heard.reason, "gatepost-learn talked nonsense");
    }
    ask_as_nobody();
    uint64_t number = asked_number();
    say(LEARN_BUILT, SLICE("nonsense"), NULL, 0);
    say(LEARN_PROGRESS, SLICE("nonsense"), NULL, 0);
    say(LEARN_FAILED, SLICE("nonsense"), NULL, 0);
    say(77, SLICE("nonsense"), &sealed, 1);
    say_built(number - 1, files[0], 2);
    say_built(number, &sealed, 1);
    unsigned ends = heard.ends;
    run_until(&heard.ends, ends + 1);
    assert_string_equal(heard.reason, "gatepost-learn talked nonsense");
    assert_int_equal(heard.models, 0);
    assert_null(used());
    close(sealed);
    close(open);
    close(odd);
    close(empty);
}

TEST_WITH(test_an_answer_to_another_question_is_not_heard, begin_alone, end)
{
    static const int all = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int sealed = file_of("eleven octs", all);
    struct buf out = buf_init(64);
    ask_as_nobody();
    uint64_t number = asked_number();
    say_built(number - 1, (const int[]){sealed, sealed}, 2);
    say_built(number + 1, (const int[]){sealed, sealed}, 2);
    pack_u64(&out, number);
    pack_slice(&out, SLICE("of this one"));
    say(LEARN_FAILED, buf_slice(&out), NULL, 0);
    run_until(&heard.ends, 1);
    assert_string_equal(heard.reason, "of this one");
    assert_null(used());
    buf_release(&out);
    close(sealed);
}

TEST_WITH(test_what_failed_is_told_in_its_own_words_and_briefly, begin_alone, end)
{
    struct buf out = buf_init(8192);
    ask_as_nobody();
    pack_u64(&out, asked_number());
    char text[4000];
    memset(text, 'x', sizeof text);
    pack_slice(&out, (struct slice){text, sizeof text});
    say(LEARN_FAILED, buf_slice(&out), NULL, 0);
    run_until(&heard.ends, 1);
    assert_int_equal(strlen(heard.reason), LEARN_REASON_MOST);
    buf_release(&out);
}

/* ---- with other gateways ---- */

static int with[2];

/* As a keeper that starts, before it knows the key. */
static void open_shared(const struct labels_bounds *of)
{
    const struct learning_share share = {with[0], SLICE("gatepost:"), SLICE("mx.example.com")};
    learning_free(&learning);
    learning = learning_new(base, of, pair[0], &share, &owner, NULL, &reason);
    assert_non_null(learning);
}

static void tell_key(void)
{
    struct seal_key key;
    assert_true(seal_key_of((const unsigned char *)"a key that nobody has, or knows.", &key));
    learning_seal_to(learning, &key, (const unsigned char[LEARN_SHARED]){7});
}

static void begin_shared(void)
{
    begin_alone();
    assert_int_equal(ipc_pair(with), 0);
    open_shared(&bounds);
}

static void end_shared(void)
{
    end();
    close(with[0]);
    close(with[1]);
}

static uint64_t waiting(void)
{
    struct labels_counts counts;
    assert_true(labels_counts(learning_labels(learning), &counts, &reason));
    return counts.pending;
}

static void read_and_leave(void)
{
    struct left_read read = {.label = label_of(LABEL_GOOD, 1), .mailbox = SLICE("INBOX"), .uid = 1};
    read.label.how = LABEL_LEFT;
    read.label.account = SLICE("jane@example.com");
    packet = buf_init(PACKET);
    left_read_pack(&packet, &read);
    learning_take(learning, KEEPING_READ, buf_slice(&packet), -1);
    buf_release(&packet);
    assert_int_equal(waiting(), 1);
}

TEST_WITH(test_where_labels_are_shared_none_is_forgotten_or_ripe_before_the_key_is_known,
          begin_shared, end_shared)
{
    static const struct labels_bounds left = {.count = 20000, .age = 180 * DAY, .left = DAY};
    for (unsigned start = 0; start < 2; start++) {
        open_shared(&left);
        assert_int_equal(learning_forget(learning, LEARN_FORGET_ALL, SLICE(""), &reason), -1);
        assert_string_equal(reason, LABELS_NO_NAMES);
        learning_prune(learning);
        assert_int_equal(waiting(), start);
        tell_key();
        assert_int_equal(waiting(), 0);
        read_and_leave();
        clock_advance((int64_t)2 * DAY * 1000);
    }
    assert_true(learning_forget(learning, LEARN_FORGET_ALL, SLICE(""), &reason) > 0);
}

/* The model that another gateway has made of labels that are not ours. */
static void take_model_of_another(struct models *theirs, uint64_t number)
{
    struct model_entry entry = {.number = number, .weights = true, .digest = {(uint8_t)number}};
    struct sharing_head head = {.generation = number, .model = {(uint8_t)number}};
    struct buf sealed = buf_init(1 << 20);
    assert_true(models_add(theirs, &entry, SLICE("model"), SLICE(""), &reason));
    assert_true(sharing_model_seal(learning_labels(learning), SLICE("gatepost:"), theirs,
                                   models_in_use(theirs), &sealed, &reason));
    learning_sharing_owner.take(learning, &head, buf_slice(&sealed), &reason);
    assert_memory_equal(used()->digest, entry.digest, LEARN_DIGEST);
    buf_release(&sealed);
}

static uint64_t changes_left(void)
{
    const struct labels_state *state = labels_state(learning_labels(learning));
    return state->changes - state->built;
}

TEST_WITH(test_what_a_model_of_another_has_not_learnt_is_learnt_within_a_day, begin_shared,
          end_shared)
{
    struct models *theirs = models_open("theirs", &reason);
    tell_key();
    teach_both(0, 3);
    take_model_of_another(theirs, 1);
    assert_int_equal(changes_left(), 6);
    teach_both(3, 100);
    take_model_of_another(theirs, 2);
    assert_int_equal(changes_left(), LEARNING_CHANGES - 1);
    models_close(&theirs);
}

TEST_WITH(test_without_a_key_none_can_be_asked_for, begin_alone, end)
{
    assert_false(learning_build(learning, &reason));
    assert_string_equal(reason, "gatepost-learn does not run");
    assert_int_equal(learning_model(learning, &reason), -1);
}
