/*
 * Files that are read through a map: the same results as without; a file that is cut or changed by others at any moment is
 * an error in words, and the program lives. The handler for SIGBUS is the program's own; each test sets it, because cmocka
 * sets its own before each.
 */
#include "text/maps.c"

#include "schemes.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static ql_engine *engine;
static uint64_t seed = 71;

static int start(void **state)
{
    (void)state;
    print_message("seed %d\n", (int)seed);
    return ql_engine_new(3, &engine, NULL) != QL_OK;
}

static int stop(void **state)
{
    (void)state;
    ql_engine_free(&engine);
    return 0;
}

static int without_maps(void **state)
{
    (void)state;
    ql_map_files(false);
    return ql_isa_use(NULL, NULL) != QL_OK;
}

/* ---- Files */

/* Where a test has its file and puts its exports: testing_path's are soon used again. */
typedef struct places {
    char path[300], out[300];
} places;

static places make_places(void)
{
    places p;
    const char *folder = testing_folder();
    snprintf(p.path, sizeof p.path, "%s/w.safetensors", folder);
    snprintf(p.out, sizeof p.out, "%s/out", folder);
    return p;
}

enum { ROWS = 1049, COLS = 1001, ELEMENTS = ROWS * COLS /* 4 MiB of float32, 17 chunks */ };

/* A safetensors file of one tensor "w" whose data begin at a multiple of 8 plus `shift`; returns where. */
static size_t write_file(const char *path, ql_dtype dtype, uint64_t rows, uint64_t cols, const void *data, size_t shift)
{
    const size_t size = rows * cols * (ql_dtype_describe(dtype)->bits / 8);
    char head[256];
    uint64_t length = (uint64_t)snprintf(
        head, sizeof head, "{\"w\":{\"dtype\":\"%s\",\"shape\":[%" PRIu64 ",%" PRIu64 "],\"data_offsets\":[0,%zu]}}",
        ql_dtype_describe(dtype)->name, rows, cols, size);
    while (length % 8 != shift)
        head[length++] = ' ';
    char *bytes = malloc(8 + length + size);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, head, length);
    memcpy(bytes + 8 + length, data, size);
    testing_write(path, bytes, 8 + length + size);
    free(bytes);
    return 8 + length;
}

static const float *random_values(void)
{
    static float x[ELEMENTS];
    if (x[0] == 0)
        for (size_t i = 0; i < ELEMENTS; i++)
            x[i] = (float)(random_normal(&seed) + 1e-6);
    return x;
}

static ql_model *open_model(const char *path, ql_layout layout)
{
    ql_model *model = NULL;
    ql_error error;
    must(ql_model_open(path, layout, &model, &error), &error);
    return model;
}

/* How many maps of the file this process has. */
static int count_maps(const char *path)
{
    char line[4200];
    int count = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, path) != NULL;
    fclose(file);
    return count;
}

/* How many names there are in a folder; -1: no folder. */
static int entries(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    if (!dir)
        return -1;
    for (struct dirent *e; (e = readdir(dir));)
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    assert_int_equal(rmdir(folder), 0);
}

static ql_spec parse(const char *text)
{
    ql_spec spec;
    ql_error error;
    must(ql_spec_parse(text, &spec, &error), &error);
    return spec;
}

/* ---- Work that is disturbed */

typedef enum way { CUT, CUT_IN_THE_MIDDLE, EMPTIED, WAYS } way;

typedef struct disturbance {
    const char *path;
    int left;                               /* ticks until it comes */
    int ticks;                              /* so far */
    void (*disturb)(const char *path, int); /* NULL: nothing */
    int how;
} disturbance;

static bool tick(void *context, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    disturbance *d = context;
    d->ticks++;
    if (d->left-- == 0 && d->disturb)
        d->disturb(d->path, d->how);
    return true;
}

/* Through another open of the file, as another program does. */
static void cut(const char *path, int how)
{
    struct stat status;
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    const off_t sizes[WAYS] = { [CUT] = 100, [CUT_IN_THE_MIDDLE] = status.st_size / 2 + 1, [EMPTIED] = 0 };
    assert_int_equal(ftruncate(fd, sizes[how]), 0);
    assert_int_equal(close(fd), 0);
}

