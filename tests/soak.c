/*
 * soak SECONDS [SEED]: looks for what no fixed test thinks of, under the sanitizers (`make soak`).
 *
 *   damage   a good weight file with random damage either opens, and then every tensor is measured, or is refused in one
 * printable line spec     random values under a random spec: the text of the spec parses back, and the report is the same
 * bits for 1 and 3 threads
 *
 * Every round prints nothing; a failure prints its seed, which repeats it alone: soak 0 SEED.
 */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "npy.h"
#include "qloupe.h"
#include "random.h"

enum { FILE_MAX = 1 << 20, VALUES_MAX = 70000 };

static uint64_t seed, state, opened, refused;
static char folder[] = "/dev/shm/qloupe-soak-XXXXXX", path[64];
static ql_engine *engines[2]; /* of 1 and of 3 threads */

static uint64_t next(void)
{
    return random_next(&state);
}

static uint64_t below(uint64_t limit)
{
    return random_below(&state, limit);
}

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "soak: %s: %s\nsoak: the input is kept in %s; to repeat: soak 0 %llu\n", what, detail, path,
            (unsigned long long)seed);
    exit(1);
}

/* ---- Damage ---------------------------------------------------------------------------------------------------- */

static size_t damage(uint8_t *bytes, size_t size)
{
    static const uint64_t awkward[] = { 0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX, (uint64_t)1 << 62 };
    static const char signs[] = "{}[]\",:0123456789-eE.+\\u \n\t'()<>|=FINB";
    size_t place = below(3) ? below(size) : size - 1 - below(size / 4 + 1), header = size < 400 ? size : 400;
    switch (below(7)) {
    case 0:
        bytes[place] ^= (uint8_t)(1 << below(8));
        break;
    case 1:
        bytes[below(header)] = (uint8_t)next();
        break;
    case 2:
        bytes[below(header)] = (uint8_t)signs[below(sizeof signs - 1)];
        break;
    case 3:
        if (size >= 8) {
            uint64_t value = awkward[below(sizeof awkward / sizeof *awkward)];
            memcpy(bytes + below((below(2) ? size : 16) - 7) % (size - 7), &value, 8);
        }
        break;
    case 4:
        return below(size) + 1;
    case 5: { /* a piece twice */
        size_t length = below(32) + 1;
        if (place + length <= size && size + length <= FILE_MAX) {
            memmove(bytes + place + length, bytes + place, size - place);
            return size + length;
        }
        break;
    }
    default: { /* a piece less */
        size_t length = below(32) + 1;
        if (place + length < size) {
            memmove(bytes + place, bytes + place + length, size - place - length);
            return size - length;
        }
    }
    }
    return size;
}

