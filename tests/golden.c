/*
 * golden GOLDEN_DIR RESULTS_DIR [THREADS]: runs the cases of GOLDEN_DIR/index.tsv that this build knows (golden/README.md).
 *
 * A case becomes a spec by two tables: which mapping a scheme is, and which key a parameter is; or it gives its spec
 * itself. So a new mapping is a row here and nothing else. A scheme that is no mapping goes to golden_more.c. A case that
 * neither knows is skipped and leaves no file.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden.h"
#include "npy.h"
#include "qloupe.h"

/* The first row whose scheme and parameter ("key=value", NULL: any) are the case's gives the mapping. */
static const struct {
    const char *scheme, *with, *mapping;
} schemes[] = {
    { "sym", "bits=1", "binary" },  { "sym", NULL, "absmax" },    { "asym", NULL, "zeropoint" },
    { "int4g", NULL, "int4g" },     { "nf4", NULL, "nf4" },       { "nf4dq", NULL, "nf4" },
    { "bnbfp4", NULL, "bnbfp4" },   { "fp4", NULL, "fp4" },       { "mxfp4", NULL, "mxfp4" },
    { "nvfp4", NULL, "nvfp4" },     { "kmeans", NULL, "kmeans" }, { "quantile", NULL, "quantile" },
    { "ternary", NULL, "ternary" }, { "split", NULL, "absmax" },
};

/* The first row that fits turns "key=value" into "key=" and what follows `value`; a comma in that becomes `comma`. An
   empty spec: the mapping has it fixed. */
static const struct {
    const char *mapping; /* NULL: any */
    const char *key, *value;
    const char *spec, *comma;
} parameters[] = {
    { NULL, "gran", "group:", "per=block,block=", "" },
    { NULL, "gran", "flat:", "per=flat,block=", "" },
    { NULL, "gran", "tile:", "per=tile,block=", "" },
    { NULL, "gran", "", "per=", "" },
    { "binary", "clip", "", "", "" },
    { "binary", "range", "", "", "" },
    { "binary", "bits", "", "", "" },
    { NULL, "clip", "pct:", "clip=percentile,p=", ":" },
    { "absmax", "clip", "manual:", "clip=manual,abs=", "" },
    { "zeropoint", "clip", "manual:", "clip=manual,lo=", ",hi=" },
    { NULL, "clip", "absmax", "clip=minmax", "" },
    { NULL, "clip", "", "clip=", "" },
    { NULL, "bits", "", "bits=", "" },
    { NULL, "range", "", "range=", "" },
    { NULL, "zero", "", "zero=", "" },
    { "mxfp4", "block", "", "", "" },
    { "nvfp4", "block", "", "", "" },
    { NULL, "block", "", "block=", "" },
    { NULL, "group", "", "block=", "" },
    { "nf4", "layout", "row", "per=block", "" },
    { NULL, "eps", "", "eps=", "" },
    { NULL, "outliers", "pct:", "outliers=", "" }, /* and a percent sign: add_parameter */
    { NULL, "outliers", "thr:", "outliers=", "" },
};

/* What ql_report_write_npy calls a file, and the field of the golden vectors; the first row that fits the scheme. */
static const struct {
    const char *scheme, *file, *field;
} fields[] = {
    { NULL, "codes.npy", "codes" },
    { NULL, "dequant.npy", "deq" },
    { "nf4dq", "block_maxima.npy", "absmax" },
    { "nf4dq", "scale_codes.npy", "absmax_q" },
    { "nf4dq", "second_scales.npy", "absmax2" },
    { "nf4dq", "tensor_scale.npy", "offset" },
    { "nf4dq", "scales.npy", "absmax_deq" },
    { "nf4", "scales.npy", "absmax" },
    { "bnbfp4", "scales.npy", "absmax" },
    { "mxfp4", "scale_codes.npy", "scales" },
    { "nvfp4", "scale_codes.npy", "scales" },
    { "mxfp4", "scales.npy", NULL }, /* the same as a number */
    { "nvfp4", "scales.npy", NULL },
    { "mxfp4", "tensor_scale.npy", NULL },
    { "nvfp4", "tensor_scale.npy", "tscale" },
    { NULL, "scales.npy", "scales" },
    { NULL, "zeros.npy", "zps" },
    { NULL, "codebook.npy", "codebook" },
    { NULL, "edges.npy", "edges" },
    { NULL, "outlier_index.npy", "out_idx" },
    { NULL, "outlier_value.npy", "out_val" },
};

#define ROWS(table) (sizeof(table) / sizeof *(table))