typedef struct job {
    const char *name; /* of what is done: a spec, or: */
    bool profile, export;
} job;

static const job jobs[] = {
    { .name = "profile", .profile = true },
    { .name = "absmax" },
    { .name = "zeropoint:per=row" },
    { .name = "absmax:clip=percentile" },
    { .name = "absmax:clip=mse" },
    { .name = "nf4" },
    { .name = "absmax:per=block,block=64,clip=percentile" },
    { .name = "absmax:outliers=1%" },
    { .name = "absmax", .export = true },
    { .name = "zeropoint:per=row,clip=mse", .export = true },
};

/* Does the job on a model of the file, disturbed; what is there before it is made undisturbed. */
static ql_status disturbed(const job *j, const char *path, const char *folder, disturbance *d, ql_error *error)
{
    const ql_monitor monitor = { tick, d };
    ql_profile *profile = NULL;
    ql_report *report = NULL;
    ql_model *model = open_model(path, QL_LAYOUT_AUTO);
    assert_int_equal(count_maps(path), 1);
    const ql_tensor *tensor = ql_model_tensor(model, 0);
    ql_status status = ql_profile_make(engine, model, tensor, j->profile ? &monitor : NULL, &profile, error);
    if (!j->profile) {
        const ql_spec spec = parse(j->name);
        must(status, error);
        status = ql_report_make(engine, profile, &spec, j->export ? NULL : &monitor, &report, error);
    }
    if (j->export) {
        must(status, error);
        status = ql_report_write_npy(engine, profile, report, &monitor, folder, error);
    }
    if (status != QL_OK && !j->export)
        assert_null(j->profile ? (void *)profile : (void *)report);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
    assert_int_equal(count_maps(path), 0);
    return status;
}

static void expect_bad_file(const job *j, const char *path, const disturbance *d, ql_status status, const ql_error *error)
{
    if (status != QL_BAD_FILE || error->status != QL_BAD_FILE || !strstr(error->message, path) ||
        strchr(error->message, '\n'))
        fail_msg("%s%s, disturbed at tick %d: status %d, '%s'", j->export ? "export " : "", j->name, d->ticks, (int)status,
                 error->message);
}

static void a_file_that_is_cut_at_any_moment_is_an_error_that_names_it(void **state)
{
    (void)state;
    const places at = make_places();
    const char *path = at.path, *out = at.out;
    text_map_files();
    for (size_t i = 0; i < COUNT(jobs); i++) {
        write_file(path, QL_F32, ROWS, COLS, random_values(), 0);
        disturbance d = { .path = path };
        ql_error error = { 0 };
        must(disturbed(&jobs[i], path, out, &d, &error), &error);
        const int ticks = d.ticks, moments[] = { 0, ticks / 3, ticks - 2, ticks - 1 };
        assert_true(ticks >= 2);
        if (jobs[i].export) {
            assert_true(entries(out) > 0);
            remove_folder(out);
        }
        for (size_t m = 0; m < COUNT(moments); m++) {
            d = (disturbance) { .path = path, .left = moments[m], .disturb = cut, .how = (int)(m % WAYS) };
            error = (ql_error) { 0 };
            write_file(path, QL_F32, ROWS, COLS, random_values(), 0);
            expect_bad_file(&jobs[i], path, &d, disturbed(&jobs[i], path, out, &d, &error), &error);
            assert_int_equal(entries(out), -1); /* nothing is half written */
        }
    }
}

static void an_export_into_a_folder_that_is_there_leaves_it_as_it_was(void **state)
{
    (void)state;
    const places at = make_places();
    const char *path = at.path, *out = at.out;
    const job export = { .name = "absmax", .export = true };
    const char *codes = testing_path(out, "codes.npy");
    text_map_files();
    assert_int_equal(mkdir(out, 0700), 0);
    testing_write(codes, "mine", 4);
    write_file(path, QL_F32, ROWS, COLS, random_values(), 0);
    disturbance d = { .path = path, .left = 37, .disturb = cut };
    ql_error error = { 0 };
    expect_bad_file(&export, path, &d, disturbed(&export, path, out, &d, &error), &error);
    size_t size;
    char *left = testing_read(codes, &size);
    assert_int_equal(entries(out), 1);
    assert_string_equal(left, "mine");
    free(left);
}

