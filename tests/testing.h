/* What the tests share: closeness of doubles, temporary folders, running a command. */
#ifndef QL_TESTS_TESTING_H
#define QL_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* |a - b| <= relative * max(|a|, |b|) + absolute, or both NaN, or equal (infinities). Prints both values when not. */
#define assert_close(a, b, relative, absolute) testing_close((a), (b), (relative), (absolute), #a, __FILE__, __LINE__)
void testing_close(double a, double b, double relative, double absolute, const char *what, const char *file, int line);

/* Path of a new empty folder, removed with all that is in it when the program ends. Static storage, valid until exit. */
const char *testing_folder(void);

/* "FOLDER/NAME" in one of a few rotating static buffers. */
const char *testing_path(const char *folder, const char *name);

void testing_write(const char *path, const void *bytes, size_t size);

/* The whole file, malloced and zero-terminated; *size (may be NULL) without the terminator. Fails the test when it cannot be read. */
char *testing_read(const char *path, size_t *size);

/* How many descriptors are open. */
size_t testing_descriptors(void);

typedef struct testing_result {
    int exit_code;           /* 128 + n when killed by signal n */
    char *standard_output;   /* malloced, zero-terminated */
    char *standard_error;
    size_t output_size;
} testing_result;

/* Runs a shell command line, standard input from /dev/null, in the project root, with LC_ALL=C.UTF-8 and QLOUPE_NO_STATE=1; "$QLOUPE" names
   the program under test. Ends it after 60 seconds (exit code 124). */
testing_result testing_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
void testing_result_free(testing_result *result);

#endif
