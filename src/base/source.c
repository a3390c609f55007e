/* Sources: see source.h. */
#include "base/source.h"

#include "base/error.h"
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_CELLS = 200 };

struct ql_source {
    int fd; /* -1: memory or a reader, or a file whose descriptor was given up */
    bool is_file;
    const uint8_t *bytes;           /* memory only */
    ql_map *map;                    /* NULL: the file is read */
    const ql_source_reader *reader; /* NULL: file or memory */
    void *context;
    const ql_source *parent; /* of a reader, may be NULL */
    uint64_t size;
    struct stat opened;          /* the file as it was */
    _Atomic uint64_t bytes_read; /* behind what threads only read */
    char *path;                  /* NULL: the parent's */
    char shown[];                /* nothing when it is the parent's: an archive may hold a million parts */
};

enum { SHOWN_SIZE = 4 * SHOWN_CELLS + 16 };

static ql_status make(const char *path, ql_source **out, ql_error *error)
{
    ql_source *source = calloc(1, sizeof *source + SHOWN_SIZE);
    char *copy = strdup(path);
    if (!source || !copy) {
        free(source);
        free(copy);
        return ql_fail_memory(error, sizeof *source + SHOWN_SIZE + strlen(path) + 1);
    }
    source->fd = -1;
    source->path = copy;
    ql_text_print(source->shown, SHOWN_SIZE, ql_text_from(path), SHOWN_CELLS);
    *out = source;
    return QL_OK;
}

/* What stands at the path, when it is no regular file. */
static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a named pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* O_NONBLOCK: a named pipe must not make us wait for a writer. */
enum { OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY };

static ql_status open_file(ql_source *source, int folder, const char *name, ql_error *error)
{
    source->is_file = true;
    source->fd = openat(folder, name, OPEN_FLAGS);
    if (source->fd < 0 || fstat(source->fd, &source->opened) != 0) {
        int reason = errno;
        return ql_fail(error, QL_BAD_FILE, "%s: cannot be opened (%s); check the path and its permissions", source->shown,
                       strerror(reason));
    }
    if (!S_ISREG(source->opened.st_mode)) {
        return ql_fail(error, QL_BAD_FILE, "%s: is %s, not a file; name a file that holds weights", source->shown,
                       kind_of(source->opened.st_mode));
    }
    source->size = (uint64_t)source->opened.st_size;
    source->map = ql_map_new(source->fd, source->size);
    return QL_OK;
}

ql_status ql_source_open(const char *path, ql_source **out, ql_error *error)
{
    ql_source *source = NULL;
    ql_status status = make(path, &source, error);
    if (status == QL_OK) {
        status = open_file(source, AT_FDCWD, path, error);
    }
    if (status != QL_OK) {
        ql_source_free(&source);
        return status;
    }
    *out = source;
    return QL_OK;
}

ql_status ql_source_open_in(int folder, const char *folder_path, const char *name, ql_source **out, ql_error *error)
{
    const size_t size = strlen(folder_path) + strlen(name) + 2;
    char *path = malloc(size);
    if (!path) {
        return ql_fail_memory(error, size);
    }
    snprintf(path, size, "%s/%s", folder_path, name);
    ql_source *source = NULL;
    ql_status status = make(path, &source, error);
    free(path);
    if (status == QL_OK) {
        status = open_file(source, folder, name, error);
    }
    if (status != QL_OK) {
        ql_source_free(&source);
        return status;
    }
    close(source->fd);
    source->fd = -1;
    *out = source;
    return QL_OK;
}

ql_status ql_source_from_memory(const char *name, const void *bytes, uint64_t size, ql_source **out, ql_error *error)
{
    ql_source *source = NULL;
    ql_status status = make(name, &source, error);
    if (status != QL_OK) {
        return status;
    }
    source->bytes = bytes;
    source->size = size;
    *out = source;
    return QL_OK;
}

static ql_status make_child(const ql_source *parent, ql_source **out, ql_error *error)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return ql_fail_memory(error, sizeof **out);
    }
    (*out)->fd = -1;
    (*out)->parent = parent;
    return QL_OK;
}

ql_status ql_source_from_reader(const char *name, uint64_t size, const ql_source *parent, const ql_source_reader *reader,
                                void *context, ql_source **out, ql_error *error)
{
    ql_source *source = NULL;
    ql_status status = parent ? make_child(parent, &source, error) : make(name, &source, error);
    if (status != QL_OK) {
        return status;
    }
    source->size = size;
    source->reader = reader;
    source->context = context;
    *out = source;
    return QL_OK;
}

void ql_source_free(ql_source **source)
{
    if (*source) {
        if ((*source)->reader && (*source)->reader->free) {
            (*source)->reader->free((*source)->context);
        }
        ql_map_free(&(*source)->map);
        if ((*source)->fd >= 0) {
            close((*source)->fd);
        }
        free((*source)->path);
        free(*source);
        *source = NULL;
    }
}

uint64_t ql_source_size(const ql_source *source)
{
    return source->size;
}

const char *ql_source_path(const ql_source *source)
{
    return source->parent ? ql_source_path(source->parent) : source->path;
}