/* ---- Rewritten in place: same size, other values, another time */

static const struct {
    const char *what;
    uint32_t bits; /* of every value; 0: random ones */
} contents[] = { { "NaN", 0xFFFFFFFF }, { "infinity", 0x7F800000 }, { "the largest", 0xFF7FFFFF }, { "anything", 0 } };

static void rewrite(const char *path, int how)
{
    struct stat status;
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    const size_t size = (size_t)status.st_size;
    uint32_t *words = malloc(size);
    for (size_t i = 0; i < size / 4; i++)
        words[i] = contents[how].bits ? contents[how].bits : (uint32_t)random_bits(&seed);
    assert_true(pwrite(fd, words, size / 4 * 4, 0) > 0);
    free(words);
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { 1000000000, 1 } };
    assert_int_equal(futimens(fd, times), 0); /* the clock of a file system may be too slow to tell */
    assert_int_equal(close(fd), 0);
}

static void a_file_that_is_rewritten_in_place_is_noticed(void **state)
{
    (void)state;
    const places at = make_places();
    const char *path = at.path, *out = at.out;
    text_map_files();
    for (size_t i = 0; i < COUNT(jobs); i++) {
        for (size_t turn = 0; turn < 2; turn++) {
            const size_t how = (i + turn * 2) % COUNT(contents);
            disturbance d = { .path = path, .left = (int)turn * 11, .disturb = rewrite, .how = (int)how };
            ql_error error = { 0 };
            write_file(path, QL_F32, ROWS, COLS, random_values(), 0);
            expect_bad_file(&jobs[i], path, &d, disturbed(&jobs[i], path, out, &d, &error), &error);
            assert_int_equal(entries(out), -1);
        }
    }
}

