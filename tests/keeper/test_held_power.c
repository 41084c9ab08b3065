/* SPDX-License-Identifier: ISC
 * The power fails: whatever the disk may hold then, the store opens, and what was promised before is
 * kept. A life of the store is noted, call by call; then, behind each call, what a disk may have come
 * to is made and looked at: a name is certain when its folder was synced behind it, octets when their
 * file was; of all that is younger, nothing, anything or all may be there. */
#include "tests/harness/store.h"
/* behind what includes the C library's own */
#include "tests/harness/disk.h"

enum {
    ROOM = 64 * MEGABYTE,
    ERA = 7,
    CALLS_MOST = 4000,
    FILES_MOST = 300,
    FDS_MOST = 256,
    COPIES_MOST = 300,
    NAME = 40,
    IMAGE_MOST = 2 * MEGABYTE,
    ROUNDS = MANY(20, 8),
    LOOKS_LEAST = ROUNDS * 25,
};

static uint64_t picked = 1;

static unsigned pick(unsigned below)
{
    picked = picked * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(picked >> 33) % below;
}

/* ---- what was done ---- */

struct call {
    enum disk_kind kind;
    size_t file;     /* of writes, truncations, syncs; of names: which file they are for */
    char name[NAME]; /* below base; of syncs of folders: the folder */
    uint64_t at;
    char *octets;
    size_t len;
};

static struct call calls[CALLS_MOST];
static size_t call_count, file_count;
static size_t file_of_fd[FDS_MOST]; /* 0: none of ours */

static void name_below(const char *path, char name[static NAME])
{
    size_t len = strlen(base);
    assert_true(strncmp(path, base, len) == 0);
    snprintf(name, NAME, "%s", path[len] == '/' ? path + len + 1 : "");
}

static size_t file_named(const char *name)
{
    for (size_t i = call_count; i-- > 0;)
        if (calls[i].kind == DISK_CREATE && strcmp(calls[i].name, name) == 0)
            return calls[i].file;
    return 0;
}

/* Of a file that was there before it was opened. */
static size_t file_of(int fd)
{
    char link[32], path[4096], name[NAME];
    assert_in_range(fd, 0, FDS_MOST - 1);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    assert_true(len > 0);
    path[len] = '\0';
    if (strstr(path, " (deleted)"))
        return file_of_fd[fd];
    name_below(path, name);
    return file_named(name);
}

static void note(const struct disk_call *done)
{
    assert_true(call_count < CALLS_MOST);
    struct call *call = &calls[call_count];
    *call = (struct call){.kind = done->kind, .at = done->at, .len = done->len};
    if (done->path)
        name_below(done->path, call->name);
    if (done->kind == DISK_CREATE) {
        call->file = ++file_count;
        assert_true(file_count < FILES_MOST);
        file_of_fd[done->fd] = call->file;
    } else if (done->kind == DISK_WRITE || done->kind == DISK_TRUNCATE || done->kind == DISK_SYNC) {
        call->file = file_of(done->fd);
        assert_true(call->file > 0);
    }
    assert_true(done->kind != DISK_RENAME);
    if (done->len) {
        call->octets = malloc(done->len);
        assert_non_null(call->octets);
        memcpy(call->octets, done->octets, done->len);
    }
    call_count++;
}

/* ---- what was promised ---- */

/* Each is the count of calls before; SIZE_MAX: never. */
struct copy {
    uint64_t number;
    uint64_t ticket; /* it was held with */
    char text[48];
    size_t held;      /* that it is was said */
    size_t ends;      /* from then on it may be over */
    size_t delivered; /* that it is was said to be written */
    size_t away;      /* it was given away */
};

static struct copy copies[COPIES_MOST];
static size_t copy_count;

static struct copy *find_copy(uint64_t number)
{
    for (size_t i = 0; i < copy_count; i++)
        if (copies[i].number == number)
            return &copies[i];
    return NULL;
}

/* ---- a life ---- */

ARENA(1 << 20);
static int64_t now;

static void promise(struct hold_answer answer, const char *text)
{
    for (uint64_t number = answer.first; number && number <= answer.last; number++) {
        struct copy *copy = &copies[copy_count++];
        assert_true(copy_count < COPIES_MOST);
        *copy = (struct copy){.number = number,
                              .ticket = last_ticket,
                              .held = call_count,
                              .ends = SIZE_MAX,
                              .delivered = SIZE_MAX,
                              .away = SIZE_MAX};
        assert_true(strlen(text) < sizeof copy->text);
        strcpy(copy->text, text);
    }
}

