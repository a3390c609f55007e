/*
 * The golden vectors (golden/README.md): unpacked, run by the golden runner, and compared here.
 *
 * $GOLDEN names the runner (default build/golden). The number of cases of every scheme is stated, so that a case which is
 * silently skipped, or lost from the archive, fails the test as well.
 */
#include "testing.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "npy.h"

static const char *const archives[] = { "golden", "more", "blocks" };
enum { ARCHIVES = sizeof archives / sizeof *archives };

/* How many cases of each scheme there are; all pass. */
static const struct expectation {
    const char *archive, *scheme;
    unsigned passes;
} expectations[] = {
    { "golden", "sym", 195 },   { "golden", "asym", 99 },   { "golden", "int4g", 10 },    { "golden", "nf4", 37 },
    { "golden", "nf4dq", 8 },   { "golden", "bnbfp4", 7 },  { "golden", "fp4", 13 },      { "golden", "mxfp4", 13 },
    { "golden", "nvfp4", 13 },  { "golden", "kmeans", 27 }, { "golden", "quantile", 24 }, { "golden", "ternary", 10 },
    { "golden", "split", 13 },  { "golden", "fmt", 9 },     { "golden", "fmtdec", 3 },    { "golden", "ggml", 5 },
    { "golden", "ggmldec", 5 }, { "golden", "act", 1 },     { "golden", "requant", 1 },   { "golden", "intlinear", 1 },
    { "golden", "llmint8", 4 }, { "more", "aciq", 30 },     { "more", "fp8", 40 },        { "more", "formats", 20 },
    { "more", "outliers", 83 }, { "more", "codebook", 20 }, { "more", "rounding", 66 },   { "more", "thresholds", 3 },
    { "blocks", "ggmldec", 20 },
};

enum verdict { MISSING, PASS, FAIL };

static char folder[2048], vectors[4096], results[4096]; /* the last two of the archive that is looked at */

/* Distance of two float32 values in representable steps; the two zeros are one. */
static int64_t float_steps(double a, double b)
{
    int64_t place[2];
    const double values[2] = { a, b };
    for (int i = 0; i < 2; i++) {
        float f = (float)values[i];
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        place[i] = bits >> 31 ? -(int64_t)(bits & 0x7fffffff) : (int64_t)bits;
    }
    return llabs(place[0] - place[1]);
}

/* True when every element is within `tolerance`, which is a word of index.tsv. */
static bool agrees(const npy *got, const npy *want, const char *tolerance)
{
    if (got->count != want->count)
        return false;
    double first = 0, second = 0;
    char kind[16] = "";
    sscanf(tolerance, "%15[a-z]:%lf:%lf", kind, &first, &second);
    size_t off = 0, allowed = 0;
    if (strcmp(kind, "mism") == 0)
        allowed = fmax(1, floor(first * (double)want->count));
    for (size_t i = 0; i < want->count; i++) {
        double g = got->values[i], w = want->values[i];
        if (g == w || (isnan(g) && isnan(w)))
            continue;
        if (strcmp(kind, "ulp") == 0 && (double)float_steps(g, w) <= first)
            continue;
        if (strcmp(kind, "close") == 0 && fabs(g - w) <= first * fmax(fabs(g), fabs(w)) + second)
            continue;
        if (strcmp(kind, "mism") != 0 || !(fabs(g - w) <= 1) || ++off > allowed)
            return false;
    }
    return true;
}

static enum verdict judge_field(const char *id, char *field)
{
    char name[512];
    char *tolerance = strchr(field, '=');
    assert_non_null(tolerance);
    *tolerance++ = 0;
    snprintf(name, sizeof name, "out/%s.%s.npy", id, field);
    npy want, got;
    assert_true(npy_read(testing_path(vectors, name), &want));
    enum verdict verdict = MISSING;
    if (access(testing_path(results, name + 4), F_OK) == 0)
        verdict = npy_read(testing_path(results, name + 4), &got) && agrees(&got, &want, tolerance) ? PASS : FAIL;
    if (verdict == FAIL)
        print_error("%s: %s is not within %s\n", id, field, tolerance);
    if (verdict != MISSING)
        npy_free(&got);
    npy_free(&want);
    return verdict;
}

/* An error is expected: some text in ID.error and no array. */
static enum verdict judge_refusal(const char *id)
{
    char name[512];
    snprintf(name, sizeof name, "%s.codes.npy", id);
    if (access(testing_path(results, name), F_OK) == 0)
        return FAIL;
    snprintf(name, sizeof name, "%s.error", id);
    if (access(testing_path(results, name), F_OK) != 0)
        return MISSING;
    size_t size;
    free(testing_read(testing_path(results, name), &size));
    return size > 1 ? PASS : FAIL;
}

static enum verdict judge_case(const char *id, char *fields)
{
    if (strcmp(fields, "ERROR") == 0)
        return judge_refusal(id);
    unsigned count[3] = { 0 };
    char *rest = NULL;
    for (char *field = strtok_r(fields, ",", &rest); field; field = strtok_r(NULL, ",", &rest))
        count[judge_field(id, field)]++;
    return count[FAIL] || (count[PASS] && count[MISSING]) ? FAIL : count[PASS] ? PASS : MISSING;
}

