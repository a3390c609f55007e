/*
 * The fuzz targets as one program.
 *
 *   fuzz-NAME [libFuzzer's options]   with libFuzzer (FUZZ_LIBFUZZER): the program's name chooses the target
 *   replay                            without: lists the targets
 *   replay NAME FILE...               runs a target over files and folders of them, as after a finding
 *   replay --all FILE...              runs every target over its seeds, which it takes from files of the corpora
 *   replay --seeds NAME FOLDER FILE...    writes these seeds of one target
 */
#include "fuzz.h"

#include <dirent.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fuzz_target *const targets[] = {
    &fuzz_safetensors, &fuzz_index,        &fuzz_json, &fuzz_gguf, &fuzz_npy, &fuzz_npz,  &fuzz_deflate, &fuzz_torch,
    &fuzz_pickle,      &fuzz_torch_legacy, &fuzz_any,  &fuzz_diff, &fuzz_raw, &fuzz_spec, &fuzz_text,    &fuzz_glob,
};

enum { TARGETS = sizeof targets / sizeof *targets };

static const fuzz_target *find_target(const char *name)
{
    for (size_t i = 0; i < TARGETS; i++)
        if (strcmp(targets[i]->name, name) == 0)
            return targets[i];
    fprintf(stderr, "fuzz: there is no target '%s'\n", name);
    exit(2);
}

static void begin(void)
{
    FUZZ_DEMAND(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
}

#ifdef FUZZ_LIBFUZZER

static const fuzz_target *chosen;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    const char *slash = strrchr(**argv, '/'), *name = slash ? slash + 1 : **argv;
    chosen = find_target(strncmp(name, "fuzz-", 5) == 0 ? name + 5 : name);
    begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    chosen->run(bytes, size);
    return 0;
}

#else

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t capacity = 0;
    *size = 0;
    do {
        capacity = 2 * capacity + 4096;
        bytes = realloc(bytes, capacity);
        FUZZ_DEMAND(bytes != NULL);
        *size += file ? fread(bytes + *size, 1, capacity - *size, file) : 0;
    } while (*size == capacity);
    if (file)
        fclose(file);
    return realloc(bytes, *size ? *size : 1); /* a sanitizer sees a read behind the end */
}

static bool has_one_of(const char *path, const char *words)
{
    char list[256];
    snprintf(list, sizeof list, "%s", words);
    for (char *word = strtok(list, " "); word; word = strtok(NULL, " "))
        if (strstr(path, word))
            return true;
    return !*words;
}

/* What a target takes of a file; false: nothing. */
static bool seed_of(const fuzz_target *target, const char *path, const uint8_t *file, size_t file_size, const uint8_t **seed,
                    size_t *size)
{
    if (!target->files || !has_one_of(path, target->files))
        return false;
    *seed = file;
    *size = file_size;
    return !target->piece || target->piece(file, file_size, seed, size);
}

static void write_seed(const char *folder, size_t number, const void *bytes, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/seed-%04zu", folder, number);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "fuzz: cannot write %s\n", path);
        exit(2);
    }
}

static int write_seeds(const fuzz_target *target, const char *folder, char *paths[], int count)
{
    size_t number = 0;
    for (size_t i = 0; target->texts && target->texts[i]; i++)
        write_seed(folder, number++, target->texts[i], strlen(target->texts[i]));
    for (int i = 0; i < count; i++) {
        size_t file_size, size;
        const uint8_t *seed;
        uint8_t *file = read_file(paths[i], &file_size);
        if (seed_of(target, paths[i], file, file_size, &seed, &size))
            write_seed(folder, number++, seed, size);
        free(file);
    }
    return 0;
}

/* Every target over its seeds. */
static int run_all(char *paths[], int count)
{
    size_t runs = 0;
    for (size_t t = 0; t < TARGETS; t++) {
        for (size_t i = 0; targets[t]->texts && targets[t]->texts[i]; i++, runs++)
            targets[t]->run((const uint8_t *)targets[t]->texts[i], strlen(targets[t]->texts[i]));
        for (int i = 0; i < count; i++) {
            size_t file_size, size;
            const uint8_t *seed;
            uint8_t *file = read_file(paths[i], &file_size);
            if (seed_of(targets[t], paths[i], file, file_size, &seed, &size)) {
                targets[t]->run(seed, size);
                runs++;
            }
            free(file);
        }
    }
    printf("replay: %zu passed, 0 failed\n", runs);
    return 0;
}

static void run_path(const fuzz_target *target, const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        size_t size;
        uint8_t *bytes = read_file(path, &size);
        target->run(bytes, size);
        free(bytes);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            run_path(target, inside);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    begin();
    if (argc < 2) {
        for (size_t i = 0; i < TARGETS; i++)
            puts(targets[i]->name);
        return 0;
    }
    if (strcmp(argv[1], "--all") == 0)
        return run_all(argv + 2, argc - 2);
    if (strcmp(argv[1], "--seeds") == 0 && argc > 3)
        return write_seeds(find_target(argv[2]), argv[3], argv + 4, argc - 4);
    for (int i = 2; i < argc; i++)
        run_path(find_target(argv[1]), argv[i]);
    return 0;
}

#endif