text join(const char *format, ...)
{
    text t;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(t.text, sizeof t.text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof t.text) {
        fprintf(stderr, "golden: name too long: %s\n", t.text);
        exit(2);
    }
    return t;
}

static void append(char *out, size_t size, const char *piece)
{
    size_t at = strlen(out);
    snprintf(out + at, size - at, "%s", piece);
}

/* Appends ",key=value" for one parameter; false when no row knows it. */
static bool add_parameter(const char *mapping, const char *key, const char *value, char *spec, size_t size)
{
    for (size_t i = 0; i < ROWS(parameters); i++) {
        size_t prefix = strlen(parameters[i].value);
        if (strcmp(key, parameters[i].key) != 0 || strncmp(value, parameters[i].value, prefix) != 0 ||
            (parameters[i].mapping && strcmp(mapping, parameters[i].mapping) != 0))
            continue;
        if (!*parameters[i].spec)
            return true;
        append(spec, size, strchr(spec, ':') ? "," : ":");
        append(spec, size, parameters[i].spec);
        for (const char *c = value + prefix; *c; c++)
            append(spec, size, *c == ',' ? parameters[i].comma : (char[2]) { *c, 0 });
        if (strcmp(parameters[i].value, "pct:") == 0 && strcmp(key, "outliers") == 0)
            append(spec, size, "%");
        return true;
    }
    return false;
}

/* The mapping of a case, NULL when it is none of ours. */
static const char *find_mapping(const char *scheme, const char *params)
{
    text list = join(";%s;", params);
    for (size_t i = 0; i < ROWS(schemes); i++)
        if (strcmp(scheme, schemes[i].scheme) == 0 &&
            (!schemes[i].with || strstr(list.text, join(";%s;", schemes[i].with).text)))
            return schemes[i].mapping;
    return NULL;
}

/* "spec=SPEC" or "spec=SPEC;file=NAME": the spec, with an input as its file. */
static bool find_given_spec(const golden *g, const char *params, ql_spec *out)
{
    const char *spec = params + strlen("spec="), *file = strstr(spec, ";file=");
    if (!file)
        return ql_spec_parse(spec, out, NULL) == QL_OK;
    text whole = join("%.*s,file=%s/in/%s.npy", (int)(file - spec), spec, g->vectors, file + strlen(";file="));
    return ql_spec_parse(whole.text, out, NULL) == QL_OK;
}

/* "sym" and "bits=4;gran=row" to absmax:bits=4,per=row; false when this build does not know all of it. Changes `params`. */
static bool find_spec(const golden *g, const char *scheme, char *params, ql_spec *out)
{
    if (strncmp(params, "spec=", 5) == 0)
        return find_given_spec(g, params, out);
    char spec[256] = "";
    const char *mapping = find_mapping(scheme, params);
    if (!mapping)
        return false;
    append(spec, sizeof spec, mapping);
    if (strcmp(scheme, "nf4dq") == 0)
        append(spec, sizeof spec, ":double=1");
    char *rest = NULL;
    for (char *p = strtok_r(params, ";", &rest); p; p = strtok_r(NULL, ";", &rest)) {
        char *value = strchr(p, '=');
        if (!value)
            continue; /* "-": no parameters */
        *value++ = 0;
        if (!add_parameter(mapping, p, value, spec, sizeof spec))
            return false;
    }
    return ql_spec_parse(spec, out, NULL) == QL_OK;
}

static bool write_metrics(const ql_report *report, const char *path)
{
    enum { COUNT = QL_WORST_ROW_MSE + 2 };
    double values[COUNT];
    memcpy(values, report->metrics, (COUNT - 1) * sizeof *values); /* the same order */
    values[COUNT - 1] = report->bits_per_weight;
    return npy_write(path, "f8", 1, (uint64_t[]) { COUNT }, values);
}

/* Moves the files of an export to where the vectors have them; others go. */
static void move_results(const golden *g, const char *id, const char *scheme, const char *folder)
{
    for (size_t i = 0; i < ROWS(fields); i++) {
        text from = join("%s/%s", folder, fields[i].file);
        if (fields[i].scheme && strcmp(fields[i].scheme, scheme) != 0)
            continue;
        int failed = fields[i].field ? rename(from.text, join("%s/%s.%s.npy", g->results, id, fields[i].field).text)
                                     : unlink(from.text);
        if (failed && errno != ENOENT) {
            perror(from.text);
            exit(2);
        }
    }
}