/* A message is one line that a terminal may see. */
static void check_message(ql_status status, const ql_error *error)
{
    if (status != error->status || !*error->message)
        give_up("a refusal without its message", error->message);
    for (const char *c = error->message; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            give_up("a message with control characters", error->message);
}

static ql_report *measure(ql_engine *engine, const ql_model *model, const ql_tensor *tensor, const ql_spec *spec)
{
    ql_profile *profile = NULL;
    ql_report *report = NULL;
    ql_error error = { 0 };
    ql_status status = ql_profile_make(engine, model, tensor, NULL, &profile, &error);
    if (status == QL_OK)
        status = ql_report_make(engine, profile, spec, NULL, &report, &error);
    if (status != QL_OK)
        check_message(status, &error);
    if (status != QL_OK && status != QL_UNUSABLE && status != QL_BAD_USAGE && status != QL_BAD_FILE) /* a CRC-32, say */
        give_up("a tensor of an open file", error.message);
    ql_why why;
    if (report && ql_why_make(engine, profile, report, NULL, &why, &error) != QL_OK)
        give_up("why", error.message);
    ql_profile_free(&profile);
    return report;
}

static void damage_round(const glob_t *files)
{
    static uint8_t bytes[FILE_MAX + 64];
    FILE *file = fopen(files->gl_pathv[below(files->gl_pathc)], "rb");
    size_t size = file ? fread(bytes, 1, FILE_MAX, file) : 0;
    if (file)
        fclose(file);
    for (uint64_t times = below(2) ? 1 : below(6) + 1; times > 0 && size > 0; times--)
        size = damage(bytes, size);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        give_up("cannot write", path);

    ql_model *model = NULL;
    ql_error error = { 0 };
    ql_status status = ql_model_open(path, QL_LAYOUT_AUTO, &model, &error);
    if (status != QL_OK) {
        check_message(status, &error);
        refused++;
        return;
    }
    opened++;
    ql_spec spec;
    ql_spec_parse("zeropoint:bits=4,per=row", &spec, NULL);
    for (size_t i = 0; i < ql_model_tensor_count(model); i++) {
        ql_report *report = measure(engines[0], model, ql_model_tensor(model, i), &spec);
        ql_report_free(&report);
    }
    ql_model_free(&model);
}

/* ---- Specs ----------------------------------------------------------------------------------------------------- */

static float value(unsigned kind)
{
    double uniform = (double)(next() >> 11) * 0x1p-53 - 0.5;
    switch (kind) {
    case 0:
        return (float)uniform;
    case 1:
        return (float)(ldexp(uniform, (int)below(256) - 128)); /* all magnitudes, subnormals too */
    case 2:
        return (float)((double)below(511) - 255) * 0.5f; /* ties */
    case 3:
        return below(1000) ? (float)uniform : (float)uniform * 1e4f; /* outliers */
    default:
        return below(3) ? 0.0f : -0.25f;
    }
}

static void spec_round(void)
{
    static float values[VALUES_MAX];
    const uint64_t shape[2] = { below(40) + 1, below(VALUES_MAX / 40) + 1 };
    unsigned kind = (unsigned)below(5);
    for (uint64_t i = 0; i < shape[0] * shape[1]; i++)
        values[i] = value(kind);
    if (!npy_write(path, "f4", 2, shape, values))
        give_up("cannot write", path);

    ql_error error = { 0 };
    ql_model *model = NULL;
    if (ql_model_open(path, below(2) ? QL_LAYOUT_IN_OUT : QL_LAYOUT_OUT_IN, &model, &error) != QL_OK)
        give_up("a good file", error.message);
    ql_spec spec, again;
    ql_spec_parse("absmax", &spec, NULL);
    ql_spec_change_mapping(&spec, ql_mapping_at(below(ql_mapping_count())));
    for (uint64_t steps = below(30); steps > 0; steps--)
        ql_spec_step(&spec, (ql_key)below(QL_KEY_COUNT), below(2) ? 1 : -1, NULL);
    char text[QL_SPEC_TEXT], text_again[QL_SPEC_TEXT];
    ql_spec_format(&spec, text);
    if (ql_spec_parse(text, &again, &error) == QL_OK) {
        ql_spec_format(&again, text_again);
        if (strcmp(text, text_again) != 0)
            give_up("a spec that changes when it is read back", text);
        ql_report *reports[2];
        for (int i = 0; i < 2; i++)
            reports[i] = measure(engines[i], model, ql_model_tensor(model, 0), &again);
        if (!reports[0] != !reports[1] ||
            (reports[0] && (memcmp(reports[0]->metrics, reports[1]->metrics, sizeof reports[0]->metrics) != 0 ||
                            memcmp(&reports[0]->stats, &reports[1]->stats, sizeof reports[0]->stats) != 0 ||
                            memcmp(reports[0]->error.bins, reports[1]->error.bins, sizeof reports[0]->error.bins) != 0)))
            give_up("1 and 3 threads differ", text);
        ql_report_free(&reports[0]);
        ql_report_free(&reports[1]);
    } else if (spec.clip != QL_CLIP_MANUAL && !ql_spec_takes(&spec, QL_KEY_FILE)) { /* no range without a profile, no file */
        give_up(text, error.message);
    }
    ql_model_free(&model);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 600;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)now.tv_sec * 1000000;
    glob_t files;
    if (glob("tests/formats/good/*.*", 0, NULL, &files) != 0 || !mkdtemp(folder)) {
        fprintf(stderr, "soak: needs tests/formats/good and /dev/shm\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/file", folder);
    if (ql_engine_new(1, &engines[0], NULL) != QL_OK || ql_engine_new(3, &engines[1], NULL) != QL_OK)
        return 2;

    clock_gettime(CLOCK_MONOTONIC, &now);
    double start = (double)now.tv_sec, passed = 0;
    uint64_t rounds = 0;
    do {
        state = random_begin(seed);
        if (seed % 8)
            damage_round(&files);
        else
            spec_round();
        rounds++;
        seed++;
        clock_gettime(CLOCK_MONOTONIC, &now);
        passed = (double)now.tv_sec - start;
    } while (passed < seconds);
    printf("soak: %llu rounds in %.0f s up to seed %llu: %llu damaged files opened, %llu refused; nothing found\n",
           (unsigned long long)rounds, passed, (unsigned long long)(seed - 1), (unsigned long long)opened,
           (unsigned long long)refused);
    unlink(path);
    rmdir(folder);
    globfree(&files);
    ql_engine_free(&engines[0]);
    ql_engine_free(&engines[1]);
    return 0;
}