/* Judges every case of the scheme. */
static void judge_scheme(const char *scheme, unsigned count[3])
{
    char *index = testing_read(testing_path(vectors, "index.tsv"), NULL);
    char *lines = NULL;
    for (char *line = strtok_r(index, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
        char *rest = NULL, *words[5];
        for (int i = 0; i < 5; i++)
            words[i] = strtok_r(i == 0 ? line : NULL, "\t", &rest);
        if (words[4] && strcmp(words[1], scheme) == 0)
            count[judge_case(words[0], words[4])]++;
    }
    free(index);
}

static void look_at(const char *archive)
{
    snprintf(vectors, sizeof vectors, "%s/%s", folder, archive);
    snprintf(results, sizeof results, "%s/%s-results", folder, archive);
}

/* Ends with the exit code of the runner. */
static int run(const char *results_folder, unsigned threads)
{
    testing_result r = testing_run("${GOLDEN:-build/golden} '%s' '%s' %u", vectors, results_folder, threads);
    if (r.exit_code != 0)
        print_error("%s%s", r.standard_output, r.standard_error);
    const int status = r.exit_code;
    testing_result_free(&r);
    return status;
}

static int unpack_and_run(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", testing_folder());
    for (int i = 0; i < ARCHIVES; i++) {
        look_at(archives[i]);
        testing_result r =
            testing_run("mkdir '%s' && tar -C '%s' -xzf tests/golden/%s.tar.gz", vectors, vectors, archives[i]);
        const int status = r.exit_code ? r.exit_code : run(results, 2);
        testing_result_free(&r);
        if (status != 0)
            return status;
    }
    return 0;
}

/* Lines of index.tsv but the heading. */
static unsigned count_cases(void)
{
    char *index = testing_read(testing_path(vectors, "index.tsv"), NULL);
    unsigned lines = 0;
    for (const char *c = index; *c; c++)
        lines += *c == '\n';
    free(index);
    return lines - 1;
}

static void every_case_of_every_scheme_passes(void **state)
{
    (void)state;
    bool good = true;
    for (int a = 0; a < ARCHIVES; a++) {
        unsigned total = 0;
        look_at(archives[a]);
        for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
            unsigned count[3] = { 0 };
            if (strcmp(expectations[i].archive, archives[a]) != 0)
                continue;
            judge_scheme(expectations[i].scheme, count);
            if (count[PASS] != expectations[i].passes || count[FAIL] || count[MISSING]) {
                print_error("%s: %u pass, %u fail, %u missing\n", expectations[i].scheme, count[PASS], count[FAIL],
                            count[MISSING]);
                good = false;
            }
            total += count[PASS] + count[FAIL] + count[MISSING];
        }
        print_message("golden: %s: %u cases\n", archives[a], total);
        assert_int_equal(total, count_cases()); /* no scheme without a row above */
    }
    assert_true(good);
}

static void one_thread_gives_the_same_bytes_as_two(void **state)
{
    (void)state;
    for (int a = 0; a < ARCHIVES; a++) {
        char alone[4200];
        look_at(archives[a]);
        snprintf(alone, sizeof alone, "%s-1", results);
        assert_int_equal(run(alone, 1), 0);
        testing_result r = testing_run("diff -r '%s' '%s'", results, alone);
        assert_string_equal(r.standard_output, "");
        assert_int_equal(r.exit_code, 0);
        testing_result_free(&r);
    }
}

static void a_scheme_that_nobody_knows_leaves_no_file(void **state)
{
    (void)state;
    char path[4096];
    snprintf(path, sizeof path, "%s/unknown", folder);
    testing_result r = testing_run("mkdir '%s' && printf '1_x\\tnosuch\\tx:f32\\t-\\tcodes=exact\\n' >'%s/index.tsv' && "
                                   "${GOLDEN:-build/golden} '%s' '%s/results' && ls '%s/results'",
                                   path, path, path, path, path);
    assert_int_equal(r.exit_code, 0);
    assert_string_equal(r.standard_output, "golden: 0 cases done, 0 refused, 1 skipped (not in this build)\n");
    testing_result_free(&r);
}

static void no_temporary_folder_stays_behind(void **state)
{
    (void)state;
    for (int a = 0; a < ARCHIVES; a++) {
        look_at(archives[a]);
        DIR *entries = opendir(results);
        assert_non_null(entries);
        for (struct dirent *entry; (entry = readdir(entries));)
            assert_null(strstr(entry->d_name, ".tmp"));
        closedir(entries);
    }
}

/* Last: it spoils a result. */
static void one_wrong_code_is_noticed(void **state)
{
    (void)state;
    npy codes;
    look_at("golden");
    assert_true(npy_read(testing_path(results, "001_sym_seed002_weights.codes.npy"), &codes));
    assert_int_equal(codes.count, 6);
    const int8_t wrong[6] = { 4, -8, 6, 106, -127, 118 }; /* the last one is 119 */
    assert_true(
        npy_write(testing_path(results, "001_sym_seed002_weights.codes.npy"), "i1", 2, (uint64_t[]) { 2, 3 }, wrong));
    char field[] = "codes=exact", close[] = "codes=mism:0.001";
    print_message("golden: the next message is wanted\n");
    assert_int_equal(judge_field("001_sym_seed002_weights", field), FAIL);
    assert_int_equal(judge_field("001_sym_seed002_weights", close), PASS); /* one element by one step */
    npy_free(&codes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_every_scheme_passes),
        cmocka_unit_test(one_thread_gives_the_same_bytes_as_two),
        cmocka_unit_test(a_scheme_that_nobody_knows_leaves_no_file),
        cmocka_unit_test(no_temporary_folder_stays_behind),
        cmocka_unit_test(one_wrong_code_is_noticed),
    };
    return cmocka_run_group_tests(tests, unpack_and_run, NULL);
}
