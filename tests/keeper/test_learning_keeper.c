/* SPDX-License-Identifier: ISC
 * What admins may ask about learning, and proxies tell, with the gatepost-keeper and the gatepost-learn
 * that are built: the test is their parent. */
#include "base/sealed_file.h"
#include "base/sealed_map.h"
#include "common/control.h"
#include "common/hold.h"
#include "common/keeping.h"
#include "filters/spam/spam_model.h"
#include "tests/harness/labels.h"
#include "tests/harness/learner.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { ENOUGH = 120, PACKET = 32 << 20, PATIENCE_S = 120, USERS_DAY = 100 };

static struct program keeper;
static int queue[2], pair[2], listening, folder, key_file, asking;
static char answers[IPC_PAYLOAD_MAX + 2];
static struct slice item; /* the last of the last question */
static size_t items;
static char said[256];
static const struct slice nothing = {NULL, 0};

/* ---- the programs ---- */

static void start_keeper(void)
{
    char name[] = "gatepost-keeper", admins[16];
    snprintf(admins, sizeof admins, "%u", getegid());
    const char *const argv[] = {name,          "--user",   "nobody", "--folder",
                                labels_folder, "--age",    "86400",  "--size",
                                "100000000",   "--learn",  "5000",   "--learn-age",
                                "86400",       "--admins", admins,   NULL};
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fds[] = {-1, queue[0], folder, listening, nowhere, nowhere, pair[0]};
    program_start(&keeper, (char *const *)(uintptr_t)argv, fds, sizeof fds / sizeof *fds);
    close(nowhere);
    assert_int_equal(ipc_send(keeper.control, KEEPER_LINES, nothing, NULL, 0, true), 1);
}

/* The next of that type; others are not looked at. A descriptor of it is the caller's; -1: it has none. */
static int hear_of_keeper(uint16_t type)
{
    struct ipc_message message;
    for (;;) {
        assert_int_equal(ipc_recv(keeper.control, &message, inbox, sizeof inbox, true), 1);
        int file = message.fd_count == 1 ? message.fds[0] : -1;
        if (message.type == type)
            return file;
        ipc_close_fds(&message);
    }
}

static void start_both(void)
{
    struct seal_key key;
    struct buf out = buf_init(128);
    start_keeper();
    hear_of_keeper(KEEPER_READY);
    learner_start(pair[1], key_file, &key);
    pack_slice(&out, (struct slice){(const char *)key.public, SEAL_KEY});
    pack_slice(&out, (struct slice){(const char *)learner_secret, LEARN_SHARED});
    assert_int_equal(ipc_send(keeper.control, KEEPER_LEARN_KEY, buf_slice(&out), NULL, 0, true), 1);
    buf_release(&out);
}

