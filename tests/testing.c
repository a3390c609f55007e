/* What the tests share: see testing.h. */
#include "testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, PATH_BUFFERS = 16, RUN_SECONDS = 60 };

void testing_close(double a, double b, double relative, double absolute, const char *what, const char *file, int line)
{
    if (a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= relative * fmax(fabs(a), fabs(b)) + absolute)
        return;
    print_error("%s is %.17g, expected %.17g (relative %g, absolute %g)\n", what, a, b, relative, absolute);
    _fail(file, line);
}

size_t testing_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* ---- Files ---------------------------------------------------------------------------------------------------- */

static char root[PATH_SIZE]; /* all folders of this program are inside */
static pid_t root_owner;     /* a forked child must not remove it */

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static int open_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)place;
    return kind == FTW_D || kind == FTW_DNR ? chmod(path, 0700) : 0;
}

static void remove_root(void)
{
    if (getpid() != root_owner)
        return;
    nftw(root, open_entry, 16, FTW_PHYS); /* a test may have made folders that nobody may enter */
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *testing_folder(void)
{
    enum { FOLDERS = 256 };
    static char paths[FOLDERS][PATH_SIZE + 16];
    static unsigned count;
    if (!*root) {
        const char *parent = getenv("TMPDIR");
        snprintf(root, sizeof root, "%s/qloupe-test-XXXXXX", parent && *parent ? parent : "/tmp");
        if (!mkdtemp(root))
            fail_msg("%s: %s", root, strerror(errno));
        root_owner = getpid();
        atexit(remove_root);
    }
    assert_true(count < FOLDERS);
    char *path = paths[count];
    snprintf(path, sizeof paths[0], "%s/%u", root, count++);
    if (mkdir(path, 0700) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    return path;
}

const char *testing_path(const char *folder, const char *name)
{
    static char buffers[PATH_BUFFERS][PATH_SIZE];
    static unsigned next;
    char *buffer = buffers[next++ % PATH_BUFFERS];
    int length = snprintf(buffer, PATH_SIZE, "%s/%s", folder, name);
    assert_in_range(length, 1, PATH_SIZE - 1);
    return buffer;
}

void testing_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        fail_msg("%s: %s", path, strerror(errno));
    bool written = size == 0 || fwrite(bytes, 1, size, file) == size;
    written &= fclose(file) == 0;
    if (!written)
        fail_msg("%s: cannot write %zu bytes", path, size);
}

typedef struct buffer {
    char *data; /* zero-terminated */
    size_t size, capacity;
} buffer;

/* Reads what is there; false at the end of the file. */
static bool buffer_fill(buffer *b, int fd)
{
    if (b->capacity - b->size < 65537) {
        b->capacity = b->capacity ? 2 * b->capacity : 131072;
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    ssize_t got = read(fd, b->data + b->size, 65536);
    if (got < 0 && errno == EINTR)
        return true;
    if (got > 0)
        b->size += (size_t)got;
    b->data[b->size] = 0;
    return got > 0;
}

char *testing_read(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("%s: %s", path, strerror(errno));
    buffer all = { 0 };
    while (buffer_fill(&all, fd)) {
    }
    close(fd);
    if (size)
        *size = all.size;
    return all.data;
}

/* ---- Commands ------------------------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static _Noreturn void run_child(const char *command, int output, int error)
{
    setpgid(0, 0);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0)
        _exit(126);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("QLOUPE_NO_STATE", "1", 1);
    setenv("QLOUPE", "build/qloupe", 0);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

testing_result testing_run(const char *format, ...)
{
    char command[16384];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    assert_in_range(length, 1, sizeof command - 1);

    int output[2], error[2];
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    assert_int_equal(pipe2(error, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(command, output[1], error[1]);
    setpgid(child, child); /* here too, so that it holds before kill() */
    close(output[1]);
    close(error[1]);

    /* Both pipes are read until their ends: a descendant in the background counts as part of the command. */
    buffer texts[2] = { 0 };
    struct pollfd ends[2] = { { .fd = output[0], .events = POLLIN }, { .fd = error[0], .events = POLLIN } };
    double deadline = seconds() + RUN_SECONDS;
    bool late = false;
    while (!late && (ends[0].fd >= 0 || ends[1].fd >= 0)) {
        poll(ends, 2, 100);
        for (int i = 0; i < 2; i++)
            if (ends[i].fd >= 0 && ends[i].revents && !buffer_fill(&texts[i], ends[i].fd))
                ends[i].fd = -1;
        late = seconds() > deadline;
    }
    if (late)
        kill(-child, SIGKILL);
    close(output[0]);
    close(error[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (late)
        print_error("ended after %d seconds: %s\n", RUN_SECONDS, command);
    for (int i = 0; i < 2; i++)
        if (!texts[i].data)
            texts[i].data = calloc(1, 1);
    return (testing_result) {
        .exit_code = late                  ? 124
                     : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                           : WEXITSTATUS(status),
        .standard_output = texts[0].data,
        .standard_error = texts[1].data,
        .output_size = texts[0].size,
    };
}

void testing_result_free(testing_result *result)
{
    free(result->standard_output);
    free(result->standard_error);
    *result = (testing_result) { 0 };
}
