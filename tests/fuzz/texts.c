/* Targets that are texts: JSON, the index of a sharded model, specs, the description of raw numbers, names, patterns. */
#include "fuzz.h"

#include "base/source.h"
#include "formats/glob.h"
#include "formats/index.h"
#include "formats/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LONGEST = 4096 };

/* The input up to its first NUL; false when it is too long. */
static bool as_string(char out[LONGEST], const uint8_t *bytes, size_t size)
{
    if (size >= LONGEST)
        return false;
    memcpy(out, bytes, size);
    out[size] = 0;
    return true;
}

static char *copy_of(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    FUZZ_DEMAND(copy != NULL);
    memcpy(copy, bytes, size);
    return copy;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* Every token of it; passing over the whole value finds the same errors. */
static void run_json(const uint8_t *bytes, size_t size)
{
    char *text = copy_of(bytes, size), *again = copy_of(bytes, size);
    ql_json json, skipping;
    ql_json_start(&json, text, size);
    ql_json_token token;
    size_t tokens = 0;
    while ((token = ql_json_next(&json)) != QL_JSON_END && token != QL_JSON_ERROR) {
        uint64_t whole;
        FUZZ_DEMAND(++tokens <= size);
        FUZZ_DEMAND(strlen(ql_json_token_name(token)) > 0);
        if (token == QL_JSON_NUMBER)
            ql_json_u64(&json, &whole);
        if (token == QL_JSON_KEY || token == QL_JSON_STRING || token == QL_JSON_NUMBER)
            FUZZ_DEMAND(json.text.data >= text && json.text.data + json.text.size <= text + size);
    }
    FUZZ_DEMAND(json.token_at <= size);
    ql_json_start(&skipping, again, size);
    bool passed = ql_json_skip(&skipping, ql_json_next(&skipping)) && ql_json_next(&skipping) == QL_JSON_END;
    FUZZ_DEMAND(passed == (token == QL_JSON_END));
    if (token == QL_JSON_ERROR) {
        fuzz_check_printable(json.problem);
        FUZZ_DEMAND(ql_json_next(&json) == QL_JSON_ERROR);
        FUZZ_DEMAND(strcmp(json.problem, skipping.problem) == 0 && json.token_at == skipping.token_at);
    }
    free(text);
    free(again);
}

static bool header_of(const uint8_t *file, size_t file_size, const uint8_t **begin, size_t *size)
{
    uint64_t length = 0;
    if (file_size >= 8)
        memcpy(&length, file, 8);
    if (file_size < 8 || length > file_size - 8)
        return false;
    *begin = file + 8;
    *size = (size_t)length;
    return true;
}

static const char *const jsons[] = {
    "null", "true", "-1.5e+10", "[0,1,{}]", "\"\\u00e9\\ud83e\\udde0\\n\"", "{\"a\":{\"b\":[[]]}}", NULL
};
const fuzz_target fuzz_json = {
    .name = "json", .run = run_json, .files = ".safetensors", .piece = header_of, .texts = jsons
};

/* ---- The index of a sharded model -------------------------------------------------------------------------------- */

static void run_index(const uint8_t *bytes, size_t size)
{
    char *text = copy_of(bytes, size);
    ql_source *source = NULL;
    ql_index index;
    ql_error error = { 0 };
    FUZZ_DEMAND(ql_source_from_memory("model.index.json", bytes, size, &source, NULL) == QL_OK);
    ql_status status = ql_index_read(&index, source, text, size, &error);
    if (status != QL_OK)
        fuzz_check_failure(status, &error, QL_BAD_FILE, QL_BAD_FILE);
    const ql_index_entry *entries = index.entries.items;
    for (size_t i = 0; status == QL_OK && i < index.entries.count; i++) {
        const ql_text file = entries[i].file;
        FUZZ_DEMAND(file.size > 0 && file.size < 256 && !memchr(file.data, '/', file.size) &&
                    !memchr(file.data, 0, file.size));
        FUZZ_DEMAND(!(file.data[0] == '.' && (file.size == 1 || (file.size == 2 && file.data[1] == '.'))));
        ql_error refused = { 0 };
        index.error = &refused;
        fuzz_check_failure(ql_index_refuse_file(&index, &entries[i], "is not there; look elsewhere"), &refused, QL_BAD_FILE,
                           QL_BAD_FILE);
    }
    ql_index_free(&index);
    ql_source_free(&source);
    free(text);
}

static const char *const indexes[] = {
    "{\"metadata\":{\"total_size\":16},\"weight_map\":{\"w\":\"a.safetensors\",\"b\":\"b.safetensors\"}}", NULL
};
const fuzz_target fuzz_index = { .name = "index", .run = run_index, .files = ".json", .texts = indexes };

/* ---- Specs ------------------------------------------------------------------------------------------------------- */

/* What parses is written and parses back to the same, also after turns of its knobs. */
static void check_round_trip(const ql_spec *spec)
{
    char text[QL_SPEC_TEXT], text_again[QL_SPEC_TEXT], value[64];
    ql_spec again;
    ql_error error = { 0 };
    ql_spec_format(spec, text);
    fuzz_check_printable(text);
    FUZZ_DEMAND(ql_spec_parse(text, &again, &error) == QL_OK);
    ql_spec_format(&again, text_again);
    FUZZ_DEMAND(strcmp(text, text_again) == 0);
    for (ql_key key = 0; key < QL_KEY_COUNT; key++) {
        ql_spec_value(spec, key, value);
        FUZZ_DEMAND(ql_spec_takes(spec, key) || !*value);
        fuzz_check_printable(value);
    }
    FUZZ_DEMAND(ql_spec_bits_per_weight(spec, 64, 96) >= 0);
}

static void run_spec(const uint8_t *bytes, size_t size)
{
    char text[LONGEST];
    ql_spec spec;
    ql_error error = { 0 };
    if (!as_string(text, bytes, size))
        return;
    ql_status status = ql_spec_parse(text, &spec, &error);
    if (status != QL_OK) {
        fuzz_check_failure(status, &error, QL_BAD_USAGE, QL_BAD_USAGE);
        return;
    }
    check_round_trip(&spec);
    for (size_t i = 0; i < size && i < 8; i++)
        ql_spec_step(&spec, (ql_key)(bytes[i] % QL_KEY_COUNT), bytes[i] & 128 ? 1 : -1, NULL);
    if (spec.clip != QL_CLIP_MANUAL) /* its range comes from a profile */
        check_round_trip(&spec);
}

static const char *const specs[] = { "absmax",
                                     "absmax:bits=4,per=row,clip=percentile,p=99.9,round=stochastic,seed=7",
                                     "zeropoint:bits=3,zero=raw,lo=-1,hi=2,clip=manual",
                                     "nf4:block=64,double=1",
                                     "kmeans:bits=3,iterations=20",
                                     "codebook:file=levels.npy",
                                     "ternary:eps=1e-5",
                                     "fp8:scale=0",
                                     "absmax:per=tile,block=16x32,outliers=0.5%",
                                     "none",
                                     NULL };
const fuzz_target fuzz_spec = { .name = "spec", .run = run_spec, .texts = specs };

/* ---- Raw numbers ------------------------------------------------------------------------------------------------- */

/* Of a file of 4 KiB. */
static void run_raw(const uint8_t *bytes, size_t size)
{
    enum { FILE_SIZE = 4096 };
    static char path[64];
    if (!*path) {
        int fd = memfd_create("raw", 0);
        FUZZ_DEMAND(fd >= 0 && ftruncate(fd, FILE_SIZE) == 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    char text[LONGEST];
    ql_model *model = NULL;
    ql_error error = { 0 };
    if (!as_string(text, bytes, size))
        return;
    ql_status status = ql_model_open_raw(path, text, QL_LAYOUT_AUTO, &model, &error);
    if (status == QL_OK)
        fuzz_check_model(model, FILE_SIZE);
    else
        fuzz_check_failure(status, &error, QL_BAD_USAGE, QL_BAD_FILE);
    ql_model_free(&model);
}

static const char *const raws[] = {
    "F32:8x16", "F16:2x3x4:0x10", "Q4_0:4x32:128", "U8:4096", "BF16:1", "I64:18446744073709551615x2", "F4:3", NULL
};
const fuzz_target fuzz_raw = { .name = "raw", .run = run_raw, .texts = raws };

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* The first byte is the room for it and how many columns may be used. */
static void run_text(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return;
    const ql_text text = { .data = (const char *)bytes + 1, .size = size - 1 };
    const size_t room = bytes[0] % 64 + 1, cells = bytes[0] / 64 * 10, all = 12 * size + 16;
    char *whole = malloc(all), *cut = malloc(room);
    FUZZ_DEMAND(whole && cut);
    FUZZ_DEMAND(ql_text_print(whole, all, text, 0) <= all);
    fuzz_check_printable(whole);
    const size_t columns = ql_text_print(cut, room, text, cells);
    fuzz_check_printable(cut);
    FUZZ_DEMAND(strlen(cut) < room && (cells == 0 || columns <= (cells < 3 ? 3 : cells)));

    const size_t wanted = ql_text_json(whole, all, text);
    fuzz_check_printable(whole);
    FUZZ_DEMAND(wanted < all && strlen(whole) == wanted);
    for (const char *c = whole; *c; c++) {
        FUZZ_DEMAND(*c != '"');
        if (*c == '\\')
            FUZZ_DEMAND(*++c != 0);
    }
    FUZZ_DEMAND(ql_text_json(cut, room, text) == wanted);
    fuzz_check_printable(cut);
    FUZZ_DEMAND(strlen(cut) < room && strncmp(cut, whole, strlen(cut)) == 0);
    free(whole);
    free(cut);
}

static const char *const texts[] = { "?plain",
                                     "?\x1b]0;title\x07",
                                     "?\xc3\xa9\xe2\x80\xae\xf0\x9f\xa7\xa0",
                                     "?\xc2\x9b\xef\xbb\xbf\xff\xfe",
                                     "?\"\\\b\f\n\r\t/",
                                     NULL };
const fuzz_target fuzz_text = { .name = "text", .run = run_text, .texts = texts };

/* ---- Patterns ---------------------------------------------------------------------------------------------------- */

/* A pattern, a NUL, a name. */
static void run_glob(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, 0, size);
    char pattern[LONGEST];
    if (!end || !as_string(pattern, bytes, (size_t)(end - bytes)))
        return;
    const ql_text name = { .data = (const char *)end + 1, .size = size - (size_t)(end - bytes) - 1 };
    bool matches = ql_glob_matches(pattern, name);
    FUZZ_DEMAND(ql_glob_matches("*", name) && ql_glob_matches("**", name));
    if (!strpbrk(pattern, "*?["))
        FUZZ_DEMAND(matches == (strlen(pattern) == name.size && memcmp(pattern, name.data, name.size) == 0));
    if (matches && strlen(pattern) + 1 < LONGEST)
        FUZZ_DEMAND(ql_glob_matches(strcat(pattern, "*"), name));
}

static bool glob_of(const uint8_t *file, size_t file_size, const uint8_t **begin, size_t *size)
{
    static const char seeds[] = "model.*.[a-z0-9]?.[!x]eight*\0model.layers.0.q1.weight";
    (void)file, (void)file_size;
    *begin = (const uint8_t *)seeds;
    *size = sizeof seeds - 1;
    return true;
}

const fuzz_target fuzz_glob = { .name = "glob", .run = run_glob, .files = "st-scalars.safetensors", .piece = glob_of };
