/* The folder that a round of the monkey works in. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monkey.h"

static bool copy(const char *from, const char *to)
{
    char bytes[65536];
    const int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = in >= 0 && out >= 0;
    for (ssize_t got; good && (got = read(in, bytes, sizeof bytes)) > 0;)
        good = write(out, bytes, (size_t)got) == got;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return good;
}

/* Copies `count` files of a corpus, any of them. */
static void copy_some(const char *corpus, size_t count)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct dirent **entries;
    const int all = scandir(corpus, &entries, NULL, alphasort);
    if (all <= 0)
        monkey_give_up("no folder %s: to be run in the project root", corpus);
    for (size_t i = 0; i < count; i++) {
        const char *name = entries[monkey_below((uint64_t)all)]->d_name;
        struct stat info;
        snprintf(from, sizeof from, "%s/%s", corpus, name);
        snprintf(to, sizeof to, "%s/work/files/%s", monkey.folder, name);
        if (stat(from, &info) == 0 && S_ISREG(info.st_mode) && copy(from, to))
            snprintf(monkey.files[monkey.file_count++], sizeof monkey.files[0], "%s", name);
    }
    for (int i = 0; i < all; i++)
        free(entries[i]);
    free(entries);
}

void monkey_make_folder(void)
{
    static const char *const folders[] = { "home", "state", "config", "cache", "temporary", "work", "work/files" };
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(monkey.folder, sizeof monkey.folder, "%s/qloupe-monkey-XXXXXX", base);
    if (!mkdtemp(monkey.folder))
        monkey_give_up("no folder: %s", strerror(errno));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        mkdir(monkey_path(folders[i]), 0700);
    monkey.file_count = 0;
    if (!copy("data/storyteller.safetensors", monkey_path("work/" MONKEY_DEMO)) ||
        !copy("data/loud.npy", monkey_path("work/files/loud.npy")))
        monkey_give_up("no demo model: to be run in the project root");
    copy_some("tests/formats/good", 10);
    copy_some("tests/formats/bad", 10);
    copy_some("tests/formats/real", 5);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

/* Only what was made is there: no key wrote beside the folder it works in. */
void monkey_remove_folder(void)
{
    static const char *const right[] = { ".", "..", "home", "state", "config", "cache", "temporary", "work", "errors" };
    DIR *entries = opendir(monkey.folder);
    for (const struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        bool is_right = false;
        for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
            is_right = is_right || strcmp(right[i], entry->d_name) == 0;
        if (!is_right)
            monkey_give_up("%s was written beside the folder that the program runs in", entry->d_name);
    }
    closedir(entries);
    nftw(monkey.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
