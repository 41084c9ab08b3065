/* SPDX-License-Identifier: ISC
 * The gatepost-scan that is built, and a model that is none, as after an upgrade. */
#include "filters/scanner/family.h"
#include "tests/harness/learner.h"

#include <fcntl.h>
#include <sys/mman.h>

static int sealed_of(struct slice octets)
{
    int file = memfd_create("model", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    assert_int_equal(write(file, octets.ptr, octets.len), octets.len);
    assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return file;
}

TEST(test_a_scanner_serves_without_a_model_that_cannot_be_read)
{
    char name[] = "gatepost-scan", user[] = "--user", nobody[] = "nobody", model[] = "--model",
         number[] = "5";
    char *const argv[] = {name, user, nobody, model, number, NULL};
    struct program scanner;
    struct ipc_message message;
    int queue[2];
    assert_int_equal(ipc_pair(queue), 0);
    int fds[] = {-1, queue[1], sealed_of(SLICE("a model of another version"))};
    program_start(&scanner, argv, fds, 3);
    assert_int_equal(ipc_recv(scanner.control, &message, inbox, sizeof inbox, true), 1);
    assert_int_equal(message.type, FAMILY_READY);
    program_end(&scanner, 0, FAMILY_RETIRE);
    close(fds[2]);
    close(queue[0]);
    close(queue[1]);
}
