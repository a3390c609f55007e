/*
 * Output files that appear whole or not at all.
 *
 *   DIR/.qloupe-PID-N  --write--write--rename-->  DIR/NAME
 *
 * The temporary file stands beside the target, so that the rename never crosses a file system. It is created with O_EXCL and
 * mode 0666, so the kernel applies the umask; a file that is replaced keeps its permissions. A link is followed: what it
 * points to is replaced.
 *
 * Temporaries are kept in a small table of atomic pointers, so that a signal handler can remove them. Whoever takes a
 * pointer out of the table owns its text: a text that the handler took is never freed.
 */
#include "base/error.h"
#include "qloupe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 16, SLOT_COUNT = 16, NAME_TRIES = 1000, SHOWN_SIZE = 400 };

struct ql_outfile {
    int descriptor;
    char *target;           /* what the temporary becomes: links resolved */
    char *temporary;        /* its name */
    int slot;               /* in `temporaries`, -1: none was free */
    char shown[SHOWN_SIZE]; /* the path as given, printable */
    size_t filled;
    unsigned char buffer[BUFFER_SIZE];
};

static _Atomic(char *) temporaries[SLOT_COUNT];

static int remember(char *temporary)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        char *empty = NULL;
        if (atomic_compare_exchange_strong(&temporaries[i], &empty, temporary))
            return i;
    }
    return -1;
}

/* Takes the name out of the table. False when a handler took it first: then it is not ours any more. */
static bool forget(ql_outfile *f)
{
    bool ours = f->slot < 0 || atomic_exchange(&temporaries[f->slot], NULL) == f->temporary;
    f->slot = -1;
    if (!ours)
        f->temporary = NULL;
    return ours;
}

void ql_outfile_discard_all(void)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        char *temporary = atomic_exchange(&temporaries[i], NULL);
        if (temporary)
            unlink(temporary);
    }
}

static void release(ql_outfile **file)
{
    ql_outfile *f = *file;
    if (f->descriptor >= 0)
        close(f->descriptor);
    forget(f);
    free(f->temporary);
    free(f->target);
    free(f);
    *file = NULL;
}

static ql_status fail_write(const ql_outfile *f, int code, ql_error *error)
{
    char reason[128];
    return ql_fail(error, QL_BAD_WRITE, "%s: cannot be written: %s; nothing was left behind", f->shown,
                   strerror_r(code, reason, sizeof reason));
}

/* Length of the folder part of a path with its last slash; 0 when there is none. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Refuses targets that a rename would spoil (folders, devices, pipes) or that are protected; *mode becomes that of the file
   that is replaced, or 0. */
static ql_status check_target(const ql_outfile *f, const char *path, mode_t *mode, ql_error *error)
{
    struct stat status;
    *mode = 0;
    size_t length = strlen(path);
    if (length == 0)
        return ql_fail(error, QL_BAD_WRITE, "the name of the output file is empty; name a file");
    if (stat(path, &status) != 0) {
        if (path[length - 1] == '/')
            return ql_fail(error, QL_BAD_WRITE, "%s: names a folder; name a file in it", f->shown);
        return QL_OK;
    }
    if (S_ISDIR(status.st_mode))
        return ql_fail(error, QL_BAD_WRITE, "%s: is a folder; name a file in it", f->shown);
    if (!S_ISREG(status.st_mode))
        return ql_fail(error, QL_BAD_WRITE, "%s: is a device or pipe; name a regular file", f->shown);
    if (access(path, W_OK) != 0)
        return ql_fail(error, QL_BAD_WRITE, "%s: is write-protected; name another file or allow writing to it", f->shown);
    *mode = status.st_mode & 0777;
    return QL_OK;
}