static ql_status run(const golden *g, const char *id, const char *scheme, const char *input, const char *dtype,
                     const ql_spec *spec, ql_error *error)
{
    ql_model *model = NULL;
    ql_profile *profile = NULL;
    ql_report *report = NULL;
    text folder = join("%s/%s.tmp", g->results, id);
    ql_status status = ql_model_open(join("%s/in/%s.npy", g->vectors, input).text, QL_LAYOUT_AUTO, &model, error);
    if (status != QL_OK)
        goto cleanup;
    ql_tensor tensor = *ql_model_tensor(model, 0);
    if (strcmp(dtype, "bf16") == 0)
        tensor.dtype = QL_BF16; /* .npy has no such type: stored as uint16 */
    status = ql_profile_make(g->engine, model, &tensor, NULL, &profile, error);
    if (status == QL_OK)
        status = ql_report_make(g->engine, profile, spec, NULL, &report, error);
    if (status == QL_OK)
        status = ql_report_write_npy(g->engine, profile, report, NULL, folder.text, error);
    if (status != QL_OK)
        goto cleanup;
    move_results(g, id, scheme, folder.text);
    if (strcmp(scheme, "split") == 0 && report->spec.outliers == 0) { /* outliers=0%: a split into nothing and all */
        npy_write(join("%s/%s.out_idx.npy", g->results, id).text, "u8", 1, (uint64_t[]) { 0 }, "");
        npy_write(join("%s/%s.out_val.npy", g->results, id).text, "f2", 1, (uint64_t[]) { 0 }, "");
    }
    if (!write_metrics(report, join("%s/%s.metrics.npy", g->results, id).text)) {
        fprintf(stderr, "golden: %s: cannot write the metrics\n", id);
        exit(2);
    }
cleanup:
    rmdir(folder.text);
    ql_report_free(&report);
    ql_profile_free(&profile);
    ql_model_free(&model);
    return status;
}

/* What an earlier run may have left: the fields that the case should have, and those that any case can. */
static void remove_results(const golden *g, const char *id, const char *names)
{
    for (size_t i = 0; i < ROWS(fields); i++)
        if (fields[i].field)
            unlink(join("%s/%s.%s.npy", g->results, id, fields[i].field).text);
    unlink(join("%s/%s.metrics.npy", g->results, id).text);
    unlink(join("%s/%s.error", g->results, id).text);
    for (const char *name = names; *name; name += strcspn(name, ","), name += *name == ',')
        unlink(join("%s/%s.%.*s.npy", g->results, id, (int)strcspn(name, "=,"), name).text);
}

static void write_refusal(const golden *g, const char *id, const char *message)
{
    FILE *file = fopen(join("%s/%s.error", g->results, id).text, "w");
    if (!file || fprintf(file, "%s\n", message) < 0 || fclose(file) != 0) {
        perror(id);
        exit(2);
    }
}

/* id <TAB> scheme <TAB> input:dtype[,...] <TAB> parameters <TAB> fields */
static void run_line(golden *g, char *line)
{
    char *rest = NULL;
    char *id = strtok_r(line, "\t\n", &rest), *scheme = strtok_r(NULL, "\t\n", &rest);
    char *input = strtok_r(NULL, "\t\n", &rest), *params = strtok_r(NULL, "\t\n", &rest),
         *names = strtok_r(NULL, "\t\n", &rest);
    if (!names || *id == '#')
        return;
    remove_results(g, id, names);
    ql_error error = { 0 };
    ql_status status;
    if (!golden_more(g, id, scheme, input, params, &status, &error)) {
        char *dtype = strchr(input, ':');
        ql_spec spec;
        if (!dtype || !find_spec(g, scheme, params, &spec)) {
            g->skipped++;
            return;
        }
        *dtype++ = 0;
        status = run(g, id, scheme, input, dtype, &spec, &error);
    }
    if (status == QL_OK) {
        g->done++;
        return;
    }
    g->refused++;
    write_refusal(g, id, error.message);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: golden GOLDEN_DIR RESULTS_DIR [THREADS]\n");
        return 2;
    }
    const unsigned threads = argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0; /* 0: one per core */
    golden g = { .vectors = argv[1], .results = argv[2] };
    text path = join("%s/index.tsv", g.vectors);
    FILE *index = fopen(path.text, "r");
    if (!index || (mkdir(g.results, 0777) != 0 && errno != EEXIST)) {
        perror(index ? g.results : path.text);
        return 2;
    }
    ql_error error;
    if (ql_engine_new(threads, &g.engine, &error) != QL_OK) {
        fprintf(stderr, "golden: %s\n", error.message);
        return 2;
    }
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, index) > 0)
        run_line(&g, line);
    free(line);
    fclose(index);
    ql_engine_free(&g.engine);
    printf("golden: %u cases done, %u refused, %u skipped (not in this build)\n", g.done, g.refused, g.skipped);
    return 0;
}