/* A report of a tensor whose values turn to something else after one of its first chunks. */
static void disturb_report(const ql_spec *spec, const char *path, int how)
{
    disturbance d = { .path = path, .left = (int)random_below(&seed, 6), .disturb = rewrite, .how = how };
    const ql_monitor monitor = { tick, &d };
    ql_profile *profile = NULL;
    ql_report *report = NULL;
    ql_error error = { 0 };
    write_file(path, QL_F32, 150, 1009, random_values(), 0); /* three chunks */
    ql_model *model = open_model(path, QL_LAYOUT_AUTO);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    const ql_status status = ql_report_make(engine, profile, spec, &monitor, &report, &error);
    if (status != (d.left < 0 ? QL_BAD_FILE : QL_OK) || (status != QL_OK && (report || !strstr(error.message, path))))
        fail_msg("%s, %s: status %d, '%s'", text_of(spec), contents[how].what, (int)status, error.message);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

/* Codes, bins and bytes of values that no kernel expects stay inside their tables: the sanitizers say so. */
static void values_that_turn_to_anything_do_no_harm_to_any_scheme(void **state)
{
    (void)state;
    const places at = make_places();
    const char *path = at.path;
    size_t turn = 0, isas = 0;
    ql_isa_info isa;
    text_map_files();
    while (ql_isa_at(isas, &isa))
        isas++;
    for (size_t m = 0; m < ql_mapping_count(); m++) {
        for (size_t k = 0; k < COUNT(settings); k++) {
            ql_spec spec;
            if (!make_spec(ql_mapping_at(m), &settings[k], NULL, &spec) || turn++ % PAIRS_OF != 0)
                continue;
            assert_true(ql_isa_at(random_below(&seed, isas), &isa));
            must(ql_isa_use(isa.runs_here ? isa.name : NULL, NULL), NULL);
            disturb_report(&spec, path, (int)random_below(&seed, COUNT(contents)));
        }
    }
}

/* What counts them relies on it. */
static void codes_of_values_that_no_profile_saw_stay_in_their_range(void **state)
{
    (void)state;
    enum { N = 53 * 77 };
    static float garbage[N];
    static ql_tile_buffers buffers;
    static const struct shape shape = { 2, { 53, 77 } };
    subject s;
    ql_isa_info isa;
    subject_make(&s, engine, BELL, QL_F32, QL_LAYOUT_OUT_IN, &shape, seed);
    for (size_t i = 0; ql_isa_at(i, &isa); i++) {
        if (!isa.runs_here)
            continue;
        must(ql_isa_use(isa.name, NULL), NULL);
        for (size_t m = 0; m < ql_mapping_count(); m++) {
            for (size_t k = 0; k < COUNT(settings); k++) {
                ql_spec spec;
                ql_quantizer q;
                ql_error error;
                if (!make_spec(ql_mapping_at(m), &settings[k], NULL, &spec))
                    continue;
                must(ql_quantizer_make(engine, s.profile, &spec, NULL, 0, &q, &error), &error);
                for (size_t how = 0; how < COUNT(contents); how++) {
                    uint64_t clipped = 0;
                    for (int j = 0; j < N; j++) {
                        const uint32_t bits = contents[how].bits ? contents[how].bits : (uint32_t)random_bits(&seed);
                        memcpy(&garbage[j], &bits, 4);
                    }
                    ql_quantize_values(&q, ql_kernels_active(), 0, garbage, N, &buffers, &clipped);
                    for (int j = 0; j < N && q.code_hi > q.code_lo; j++) {
                        if ((uint16_t)(buffers.codes[j] - q.code_lo) > q.code_hi - q.code_lo)
                            fail_msg("%s, %s, %s: the code of %a is %d", isa.name, text_of(&spec), contents[how].what,
                                     (double)garbage[j], buffers.codes[j]);
                    }
                }
                ql_quantizer_free(&q);
            }
        }
    }
    subject_free(&s);
}

/* ---- The same as without */

typedef struct results {
    ql_stats stats;
    ql_histogram original, dequantized, error;
    double range[4], metrics[QL_METRIC_COUNT], rows, scales,
        counts; /* the last three: sums over the arrays, weighted by place */
    size_t size[3];
    char *files[3]; /* exported */
} results;

static void measure(const char *path, ql_layout layout, const char *spec_text, const char *out, results *r)
{
    static const char *const names[] = { "codes.npy", "dequant.npy", "scales.npy" };
    const ql_spec spec = parse(spec_text);
    ql_profile *profile = NULL;
    ql_report *report = NULL;
    ql_error error;
    ql_model *model = open_model(path, layout);
    memset(r, 0, sizeof *r);
    must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
    must(ql_report_make(engine, profile, &spec, NULL, &report, &error), &error);
    must(ql_report_write_npy(engine, profile, report, NULL, out, &error), &error);
    r->stats = profile->stats;
    r->original = profile->original;
    r->range[0] = profile->x_min;
    r->range[1] = profile->x_max;
    r->range[2] = profile->x_square_sum;
    r->range[3] = profile->second_abs;
    memcpy(r->metrics, report->metrics, sizeof r->metrics);
    r->dequantized = report->dequantized;
    r->error = report->error;
    for (uint64_t i = 0; i < report->row_count; i++)
        r->rows += report->row_mse[i] * (double)(i + 1);
    for (uint64_t i = 0; i < report->group_count; i++)
        r->scales += (double)report->scales[i] * (double)(i + 1);
    for (int i = 0; i <= report->code_hi - report->code_lo; i++)
        r->counts += (double)report->code_counts[i] * (i + 1);
    for (int i = 0; i < 3; i++)
        r->files[i] = testing_read(testing_path(out, names[i]), &r->size[i]);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
}

/* Values that a type can hold, as it stores them; rows x cols of them. */
static void *stored_values(ql_dtype dtype, size_t n)
{
    const size_t size = ql_dtype_describe(dtype)->bits / 8;
    uint8_t *bytes = malloc(n * size);
    for (size_t i = 0; i < n; i++) {
        float x = (float)random_normal(&seed);
        const double wide = 1e-3 + (double)x * 1.000000001;
        const int8_t small = (int8_t)(20 * x);
        void *half = dtype == QL_F16 || dtype == QL_BF16 ? stored_as(dtype, &x, 1) : NULL;
        memcpy(bytes + i * size,
               dtype == QL_F64  ? (const void *)&wide
               : dtype == QL_I8 ? (const void *)&small
               : half           ? half
                                : &x,
               size);
        free(half);
    }
    return bytes;
}

/* Also where the values lie at odd addresses. */
static void results_are_the_same_bytes_as_without_maps(void **state)
{
    (void)state;
    static const ql_dtype types[] = { QL_F32, QL_F16, QL_BF16, QL_F64, QL_I8 };
    static const char *const specs[] = { "absmax", "zeropoint:per=col,bits=4,clip=percentile", "nf4" };
    static const ql_layout both[] = { QL_LAYOUT_OUT_IN, QL_LAYOUT_IN_OUT };
    const places at = make_places();
    const char *path = at.path, *out = at.out;
    const uint64_t rows = 211, cols = 619;
    for (size_t t = 0; t < COUNT(types); t++) {
        void *data = stored_values(types[t], rows * cols);
        for (size_t shift = 0; shift < 8; shift += shift < 3 ? 1 : 2) {
            const size_t s = (t + shift) % COUNT(specs), layout = shift % 2;
            static results with, without;
            assert_int_equal(write_file(path, types[t], rows, cols, data, shift) % 8, shift);
            ql_map_files(false);
            measure(path, both[layout], specs[s], out, &without);
            text_map_files();
            measure(path, both[layout], specs[s], out, &with);
            for (int i = 0; i < 3; i++) {
                assert_int_equal(with.size[i], without.size[i]);
                assert_memory_equal(with.files[i], without.files[i], with.size[i]);
                free(with.files[i]);
                free(without.files[i]);
                with.files[i] = without.files[i] = NULL;
            }
            if (memcmp(&with, &without, sizeof with) != 0)
                fail_msg("%s, shifted by %zu, %s: not the same", ql_dtype_describe(types[t])->name, shift, specs[s]);
        }
        free(data);
    }
}

/* Column by column in the file: put in order by reading. */
static void a_fortran_array_is_the_same_as_without_maps(void **state)
{
    (void)state;
    enum { A = 97, B = 331 };
    const char *path = testing_path(testing_folder(), "w.npy");
    char *bytes;
    size_t size;
    double sums[2];
    assert_true(npy_write(path, "f4", 2, (uint64_t[]) { A, B }, random_values()));
    bytes = testing_read(path, &size);
    char *order = strstr(bytes + 10, "'fortran_order': False");
    assert_non_null(order);
    memcpy(order, "'fortran_order': True ", 22);
    testing_write(path, bytes, size);
    free(bytes);
    for (int maps = 0; maps < 2; maps++) {
        ql_profile *profile = NULL;
        ql_error error;
        ql_map_files(false);
        if (maps)
            text_map_files();
        ql_model *model = open_model(path, QL_LAYOUT_OUT_IN);
        must(ql_profile_make(engine, model, ql_model_tensor(model, 0), NULL, &profile, &error), &error);
        sums[maps] = profile->stats.sum;
        ql_profile_free(&profile);
        ql_model_free(&model);
    }
    assert_true(sums[0] == sums[1] && sums[0] != 0);
}

/* ---- Maps themselves */

/* The first 256 are mapped, the others are read; a place that is free again is used again. */
static void more_files_than_there_are_maps_can_be_read(void **state)
{
    (void)state;
    enum { FILES = 300, MAPS = 256, N = 100 };
    static ql_model *models[FILES];
    const places at = make_places();
    const char *path = at.path;
    write_file(path, QL_F32, 1, N, random_values(), 0);
    text_map_files();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FILES; i++)
            models[i] = open_model(path, QL_LAYOUT_AUTO);
        assert_int_equal(count_maps(path), MAPS);
        for (int i = 0; i < FILES; i++) {
            float values[N];
            unsigned char scratch[(N + 2) * 5];
            ql_error error;
            must(ql_tensor_read_f32(ql_model_tensor(models[i], 0), 0, N, values, scratch, &error), &error);
            assert_memory_equal(values, random_values(), sizeof values);
            if (i % 7 == 3)
                ql_model_free(&models[i]);
        }
        ql_model *again = open_model(path, QL_LAYOUT_AUTO);
        assert_true(count_maps(path) < MAPS);
        ql_model_free(&again);
        for (int i = 0; i < FILES; i++)
            ql_model_free(&models[i]);
        assert_int_equal(count_maps(path), 0);
    }
}