/* Several in one change, some of them again or for others. */
static void hold_some(int round)
{
    struct hold_answer answers[4];
    char texts[4][48];
    size_t count = 1 + pick(4);
    for (size_t i = 0; i < count; i++) {
        int of = pick(4) ? round : (int)pick((unsigned)round + 1);
        snprintf(texts[i], sizeof texts[i], "letter %zu of round %d", i, of);
        answers[i] = add((struct letter){
            texts[i], .to = {"u@example.com", pick(2) ? "v@example.com" : "w@other.example"}});
        assert_true(answers[i].held);
    }
    assert_true(held_commit(held));
    for (size_t i = 0; i < count; i++)
        promise(answers[i], texts[i]);
}

static struct copy *any_copy(void)
{
    return &copies[pick((unsigned)copy_count)];
}

static bool act(struct copy *copy, enum held_act what)
{
    const char *reason;
    if (copy->ends == SIZE_MAX && what == HELD_DELETE)
        copy->ends = call_count;
    return held_act(held, copy->number, what, SLICE("root"), now, &reason);
}

static void deliver(void)
{
    struct errand e;
    int container;
    arena_reset(arena);
    if (!held_due(held, now, arena, &e, &container))
        return;
    close(container);
    struct copy *copy = find_copy(e.number);
    assert_non_null(copy);
    copy->away = call_count;
    struct errand_news news = {e.number, e.attempt, ERRAND_DELIVERED, SLICE("250")};
    if (pick(3))
        assert_true(held_news(held, &news, ERRAND_BEGINS, now, NULL, NULL));
    if (!pick(4))
        return; /* it never comes back */
    copy->ends = copy->ends == SIZE_MAX ? call_count : copy->ends;
    assert_true(held_news(held, &news, ERRAND_OVER, now, NULL, NULL));
    copy->delivered = call_count;
}

static void withdraw(void)
{
    uint64_t ticket = any_copy()->ticket;
    for (size_t i = 0; i < copy_count; i++)
        if (copies[i].ticket == ticket && copies[i].ends == SIZE_MAX)
            copies[i].ends = call_count;
    held_withdraw(held, ticket);
    assert_true(held_commit(held));
}

static void live(void)
{
    disk.note = note;
    held = open_store(ROOM, ERA);
    for (int round = 0; round < ROUNDS; round++) {
        hold_some(round);
        if (pick(2) && act(any_copy(), HELD_RELEASE))
            deliver();
        if (!pick(3))
            act(any_copy(), HELD_DELETE);
        if (!pick(6))
            withdraw();
        if (!pick(4))
            assert_true(database_run(held->db, "PRAGMA wal_checkpoint(TRUNCATE)"));
        else if (!pick(4))
            assert_true(database_run(held->db, "PRAGMA wal_checkpoint(PASSIVE)"));
        if (!pick(6)) {
            held_close(&held);
            held = open_store(ROOM, ERA);
        }
    }
    held_close(&held);
    disk.note = NULL;
}

/* ---- what is left of it ---- */

enum remains { NOTHING, ANYTHING, ALL, REMAINS };

static bool may_be_there(enum remains remains)
{
    return remains == ALL || (remains == ANYTHING && pick(2));
}

static struct image {
    char *octets;
    size_t len;
} images[FILES_MOST];

static bool is_name(enum disk_kind kind)
{
    return kind == DISK_CREATE || kind == DISK_MKDIR || kind == DISK_UNLINK;
}

static bool is_octets(enum disk_kind kind)
{
    return kind == DISK_WRITE || kind == DISK_TRUNCATE;
}

/* Whether it was made certain before the end. */
static bool is_certain(size_t i, size_t end)
{
    char above[NAME];
    snprintf(above, sizeof above, "%s", calls[i].name);
    char *slash = strrchr(above, '/');
    *(slash ? slash : above) = '\0';
    for (size_t j = i + 1; j < end; j++)
        if (is_name(calls[i].kind)
                ? calls[j].kind == DISK_SYNC_FOLDER && strcmp(calls[j].name, above) == 0
                : calls[j].kind == DISK_SYNC && calls[j].file == calls[i].file)
            return true;
    return false;
}

static void grow(struct image *image, size_t len)
{
    assert_true(len <= IMAGE_MOST);
    if (!image->octets)
        image->octets = malloc(IMAGE_MOST);
    assert_non_null(image->octets);
    if (len > image->len)
        memset(image->octets + image->len, 0, len - image->len);
    image->len = len > image->len ? len : image->len;
}

/* Part of a write may have come to the disk. */
static void make_octets(const struct call *call, bool whole)
{
    struct image *image = &images[call->file];
    size_t len = whole ? call->len : pick((unsigned)call->len + 1);
    if (call->kind == DISK_TRUNCATE) {
        grow(image, call->at);
        image->len = call->at;
        return;
    }
    grow(image, call->at + len);
    memcpy(image->octets + call->at, call->octets, len);
}

