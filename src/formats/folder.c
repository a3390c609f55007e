/*
 * What a folder holds: see folder.h. Names only; hidden files do not count, nor do the indexes of PyTorch's files
 * (pytorch_model.bin.index.json), which often stand beside the same model as safetensors.
 */
#include "formats/folder.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/formats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_CELLS = 200, SHOWN_SIZE = 4 * SHOWN_CELLS + 16, FORMATS_MOST = 32 };

/* The files of one kind. */
typedef struct kind {
    size_t count;
    char first[sizeof((struct dirent *)0)->d_name]; /* the least of their names */
    bool has_usual;                                 /* one has the name that such files mostly have */
} kind;

typedef struct contents {
    kind indexes, weights;
    size_t by_format[FORMATS_MOST]; /* weights, by the number of the format that has their extension */
} contents;

static const char usual_index[] = "model.safetensors.index.json", usual_weights[] = "model.safetensors";

static bool ends_in(const char *name, const char *ending)
{
    const size_t size = strlen(name), tail = strlen(ending);
    return size > tail && strcasecmp(name + size - tail, ending) == 0;
}

static void count_file(kind *of, const char *name, const char *usual)
{
    if (of->count++ == 0 || strcmp(name, of->first) < 0)
        snprintf(of->first, sizeof of->first, "%s", name);
    of->has_usual |= strcmp(name, usual) == 0;
}

/* The number of the format that has the extension of this name, FORMATS_MOST when there is none. */
static size_t format_named(const char *name)
{
    for (size_t i = 0; ql_format_at(i) && i < FORMATS_MOST; i++)
        if (ql_format_has_extension(ql_format_at(i), name))
            return i;
    return FORMATS_MOST;
}

static void count_entry(contents *in, int folder, const char *name)
{
    struct stat status;
    const size_t format = *name == '.' ? FORMATS_MOST : format_named(name);
    if (format == FORMATS_MOST || fstatat(folder, name, &status, 0) != 0 || !S_ISREG(status.st_mode))
        return;
    if (!ends_in(name, ".index.json")) {
        count_file(&in->weights, name, usual_weights);
        in->by_format[format]++;
    } else if (!ends_in(name, ".bin.index.json")) {
        count_file(&in->indexes, name, usual_index);
    }
}

static ql_status look_into(const char *path, const char *shown, contents *in, ql_error *error)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return ql_fail(error, QL_BAD_FILE, "%s: the folder cannot be opened (%s); check its permissions", shown,
                       strerror(errno));
    }
    for (struct dirent *entry; (entry = readdir(folder));)
        count_entry(in, dirfd(folder), entry->d_name);
    closedir(folder);
    return QL_OK;
}

/* "2 .safetensors, 1 .npy": by the first extension of each format. */
static const char *list_weights(const contents *in, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < FORMATS_MOST && used < size; i++) {
        const char *extensions = in->by_format[i] ? ql_format_at(i)->extensions : NULL;
        if (extensions)
            used += (size_t)snprintf(out + used, size - used, "%s%zu %.*s", used ? ", " : "", in->by_format[i],
                                     (int)strcspn(extensions, ", "), extensions);
    }
    return out;
}

/* There is more than one file, or none. */
static ql_status refuse(const contents *in, const char *shown, ql_error *error)
{
    char first[QL_NAME_BUFFER], list[200];
    const kind *of = in->indexes.count ? &in->indexes : &in->weights;
    ql_text_print(first, sizeof first, ql_text_from(of->first), QL_NAME_CELLS);
    if (in->indexes.count > 0) {
        return ql_fail(error, QL_BAD_FILE, "%s: is a folder with %zu indexes (.index.json); name one of them, such as %s",
                       shown, in->indexes.count, first);
    }
    if (in->weights.count > 0) {
        return ql_fail(error, QL_BAD_FILE, "%s: is a folder with %s files and no index; name one of them, such as %s", shown,
                       list_weights(in, list, sizeof list), first);
    }
    return ql_fail(error, QL_BAD_FILE,
                   "%s: is a folder, and no file in it is named like weights; name a file (`qloupe formats` lists the "
                   "endings)",
                   shown);
}

/* The file that is meant; NULL when none is. */
static const char *choose(const contents *in)
{
    if (in->indexes.has_usual)
        return usual_index;
    if (in->indexes.count > 0)
        return in->indexes.count == 1 ? in->indexes.first : NULL;
    if (in->weights.has_usual)
        return usual_weights;
    return in->weights.count == 1 ? in->weights.first : NULL;
}

ql_status ql_folder_choose(const char *path, char **out, ql_error *error)
{
    struct stat status;
    *out = NULL;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return QL_OK;
    char shown[SHOWN_SIZE];
    ql_text_print(shown, sizeof shown, ql_text_from(path), SHOWN_CELLS);
    contents in = { 0 };
    ql_status result = look_into(path, shown, &in, error);
    if (result != QL_OK)
        return result;
    const char *name = choose(&in);
    if (!name)
        return refuse(&in, shown, error);
    const size_t size = strlen(path) + strlen(name) + 2;
    *out = malloc(size);
    if (!*out)
        return ql_fail_memory(error, size);
    snprintf(*out, size, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", name);
    return QL_OK;
}