static void begin(void)
{
    const struct passwd *nobody = getpwnam("nobody");
    char path[FOLDER_MAX + 16];
    enter_folder();
    if (geteuid() == 0)
        assert_int_equal(chown(labels_folder, nobody->pw_uid, nobody->pw_gid), 0);
    snprintf(path, sizeof path, "%s/control", labels_folder);
    assert_true((listening = control_listen(path, SOCK_SEQPACKET)) >= 0);
    assert_true((folder = open(labels_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
    assert_true((key_file = memfd_create("key", MFD_CLOEXEC)) >= 0);
    assert_int_equal(ipc_pair(queue), 0);
    assert_int_equal(ipc_pair(pair), 0);
    start_both();
    assert_true((asking = control_connect(path)) >= 0);
}

static void end(void)
{
    close(asking);
    program_end(&keeper, 0, KEEPER_END);
    learner_end(0);
    int ours[] = {queue[0], queue[1], pair[0], pair[1], listening, folder, key_file};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        close(ours[i]);
    leave_folder();
}

EACH_TEST(begin, end);

/* ---- asking ---- */

/* Whether it ends well: else why not is in `said`. */
static bool ask(uint16_t type, struct slice payload, int file)
{
    struct ipc_message message;
    assert_int_equal(ipc_send(asking, type, payload, &file, file >= 0, true), 1);
    item = nothing;
    for (items = 0;; items++) {
        static char room[IPC_PAYLOAD_MAX + 2];
        assert_int_equal(ipc_recv(asking, &message, room, sizeof room, true), 1);
        if (message.type == CONTROL_END)
            break;
        assert_int_equal(message.type, CONTROL_ITEM);
        memcpy(answers, message.payload.ptr, message.payload.len);
        item = (struct slice){answers, message.payload.len};
    }
    struct unpack in = {.left = message.payload};
    bool well = unpack_u8(&in);
    struct slice reason = unpack_slice(&in);
    snprintf(said, sizeof said, "%.*s", SLICE_ARGS(reason));
    return well;
}

static void ask_well(uint16_t type, struct slice payload, int file)
{
    if (!ask(type, payload, file))
        fail_msg("%u: %s", type, said);
}

static bool learn(const struct buf *packet)
{
    int file = sealed_file_of("labels", buf_slice(packet));
    bool well = ask(CONTROL_LEARN, nothing, file);
    close(file);
    return well;
}

static void teach_both(unsigned from, unsigned to)
{
    struct buf packet = buf_init(PACKET);
    for (unsigned n = from; n < to; n++)
        for (enum label_class class = LABEL_GOOD; class < LABEL_CLASSES; class ++) {
            struct label label = label_of(class, n);
            add_label(&packet, &label);
        }
    if (!learn(&packet))
        fail_msg("%s", said);
    buf_release(&packet);
}

static void assert_numbers(uint32_t a, uint32_t b, uint32_t c)
{
    struct unpack in = {.left = item};
    assert_int_equal(unpack_u32(&in), a);
    assert_int_equal(unpack_u32(&in), b);
    assert_int_equal(unpack_u32(&in), c);
    assert_true(unpack_done(&in));
}

static json_t *json_in_item(void)
{
    json_error_t error;
    json_t *json = json_loadb(item.ptr, item.len, 0, &error);
    if (!json)
        fail_msg("%s: %.*s", error.text, SLICE_ARGS(item));
    return json;
}

static json_t *status(void)
{
    ask_well(CONTROL_LEARN_STATUS, nothing, -1);
    return json_in_item();
}

/* "a.b" of it, as a number; of a list its length. */
static long number_in(const json_t *json, const char *first, const char *second)
{
    const json_t *at = json_object_get(json, first);
    at = second ? json_object_get(at, second) : at;
    assert_non_null(at);
    return json_is_array(at) ? (long)json_array_size(at) : (long)json_integer_value(at);
}

static void build(const char *outcome)
{
    ask_well(CONTROL_LEARN_BUILD, nothing, -1);
    json_t *json = json_in_item();
    assert_string_equal(json_string_value(json_object_get(json, "outcome")), outcome);
    json_decref(json);
}

static struct slice of_slice(const char *text)
{
    static char room[128];
    struct buf out = buf_over(room, sizeof room);
    pack_slice(&out, slice_of(text));
    return buf_slice(&out);
}

static uint64_t learnt_in(int file)
{
    struct spam_model model;
    const char *reason;
    struct slice octets = sealed_map(file, LEARN_MODEL_MOST);
    assert_true(spam_model_open(octets, &model, &reason));
    uint64_t learnt = model.ham + model.spam;
    sealed_unmap(octets);
    close(file);
    return learnt;
}

/* As gatepostctl gets it. */
static uint64_t asked_model(void)
{
    struct ipc_message message;
    int reply[2];
    assert_int_equal(ipc_pair(reply), 0);
    ask_well(CONTROL_MODEL, nothing, reply[1]);
    close(reply[1]);
    assert_int_equal(ipc_recv(reply[0], &message, inbox, sizeof inbox, true), 1);
    assert_int_equal(message.type, CONTROL_MODEL);
    assert_int_equal(message.fd_count, 1);
    close(reply[0]);
    return learnt_in(message.fds[0]);
}

/* ---- */

TEST(test_the_parent_is_given_each_model_that_comes_into_use)
{
    assert_int_equal(learnt_in(hear_of_keeper(KEEPER_MODEL)), 0);
    teach_both(0, ENOUGH);
    build("published");
    assert_int_equal(learnt_in(hear_of_keeper(KEEPER_MODEL)), 2 * ENOUGH);
    ask_well(CONTROL_LEARN_ROLLBACK, of_slice(""), -1);
    assert_int_equal(learnt_in(hear_of_keeper(KEEPER_MODEL)), 0);
    program_end(&keeper, 0, KEEPER_END);
    start_keeper();
    assert_int_equal(learnt_in(hear_of_keeper(KEEPER_MODEL)), 0);
}

TEST(test_an_admin_learns_builds_rolls_back_and_forgets)
{
    teach_both(0, ENOUGH);
    assert_numbers(2 * ENOUGH, 0, 0);
    teach_both(0, ENOUGH);
    assert_numbers(0, 2 * ENOUGH, 0);
    build("published");
    assert_true(items > 1);
    assert_int_equal(asked_model(), 2 * ENOUGH);
    json_t *json = status();
    assert_int_equal(number_in(json, "learnt", "spam"), ENOUGH);
    assert_int_equal(number_in(json_object_get(json, "labels"), "imported", "good"), ENOUGH);
    assert_int_equal(number_in(json_object_get(json, "labels"), "trap", "good"), 0);
    assert_int_equal(number_in(json, "model", "good"), ENOUGH);
    assert_true(number_in(json, "models", NULL) >= 1);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "last_build"), "outcome")),
        "published");
    assert_int_equal(json_string_length(json_object_get(json, "predictions")),
                     4 * ((2 * ENOUGH * LEARN_PREDICTION + 2) / 3));
    json_decref(json);
    struct buf out = buf_init(64);
    pack_u8(&out, LEARN_FORGET_HOW);
    pack_slice(&out, SLICE("imported"));
    ask_well(CONTROL_LEARN_FORGET, buf_slice(&out), -1);
    buf_release(&out);
    struct unpack in = {.left = item};
    assert_int_equal(unpack_u32(&in), 2 * ENOUGH);
    assert_true(unpack_done(&in));
    build("collecting");
    assert_int_equal(asked_model(), 0);
}

