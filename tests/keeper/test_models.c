/* SPDX-License-Identifier: ISC */
#include "keeper/models.h"

#include "base/sealed_map.h"
#include "keeper/model_file.h"
#include "tests/harness/disk.h"
#include "tests/harness/labels.h"

#include <openssl/evp.h>
#include <sys/stat.h>

static struct models *models;
static const char *reason;

static void open_them(void)
{
    if (!(models = models_open("learn", &reason)))
        fail_msg("%s", reason);
}

static void begin(void)
{
    enter_folder();
    disk.keeps_nothing = true;
    open_them();
}

static void end(void)
{
    models_close(&models);
    leave_folder();
}

EACH_TEST(begin, end);

static void open_again(void)
{
    models_close(&models);
    open_them();
}

static bool add_of_key(uint64_t number, unsigned char key)
{
    struct model_entry entry = {.number = number,
                                .until = 10 * number,
                                .made = 1700000000,
                                .digest = {(unsigned char)number},
                                .key = {key},
                                .weights = true,
                                .good = 60,
                                .spam = 70,
                                .loss = 123456};
    char model[32];
    snprintf(model, sizeof model, "model %u", (unsigned)number);
    return models_add(models, &entry, slice_of(model), SLICE("predictions"), &reason);
}

static bool add(uint64_t number)
{
    return add_of_key(number, 1);
}

static void assert_holds(const struct model_entry *entry, uint64_t number)
{
    int files[2];
    char text[32];
    snprintf(text, sizeof text, "model %u", (unsigned)number);
    assert_non_null(entry);
    assert_int_equal(entry->number, number);
    assert_true(models_load(models, entry, &files[0], &files[1], &reason));
    struct slice model = sealed_map(files[0], 100), predictions = sealed_map(files[1], 100);
    assert_true(slice_eq(model, slice_of(text)));
    assert_true(slice_eq(predictions, SLICE("predictions")));
    sealed_unmap(model);
    sealed_unmap(predictions);
    close(files[0]);
    close(files[1]);
}

static void path_of(uint64_t number, char path[static 64])
{
    snprintf(path, 64, "learn/%016llx.model", (unsigned long long)number);
}

/* Changes one octet of it. */
static void damage(uint64_t number, long at)
{
    char path[64];
    path_of(number, path);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fseek(file, at, at < 0 ? SEEK_END : SEEK_SET);
    int octet = fgetc(file);
    fseek(file, at, at < 0 ? SEEK_END : SEEK_SET);
    fputc(octet ^ 1, file);
    fclose(file);
}

/* A file that is whole and of the version before, as after an upgrade. */
static void make_of_another_version(uint64_t number)
{
    enum { VERSION_AT = 8, DIGEST = 32, MOST = 4096 };
    static unsigned char octets[MOST];
    char path[64];
    damage(number, VERSION_AT);
    path_of(number, path);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    size_t len = fread(octets, 1, sizeof octets, file);
    assert_in_range(len, DIGEST, MOST - 1);
    assert_int_equal(
        EVP_Q_digest(NULL, "SHA256", NULL, octets, len - DIGEST, octets + len - DIGEST, NULL), 1);
    rewind(file);
    assert_int_equal(fwrite(octets, 1, len, file), len);
    fclose(file);
}

static void assert_cannot_be_read(uint64_t number, const char *why)
{
    char path[64];
    struct model_file file;
    path_of(number, path);
    assert_false(model_file_read(path, &file, &reason));
    assert_string_equal(reason, why);
}

TEST(test_after_an_upgrade_what_is_of_another_version_is_not_in_use)
{
    assert_true(add(1) && add(2));
    make_of_another_version(1);
    make_of_another_version(2);
    assert_cannot_be_read(2, "it is of another version");
    open_again();
    assert_int_equal(models_count(models), 0);
    assert_null(models_in_use(models));
    assert_true(add(3));
    assert_holds(models_in_use(models), 3);
}

TEST(test_at_first_there_is_none)
{
    assert_int_equal(models_count(models), 0);
    assert_null(models_in_use(models));
}

TEST(test_the_newest_is_in_use_and_all_is_known_later)
{
    assert_true(add(1) && add(2));
    open_again();
    assert_int_equal(models_count(models), 2);
    assert_holds(models_in_use(models), 2);
    assert_holds(models_at(models, 1), 1);
    const struct model_entry *entry = models_at(models, 0);
    assert_int_equal(entry->until, 20);
    assert_int_equal(entry->made, 1700000000);
    assert_int_equal(entry->digest[0], 2);
    assert_int_equal(entry->key[0], 1);
    assert_true(entry->weights);
    assert_int_equal(entry->good, 60);
    assert_int_equal(entry->spam, 70);
    assert_int_equal(entry->loss, 123456);
}

