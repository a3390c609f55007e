/* Places below the XDG folders. */
#include "tui/xdg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE_LIMIT = 1 << 20 };

bool tui_xdg_place(const char *variable, const char *usual, const char *name, char out[PATH_MAX])
{
    const char *folder = getenv(variable), *home = getenv("HOME");
    int size = -1;
    if (folder && folder[0] == '/') /* the specification: a relative path is to be ignored */
        size = snprintf(out, PATH_MAX, "%s/qloupe/%s", folder, name);
    else if (home && home[0] == '/')
        size = snprintf(out, PATH_MAX, "%s/%s/qloupe/%s", home, usual, name);
    return size > 0 && size < PATH_MAX;
}

char *tui_xdg_read(const char *place, size_t *size)
{
    FILE *file = fopen(place, "re");
    char *bytes = file ? malloc(SIZE_LIMIT + 1) : NULL;
    if (bytes) {
        *size = fread(bytes, 1, SIZE_LIMIT + 1, file);
        const bool has_failed = ferror(file);
        if (has_failed || *size > SIZE_LIMIT) {
            free(bytes);
            bytes = NULL;
            errno = has_failed ? errno : EFBIG;
        } else {
            bytes[*size] = 0;
        }
    }
    if (file) {
        const int code = errno;
        fclose(file);
        errno = code;
    }
    return bytes;
}

void tui_xdg_make_folders(const char *place)
{
    char folder[PATH_MAX];
    for (const char *slash = strchr(place + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - place), place);
        mkdir(folder, 0700);
    }
}