static void nothing_is_mapped_unless_the_program_asks(void **state)
{
    (void)state;
    const places at = make_places();
    const char *path = at.path;
    write_file(path, QL_F32, 1, 100, random_values(), 0);
    ql_map_files(false);
    ql_model *model = open_model(path, QL_LAYOUT_AUTO);
    assert_int_equal(count_maps(path), 0);
    ql_model_free(&model);
}

static void only_faults_inside_of_a_map_are_absorbed(void **state)
{
    (void)state;
    const places at = make_places();
    const char *path = at.path;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ql_source *source;
    ql_error error = { 0 };
    int here = 0;
    text_map_files();
    assert_false(ql_fault_absorb(NULL));
    const size_t size = write_file(path, QL_F32, 100, 1000, random_values(), 0) + 400000;
    must(ql_source_open(path, &source, &error), &error);
    const char *bytes = ql_source_view(source, 0, size, NULL, &error);
    assert_non_null(bytes);
    assert_memory_equal(bytes + size - 4000, (const char *)random_values() + 400000 - 4000, 4000);
    const void *const outside[] = { NULL, &here, &engine, bytes - 1, bytes + size, (void *)UINTPTR_MAX };
    for (size_t i = 0; i < COUNT(outside); i++)
        assert_false(ql_fault_absorb(outside[i]));
    must(ql_source_check(source, &error), &error);
    assert_memory_equal(ql_source_view(source, size - 4000, 4000, NULL, &error),
                        (const char *)random_values() + 400000 - 4000, 4000);

    /* The page is zeros from here on; the others are not; nothing more is given. */
    assert_true(ql_fault_absorb(bytes + 2 * page + 5));
    for (size_t i = 0; i < page; i++)
        assert_int_equal(bytes[2 * page + i], 0);
    assert_memory_equal(bytes + size - 4000, (const char *)random_values() + 400000 - 4000, 4000);
    assert_null(ql_source_view(source, 0, 8, NULL, &error));
    assert_non_null(strstr(error.message, path));
    error = (ql_error) { 0 };
    assert_int_equal(ql_source_check(source, &error), QL_BAD_FILE);
    assert_non_null(strstr(error.message, path));
    ql_source_free(&source);
    assert_false(ql_fault_absorb(bytes + 2 * page + 5));

    must(ql_source_open(path, &source, &error), &error); /* the next file in its place is whole */
    assert_non_null(ql_source_view(source, 0, size, NULL, &error));
    must(ql_source_check(source, &error), &error);
    ql_source_free(&source);
}