static ql_status fail_open(const ql_outfile *f, int code, ql_error *error)
{
    char folder[PATH_MAX], shown[200], reason[128];
    size_t length = folder_length(f->target);
    snprintf(folder, sizeof folder, "%.*s", length > 1 ? (int)length - 1 : (int)length, f->target);
    ql_text_print(shown, sizeof shown, ql_text_from(length ? folder : "."), 100);
    if (code == ENOENT)
        return ql_fail(error, QL_BAD_WRITE, "%s: there is no folder '%s'; make it first", f->shown, shown);
    return ql_fail(error, QL_BAD_WRITE, "%s: no file can be made in the folder '%s': %s", f->shown, shown,
                   strerror_r(code, reason, sizeof reason));
}

ql_status ql_outfile_open(const char *path, ql_outfile **out, ql_error *error)
{
    static atomic_uint counter;
    *out = NULL;
    ql_outfile *f = calloc(1, sizeof *f);
    if (!f)
        return ql_fail_memory(error, sizeof *f);
    f->descriptor = f->slot = -1;
    ql_text_print(f->shown, sizeof f->shown, ql_text_from(path), 200);

    mode_t mode;
    ql_status status = check_target(f, path, &mode, error);
    if (status != QL_OK)
        goto cleanup;

    f->target = realpath(path, NULL); /* NULL for a file that is new: its name is kept as it is */
    if (!f->target)
        f->target = strdup(path);
    size_t folder = f->target ? folder_length(f->target) : 0, size = folder + 64;
    f->temporary = malloc(size);
    if (!f->target || !f->temporary) {
        status = ql_fail_memory(error, size);
        goto cleanup;
    }

    memcpy(f->temporary, f->target, folder);
    for (int try = 0; try < NAME_TRIES && f->descriptor < 0; try++) {
        snprintf(f->temporary + folder, size - folder, ".qloupe-%ld-%u", (long)getpid(), atomic_fetch_add(&counter, 1));
        f->slot = remember(f->temporary); /* before the file exists, so that no moment is left uncovered */
        f->descriptor = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        int code = errno;
        if (f->descriptor < 0 && (!forget(f) || code != EEXIST)) {
            status = fail_open(f, code, error);
            goto cleanup;
        }
    }
    if (f->descriptor < 0) {
        status = fail_open(f, EEXIST, error);
        goto cleanup;
    }
    if (mode)
        (void)fchmod(f->descriptor, mode); /* some file systems have no permissions to keep */
    *out = f;
    return QL_OK;

cleanup:
    release(&f);
    return status;
}

/* Writes all bytes or fails with errno set. */
static bool write_all(int descriptor, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

static bool flush(ql_outfile *f)
{
    size_t filled = f->filled;
    f->filled = 0;
    return write_all(f->descriptor, f->buffer, filled);
}

ql_status ql_outfile_write(ql_outfile *file, const void *bytes, size_t size, ql_error *error)
{
    if (size > BUFFER_SIZE - file->filled && !flush(file))
        return fail_write(file, errno, error);
    if (size >= BUFFER_SIZE)
        return write_all(file->descriptor, bytes, size) ? QL_OK : fail_write(file, errno, error);
    memcpy(file->buffer + file->filled, bytes, size);
    file->filled += size;
    return QL_OK;
}

ql_status ql_outfile_finish(ql_outfile *file, ql_error *error)
{
    if (file->descriptor < 0)
        return QL_OK;
    ql_status status = flush(file) ? QL_OK : fail_write(file, errno, error);
    int descriptor = file->descriptor;
    file->descriptor = -1;
    if (close(descriptor) != 0 && status == QL_OK) /* quotas and network file systems report here */
        status = fail_write(file, errno, error);
    return status;
}

ql_status ql_outfile_commit(ql_outfile **file, ql_error *error)
{
    ql_outfile *f = *file;
    ql_status status = ql_outfile_finish(f, error);
    if (status == QL_OK && rename(f->temporary, f->target) != 0)
        status = fail_write(f, errno, error);
    if (status == QL_OK)
        release(file);
    else
        ql_outfile_discard(file);
    return status;
}

void ql_outfile_discard(ql_outfile **file)
{
    if (!*file)
        return;
    unlink((*file)->temporary);
    release(file);
}