static void write_image(const char *path, const struct image *image)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->octets, image->len), image->len);
    close(fd);
}

static void make_names(size_t end, enum remains remains)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < end; i++) {
        if (!is_name(calls[i].kind) || !(is_certain(i, end) || may_be_there(remains)))
            continue;
        snprintf(path, sizeof path, "%s/%s", base, calls[i].name);
        if (calls[i].kind == DISK_MKDIR)
            mkdir(path, 0700);
        else if (calls[i].kind == DISK_UNLINK)
            unlink(path);
        else if (access(folder, F_OK) == 0)
            write_image(path, &images[calls[i].file]);
    }
}

/* The files first: a name finds them as they are at the end. */
static void make_disk(size_t end, enum remains remains)
{
    for (size_t i = 0; i < FILES_MOST; i++)
        images[i].len = 0;
    for (size_t i = 0; i < end; i++)
        if (is_octets(calls[i].kind)) {
            bool certain = is_certain(i, end);
            if (certain || may_be_there(remains))
                make_octets(&calls[i], certain || remains == ALL || pick(4));
        }
    make_names(end, remains);
}

/* ---- a look at it ---- */

struct look {
    size_t end;
    enum remains remains;
    size_t seen;
};

#define broken(look, copy, what)                                                                   \
    fail_msg("behind call %zu, of what is younger %s: %s (number %" PRIu64 ", \"%s\")",            \
             (look)->end,                                                                          \
             (look)->remains == ALL       ? "all"                                                  \
             : (look)->remains == NOTHING ? "nothing"                                              \
                                          : "anything",                                            \
             what, (copy)->number, (copy)->text)

static bool check_copy(void *ctx, const struct held_entry *entry)
{
    struct look *look = ctx;
    const struct copy *copy = find_copy(entry->number);
    bool over = entry->state >= HELD_DELIVERED;
    if (!copy || copy->held > look->end) { /* under way: it may be there, and then is whole */
        if (!over && !open_container(held, entry->id).ptr)
            fail_msg("behind call %zu: one is there whose container is not", look->end);
        return true;
    }
    look->seen++;
    if (copy->delivered <= look->end && entry->state != HELD_DELIVERED)
        broken(look, copy, "told to be delivered, and it is not");
    if (copy->away <= look->end && (entry->state == HELD_WAITING || entry->state == HELD_LEAVING))
        broken(look, copy, "given away, and it would be again");
    if (over && copy->ends > look->end)
        broken(look, copy, "over without having been");
    if (!over && !slice_eq(open_container(held, entry->id), slice_of(copy->text)))
        broken(look, copy, "it does not open to what was held");
    return true;
}

static void check(size_t end, enum remains remains)
{
    struct look look = {.end = end, .remains = remains};
    struct held_query query = {.all = true, .most = COPIES_MOST};
    const char *reason = "";
    size_t promised = 0;
    for (size_t i = 0; i < copy_count; i++)
        promised += copies[i].held <= end;
    held = open_store(ROOM, ERA);
    if (!held_find(held, &query, check_copy, &look, &reason))
        fail_msg("behind call %zu: %s", end, reason);
    if (look.seen != promised)
        fail_msg("behind call %zu, remains %d: %zu copies of %zu are there", end, remains,
                 look.seen, promised);
    assert_adds_up(held);
    held_close(&held);
}

static bool is_turning(size_t end)
{
    enum disk_kind kind = calls[end - 1].kind;
    return kind == DISK_SYNC || kind == DISK_SYNC_FOLDER || is_name(kind);
}

static void set_up(void)
{
    make_arena();
    make_base();
    read_keys();
    disk = (struct disk){.keeps_nothing = true, .allowed = -1};
    now = clock_wall();
}

static void tear_down(void)
{
    disk.note = NULL;
    if (held)
        held_close(&held);
    remove_tree(base);
    for (size_t i = 0; i < call_count; i++)
        free(calls[i].octets);
    for (size_t i = 0; i < FILES_MOST; i++)
        free(images[i].octets);
    call_count = 0;
    free_arena();
}

EACH_TEST(set_up, tear_down);

TEST(test_whenever_the_power_fails_what_was_promised_is_kept)
{
    live();
    remove_tree(base);
    assert_int_equal(mkdir(base, 0700), 0);
    size_t looks = 0;
    for (size_t end = 1; end <= call_count; end++)
        for (enum remains remains = NOTHING; remains < REMAINS; remains++) {
            if (remains == ANYTHING ? pick(2) : !is_turning(end))
                continue;
            make_disk(end, remains);
            check(end, remains);
            remove_tree(folder);
            looks++;
        }
    print_message("%zu calls, %zu copies, %zu looks\n", call_count, copy_count, looks);
    assert_true(looks > LOOKS_LEAST);
}