/* Of a map that is none of ours, and one that somebody sent. */
static void another_bus_error_ends_the_program_as_without_the_handler(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "other");
    for (int sent = 0; sent < 2; sent++) {
        testing_write(path, random_values(), 40000);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const int fd = open(path, O_RDWR);
            text_map_files();
            const volatile char *bytes = mmap(NULL, 40000, PROT_READ, MAP_SHARED, fd, 0);
            if (sent)
                kill(getpid(), SIGBUS);
            else if (bytes != MAP_FAILED && ftruncate(fd, 0) == 0)
                (void)bytes[30000];
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_file_that_is_cut_at_any_moment_is_an_error_that_names_it, without_maps),
        cmocka_unit_test_teardown(an_export_into_a_folder_that_is_there_leaves_it_as_it_was, without_maps),
        cmocka_unit_test_teardown(a_file_that_is_rewritten_in_place_is_noticed, without_maps),
        cmocka_unit_test_teardown(values_that_turn_to_anything_do_no_harm_to_any_scheme, without_maps),
        cmocka_unit_test_teardown(codes_of_values_that_no_profile_saw_stay_in_their_range, without_maps),
        cmocka_unit_test_teardown(results_are_the_same_bytes_as_without_maps, without_maps),
        cmocka_unit_test_teardown(a_fortran_array_is_the_same_as_without_maps, without_maps),
        cmocka_unit_test_teardown(more_files_than_there_are_maps_can_be_read, without_maps),
        cmocka_unit_test_teardown(nothing_is_mapped_unless_the_program_asks, without_maps),
        cmocka_unit_test_teardown(only_faults_inside_of_a_map_are_absorbed, without_maps),
        cmocka_unit_test_teardown(another_bus_error_ends_the_program_as_without_the_handler, without_maps),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