const char *ql_source_shown(const ql_source *source)
{
    return source->parent ? ql_source_shown(source->parent) : source->shown;
}

static ql_status fail_cut(const ql_source *source, uint64_t offset, uint64_t size, ql_error *error)
{
    return ql_fail(error, QL_BAD_FILE,
                   "%s: the file ends before byte %" PRIu64 " + %" PRIu64 "; it was cut while it was read, open it again",
                   ql_source_shown(source), offset, size);
}

uint64_t ql_source_bytes_read(const ql_source *source)
{
    return atomic_load_explicit(&source->bytes_read, memory_order_relaxed);
}

static ql_status fail_changed(const ql_source *source, ql_error *error)
{
    return ql_fail(error, QL_BAD_FILE, "%s: the file was changed since it was opened; open it again", source->shown);
}

/* The descriptor to read from, which the caller closes when it is not source->fd; -1 with a message. */
static int borrow_descriptor(const ql_source *source, ql_error *error)
{
    if (source->fd >= 0) {
        return source->fd;
    }
    struct stat now;
    const int fd = open(source->path, OPEN_FLAGS);
    if (fd < 0 || fstat(fd, &now) != 0) {
        ql_fail(error, QL_BAD_FILE, "%s: cannot be opened again (%s)", source->shown, strerror(errno));
    } else if (!is_same_file(&now, &source->opened)) {
        fail_changed(source, error);
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static bool read_from(const ql_source *source, int fd, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = pread(fd, (char *)buffer + got, size - got, (off_t)(offset + got));
        if (n > 0) {
            got += (size_t)n;
        } else if (n == 0) {
            fail_cut(source, offset, size, error);
            return false;
        } else if (errno != EINTR) {
            ql_fail(error, QL_BAD_FILE, "%s: cannot be read at byte %" PRIu64 " (%s)", source->shown, offset + got,
                    strerror(errno));
            return false;
        }
    }
    return true;
}

static bool read_at(const ql_source *source, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    const int fd = borrow_descriptor(source, error);
    const bool good = fd >= 0 && read_from(source, fd, offset, size, buffer, error);
    if (fd >= 0 && fd != source->fd) {
        close(fd);
    }
    return good;
}

/* Checks the place, counts the bytes. */
static bool give(const ql_source *source, uint64_t offset, size_t size, ql_error *error)
{
    if (offset > source->size || size > source->size - offset) {
        fail_cut(source, offset, size, error);
        return false;
    }
    if (!source->reader) {
        /* Sources are const to their readers; none of them is in itself. */
        atomic_fetch_add_explicit(&((ql_source *)source)->bytes_read, size, memory_order_relaxed);
    }
    return true;
}

const void *ql_source_fetch(const ql_source *source, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    if (!give(source, offset, size, error)) {
        return NULL;
    }
    if (source->reader) {
        return source->reader->fetch(source->context, offset, size, buffer, error);
    }
    if (!source->bytes && !read_at(source, offset, size, buffer, error)) {
        return NULL;
    }
    return source->bytes ? source->bytes + offset : buffer;
}

const void *ql_source_view(const ql_source *source, uint64_t offset, size_t size, void *buffer, ql_error *error)
{
    if (source->reader && source->reader->view) {
        return give(source, offset, size, error) ? source->reader->view(source->context, offset, size, buffer, error) : NULL;
    }
    if (!source->map) {
        return ql_source_fetch(source, offset, size, buffer, error);
    }
    if (ql_map_is_broken(source->map)) {
        fail_cut(source, offset, size, error);
        return NULL;
    }
    return give(source, offset, size, error) ? ql_map_bytes(source->map) + offset : NULL;
}

const void *ql_source_in_memory(const ql_source *source, uint64_t offset, uint64_t size)
{
    if (offset > source->size || size > source->size - offset) {
        return NULL;
    }
    if (source->reader) {
        return source->reader->in_memory ? source->reader->in_memory(source->context, offset, size) : NULL;
    }
    const uint8_t *bytes = source->map ? ql_map_bytes(source->map) : source->bytes;
    return bytes ? bytes + offset : NULL;
}

ql_status ql_source_check(const ql_source *source, ql_error *error)
{
    struct stat now;
    if (source->parent) {
        return ql_source_check(source->parent, error);
    }
    if (!source->is_file) {
        return QL_OK;
    }
    if (source->map && ql_map_is_broken(source->map)) {
        return ql_fail(error, QL_BAD_FILE, "%s: the file was cut, or could not be read, while it was read; open it again",
                       source->shown);
    }
    if ((source->fd >= 0 ? fstat(source->fd, &now) : stat(source->path, &now)) != 0) {
        return ql_fail(error, QL_BAD_FILE, "%s: cannot be examined (%s)", source->shown, strerror(errno));
    }
    if (!is_same_file(&now, &source->opened)) {
        return fail_changed(source, error);
    }
    return QL_OK;
}

ql_status ql_source_check_after(const ql_source *source, ql_status status, ql_error *error)
{
    const bool is_of_values = status == QL_OK || status == QL_BAD_FILE || status == QL_UNUSABLE;
    const ql_status checked = is_of_values ? ql_source_check(source, error) : QL_OK;
    return checked != QL_OK ? checked : status;
}