TEST(test_five_stay)
{
    for (uint64_t number = 1; number <= 7; number++)
        assert_true(add(number));
    assert_int_equal(models_count(models), MODELS_MOST);
    assert_int_equal(models_at(models, 4)->number, 3);
    open_again();
    assert_int_equal(models_count(models), MODELS_MOST);
    assert_holds(models_at(models, 4), 3);
}

TEST(test_an_earlier_one_can_be_used_again_and_is_so_later)
{
    assert_true(add(1) && add(2));
    assert_true(models_use(models, 1, &reason));
    open_again();
    assert_holds(models_in_use(models), 1);
    assert_true(add(3));
    assert_holds(models_in_use(models), 3);
    open_again();
    assert_holds(models_in_use(models), 3);
}

TEST(test_the_one_in_use_stays_however_old_it_is_when_the_folder_is_opened)
{
    for (uint64_t number = 1; number <= MODELS_MOST; number++)
        assert_true(add(number));
    assert_int_equal(rename("learn/0000000000000005.model", "kept"), 0);
    open_again();
    assert_true(add(MODELS_MOST + 1));
    assert_true(models_use(models, 1, &reason));
    assert_int_equal(rename("kept", "learn/0000000000000005.model"), 0);
    open_again();
    assert_int_equal(models_count(models), MODELS_MOST);
    assert_holds(models_in_use(models), 1);
    assert_int_equal(models_at(models, 3)->number, 3);
}

TEST(test_wherever_the_disk_is_full_one_of_the_two_is_used_again)
{
    bool all = false;
    assert_true(add(1) && add(2) && add(3));
    for (long allowed = 0; !all; allowed++) {
        assert_true(models_use(models, 1, &reason));
        disk.allowed = allowed;
        disk.for_ever = true;
        disk.hit = false;
        bool done = models_use(models, 2, &reason);
        disk.allowed = -1;
        disk.for_ever = false;
        all = !disk.hit;
        assert_int_equal(models_in_use(models)->number, done ? 2 : 1);
        open_again();
        assert_true(models_in_use(models)->number == 2 ||
                    (!done && models_in_use(models)->number == 1));
    }
}

TEST(test_those_of_another_key_go)
{
    assert_true(add(1) && add(2) && add_of_key(3, 2));
    assert_int_equal(models_count(models), 1);
    open_again();
    assert_int_equal(models_count(models), 1);
    assert_holds(models_in_use(models), 3);
}

TEST(test_one_that_is_damaged_anywhere_is_left_out)
{
    char path[64];
    struct stat info;
    assert_true(add(1) && add(2));
    path_of(2, path);
    assert_int_equal(stat(path, &info), 0);
    for (long at = 0; at < info.st_size; at++) {
        damage(2, at);
        open_again();
        assert_int_equal(models_count(models), 1);
        assert_holds(models_in_use(models), 1);
        damage(2, at);
    }
    open_again();
    assert_int_equal(models_count(models), 2);
    for (off_t size = 0; size < info.st_size; size += 7) {
        assert_true(add(3));
        path_of(3, path);
        assert_int_equal(truncate(path, size), 0);
        open_again();
        assert_int_equal(models_count(models), 2);
    }
}

TEST(test_one_that_is_damaged_while_it_is_in_use_is_not_given_out)
{
    int file;
    assert_true(add(1));
    damage(1, -40);
    assert_false(models_load(models, models_in_use(models), &file, NULL, &reason));
}

TEST(test_one_under_anothers_name_is_left_out)
{
    char from[64], to[64];
    assert_true(add(1) && add(2));
    path_of(1, from);
    path_of(5, to);
    assert_int_equal(rename(from, to), 0);
    open_again();
    assert_int_equal(models_count(models), 1);
    assert_holds(models_in_use(models), 2);
}

TEST(test_wherever_the_disk_is_full_the_old_one_is_in_use_or_the_new_one_whole)
{
    uint64_t number = 1;
    bool any = false, all = false;
    assert_true(add(number));
    for (long allowed = 0; !all; allowed++) {
        uint64_t used = models_in_use(models)->number;
        disk.allowed = allowed;
        disk.for_ever = true;
        disk.hit = false;
        bool added = add(++number);
        disk.allowed = -1;
        disk.for_ever = false;
        any |= !added;
        all = !disk.hit;
        assert_holds(models_in_use(models), added ? number : used);
        open_again();
        assert_holds(models_in_use(models), models_in_use(models)->number);
        assert_true(models_in_use(models)->number == (added ? number : used) ||
                    models_in_use(models)->number == number);
    }
    assert_true(any);
    assert_int_equal(access("learn/new", F_OK), -1);
}
