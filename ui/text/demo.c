/* Where the demo model is: see demo.h. */
#include "text/demo.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef QLOUPE_DATADIR
#define QLOUPE_DATADIR "/usr/local/share/qloupe"
#endif

#define DEMO_FILE   "storyteller.safetensors"
#define DEMO_INPUTS "inputs"

/* Relative to the folder of the program. */
static const char *const BESIDE_PROGRAM[] = { "../data", "../share/qloupe" };

/* The folder of the running program, without a slash at the end; false where the system does not say. */
static bool find_program_folder(char *out, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", out, size - 1);
    if (length <= 0)
        return false;
    out[length] = '\0';
    char *slash = strrchr(out, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

/* Copies a path that can be read, without "..", and without the current folder in front. */
static bool accept(const char *path, char *out, size_t size)
{
    if (access(path, R_OK) != 0)
        return false;
    char *whole = realpath(path, NULL);
    char folder[PATH_MAX];
    const char *shown = whole ? whole : path;
    size_t length = getcwd(folder, sizeof folder) ? strlen(folder) : 0;
    if (length > 1 && strncmp(shown, folder, length) == 0 && shown[length] == '/')
        shown += length + 1;
    bool fits = (size_t)snprintf(out, size, "%s", shown) < size;
    free(whole);
    return fits;
}

bool text_demo_path(char *out, size_t size)
{
    char folder[PATH_MAX], path[PATH_MAX + 64];
    if (find_program_folder(folder, sizeof folder)) {
        for (size_t i = 0; i < sizeof BESIDE_PROGRAM / sizeof BESIDE_PROGRAM[0]; i++) {
            snprintf(path, sizeof path, "%s/%s/" DEMO_FILE, folder, BESIDE_PROGRAM[i]);
            if (accept(path, out, size))
                return true;
        }
    }
    if (accept(QLOUPE_DATADIR "/" DEMO_FILE, out, size))
        return true;
    snprintf(out, size, "%s", QLOUPE_DATADIR "/" DEMO_FILE);
    return false;
}

bool text_demo_inputs(const char *demo_path, char *out, size_t size)
{
    const char *slash = strrchr(demo_path, '/');
    const int folder = slash ? (int)(slash - demo_path) + 1 : 0;
    return (size_t)snprintf(out, size, "%.*s" DEMO_INPUTS, folder, demo_path) < size && access(out, R_OK | X_OK) == 0;
}