TEST(test_labels_that_proxies_tell_are_taken_and_those_of_one_who_is_forgotten_go)
{
    struct buf packet = buf_init(PACKET), out = buf_init(256);
    struct label label = label_of(LABEL_SPAM, 1);
    learnt_in(hear_of_keeper(KEEPER_MODEL)); /* so it has the key */
    label.how = LABEL_TRAP;
    label.account = SLICE("@trap.example");
    add_label(&packet, &label);
    label.how = LABEL_MOVED;
    label.account = SLICE("jane@example.com");
    add_label(&packet, &label);
    assert_int_equal(ipc_send(queue[1], KEEPING_LABELS, buf_slice(&packet), NULL, 0, true), 1);
    json_t *json = status();
    assert_int_equal(number_in(json_object_get(json, "labels"), "trap", "spam"), 1);
    assert_int_equal(number_in(json_object_get(json, "labels"), "moved", "spam"), 1);
    json_decref(json);
    pack_slice(&out, SLICE("jane@example.com"));
    pack_u64(&out, 0);
    ask_well(CONTROL_FORGET, buf_slice(&out), -1);
    json = status();
    assert_int_equal(number_in(json_object_get(json, "labels"), "trap", "spam"), 1);
    assert_int_equal(number_in(json_object_get(json, "labels"), "moved", "spam"), 0);
    json_decref(json);
    buf_release(&packet);
    buf_release(&out);
}

/* Why a label is not on the disk; empty: it is. */
static const char *submit(const struct label *label)
{
    static struct hold_answer answer;
    int sock = label_submit(queue[1], label);
    struct pollfd wait = {.fd = sock, .events = POLLIN};
    assert_true(sock >= 0);
    assert_int_equal(poll(&wait, 1, PATIENCE_S * 1000), 1);
    assert_int_equal(hold_collect(sock, &answer), 1);
    assert_int_equal(answer.held, *answer.reason == '\0');
    close(sock);
    return answer.reason;
}

/* All that one may say in a day. */
static void say_enough(struct label *label)
{
    struct buf packet = buf_init(PACKET);
    for (unsigned n = 0; n < USERS_DAY; n++) {
        memcpy(label->message, &n, sizeof n);
        add_label(&packet, label);
    }
    assert_int_equal(ipc_send(queue[1], KEEPING_LABELS, buf_slice(&packet), NULL, 0, true), 1);
    buf_release(&packet);
}

TEST(test_who_waits_for_a_label_hears_whether_it_is_on_the_disk)
{
    struct label label = label_of(LABEL_SPAM, 1);
    label.how = LABEL_REPORTED;
    label.account = SLICE("jane@example.com");
    learnt_in(hear_of_keeper(KEEPER_MODEL));
    say_enough(&label);
    assert_string_equal(submit(&label), ""); /* it has that one */
    label.message[0]++;
    assert_string_equal(submit(&label), LABEL_ENOUGH);
    label.account = SLICE("joe@example.com");
    assert_string_equal(submit(&label), "");
    label.how = LABEL_IMPORTED;
    assert_string_equal(submit(&label), "they cannot be read");
    json_t *json = status();
    assert_int_equal(number_in(json_object_get(json, "labels"), "reported", "spam"), USERS_DAY + 1);
    json_decref(json);
}

TEST(test_what_is_too_much_at_once_or_no_labels_is_refused_whole)
{
    struct buf packet = buf_init(PACKET);
    struct label label = label_of(LABEL_SPAM, 1);
    learnt_in(hear_of_keeper(KEEPER_MODEL));
    for (unsigned n = 0; n <= LABELS_AT_ONCE; n++) {
        memcpy(label.message, &n, sizeof n);
        add_label(&packet, &label);
    }
    assert_false(learn(&packet));
    buf_clear(&packet);
    add_label(&packet, &label);
    pack_slice(&packet, SLICE("nonsense"));
    assert_false(learn(&packet));
    buf_clear(&packet);
    add_label(&packet, &label);
    int open = memfd_create("labels", MFD_CLOEXEC);
    assert_true(sealed_file_add(open, buf_slice(&packet)));
    assert_false(ask(CONTROL_LEARN, nothing, open));
    assert_false(ask(CONTROL_LEARN, nothing, folder));
    assert_false(ask(CONTROL_LEARN, nothing, -1));
    assert_false(ask(CONTROL_MODEL, nothing, -1));
    assert_false(ask(CONTROL_LEARN_FORGET, SLICE("\7\0\0\0\0"), -1));
    assert_false(ask(CONTROL_LEARN_FORGET, SLICE("x"), -1));
    assert_false(ask(CONTROL_LEARN_ROLLBACK, SLICE("x"), -1));
    assert_false(ask(CONTROL_LEARN_ROLLBACK, of_slice("0123"), -1));
    json_t *json = status();
    assert_int_equal(number_in(json_object_get(json, "labels"), "imported", "spam"), 0);
    json_decref(json);
    close(open);
    buf_release(&packet);
}
