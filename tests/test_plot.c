/* Figures and pictures of screens: what is in the files, and that nothing odd breaks them. */
#include "testing.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <png.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "plot/axis.h"
#include "plot/panel.h"
#include "plot/screen.h"
#include "qloupe.h"

static const char *const endings[] = { "png", "svg", "pdf", "jpg", "jpeg", "bmp", "tga" };
enum { ENDING_COUNT = sizeof endings / sizeof endings[0], LEVELS = 15, COUNT = 100000 };

static const ql_figure_options options = {
    .kind = "histogram",
    .command = "qloupe plot model.safetensors -t h.0 -s absmax:bits=4 -o figure.png",
    .tensor = "h.0.attn.c_attn.weight",
    .file = "model.safetensors",
};

/* ---- Reports --------------------------------------------------------------------------------------------- */

/* A bell of values in [-1, 1] on a grid of 15 levels, with numbers that have many digits. */
static ql_report *make_report(void)
{
    static float step = 1.0f / 7;
    ql_report *r = calloc(1, sizeof *r);
    assert_non_null(r);
    strcpy(r->spec_text, "absmax:bits=4");
    for (unsigned i = 0; i < QL_METRIC_COUNT; i++)
        r->metrics[i] = sqrt(i + 2.0) * pow(10, -(double)i);
    r->metrics[QL_LEVELS_USED] = LEVELS;
    r->bits_per_weight = 4 + 32.0 / COUNT;
    r->byte_count = COUNT / 2 + 4;
    r->stats.count = COUNT;
    r->original.lo = r->dequantized.lo = -1;
    r->original.hi = r->dequantized.hi = 1;
    r->error.lo = -0.51 * step;
    r->error.hi = 0.51 * step;
    for (unsigned i = 0; i < QL_BINS; i++) {
        double x = (i - 255.5) / 100;
        r->original.bins[i] = (uint64_t)(900 * exp(-x * x));
        r->error.bins[i] = 190 + i % 7;
    }
    r->code_lo = -7;
    r->code_hi = 7;
    r->levels = r->grid_count = LEVELS;
    for (unsigned i = 0; i < LEVELS; i++) {
        r->grid[i] = ((int)i - 7) * (double)step;
        r->grid_counts[i] = i == 1 ? 0 : 100 * (8 - (uint64_t)abs((int)i - 7));
        r->dequantized.bins[(unsigned)((r->grid[i] + 1) / 2.001 * QL_BINS)] = r->grid_counts[i];
    }
    r->code_counts = r->grid_counts;
    r->clip_lo = -1;
    r->clip_hi = 1;
    r->group_count = 1;
    r->scales = &step;
    r->scale_min = r->scale_max = step;
    return r;
}

static void fill_metrics(ql_report *r, double value)
{
    for (unsigned i = 0; i < QL_METRIC_COUNT; i++)
        r->metrics[i] = value;
}

static void set_range(ql_report *r, double lo, double hi)
{
    r->original.lo = r->dequantized.lo = r->clip_lo = lo;
    r->original.hi = r->dequantized.hi = r->clip_hi = hi;
}

static void be_all_zeros(ql_report *r)
{
    set_range(r, 0, 0);
    memset(r->original.bins, 0, sizeof r->original.bins);
    r->original.bins[0] = COUNT;
    r->dequantized = r->original;
    fill_metrics(r, 0);
    r->metrics[QL_SQNR_DB] = INFINITY;
    r->metrics[QL_RMSE_OVER_STD] = NAN;
}

static void be_one_element(ql_report *r)
{
    be_all_zeros(r);
    set_range(r, 3.25, 3.25);
    r->original.bins[0] = r->dequantized.bins[0] = r->stats.count = 1;
    memset(r->grid_counts, 0, sizeof r->grid_counts);
    r->grid_counts[14] = 1;
    r->grid[14] = 3.25;
}

static void be_empty_histograms(ql_report *r)
{
    memset(&r->original, 0, sizeof r->original);
    memset(&r->dequantized, 0, sizeof r->dequantized);
    memset(&r->error, 0, sizeof r->error);
    memset(r->grid_counts, 0, sizeof r->grid_counts);
}

static void be_undefined(ql_report *r)
{
    fill_metrics(r, NAN);
    set_range(r, NAN, NAN);
    r->error.lo = r->error.hi = r->bits_per_weight = NAN;
    r->scale_min = r->scale_max = NAN;
    r->grid[0] = NAN;
}

static void be_infinite(ql_report *r)
{
    fill_metrics(r, -INFINITY);
    set_range(r, -INFINITY, INFINITY);
    r->error.lo = -INFINITY;
    r->error.hi = r->bits_per_weight = INFINITY;
    r->scale_max = INFINITY;
}

static void be_huge(ql_report *r)
{
    set_range(r, -3.4028234663852886e38, 3.4028234663852886e38);
    r->scale_min = r->scale_max = 3e37f;
    r->error.lo = -1.5e37;
    r->error.hi = 1.5e37;
    r->original.bins[0] = r->original.bins[511] = UINT64_MAX;
    fill_metrics(r, 1.7976931348623157e308);
}

static void be_denormal(ql_report *r)
{
    set_range(r, 0, 1.401298464324817e-45);
    r->scale_min = r->scale_max = 1.4e-45f;
    r->error.lo = -7e-46;
    r->error.hi = 7e-46;
    fill_metrics(r, 4.9e-324);
}

static void be_far_from_zero(ql_report *r)
{
    set_range(r, 16777216, 16777218);
    r->clip_lo = 0;
    r->grid_count = 0;
    r->group_count = 123456789;
    r->dequantized.below = r->dequantized.above = r->error.below = r->error.above = UINT64_MAX;
}

static void be_clipped_to_a_point(ql_report *r)
{
    r->clip_lo = r->clip_hi = 0.25;
    for (unsigned i = 0; i < LEVELS; i++)
        r->grid[i] = 1e6 * ((int)i - 7);
}

static void be_a_comb_of_two_hundred_and_fifty_six_teeth(ql_report *r)
{
    r->grid_count = 0;
    r->group_count = 2;
    for (unsigned i = 0; i < QL_BINS; i++)
        r->dequantized.bins[i] = i % 2 ? 5 : 0;
}

static void (*const oddities[])(ql_report *r) = {
    be_all_zeros, be_one_element, be_empty_histograms, be_undefined,          be_infinite,
    be_huge,      be_denormal,    be_far_from_zero,    be_clipped_to_a_point, be_a_comb_of_two_hundred_and_fifty_six_teeth,
};
enum { ODDITY_COUNT = sizeof oddities / sizeof oddities[0] };

/* ---- Reading what was written ---------------------------------------------------------------------------- */

static const char *figure_path(const char *folder, const char *ending)
{
    char name[32];
    snprintf(name, sizeof name, "figure.%s", ending);
    return testing_path(folder, name);
}

static void write_figure(const ql_report *report, const char *path)
{
    ql_error error = { .message = "" };
    if (ql_figure_write(report, &options, path, &error) != QL_OK)
        fail_msg("%s", error.message);
}

typedef struct picture {
    png_image image;
    uint8_t *pixels; /* [height][width][3] */
} picture;

static picture read_picture(const char *path)
{
    picture p = { .image = { .version = PNG_IMAGE_VERSION } };
    assert_true(png_image_begin_read_from_file(&p.image, path));
    p.image.format = PNG_FORMAT_RGB;
    p.pixels = malloc(PNG_IMAGE_SIZE(p.image));
    assert_true(png_image_finish_read(&p.image, NULL, p.pixels, 0, NULL));
    return p;
}

static uint32_t pixel(const picture *p, unsigned x, unsigned y)
{
    const uint8_t *at = p->pixels + 3 * ((size_t)y * p->image.width + x);
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

/* A text chunk of a PNG as a malloced string; NULL when there is none. A damaged file ends the program (libpng aborts). */
static char *read_text(const char *path, const char *keyword)
{
    char *found = NULL;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_read_info(png, info);
    png_textp texts;
    int count = png_get_text(png, info, &texts, NULL);
    for (int i = 0; i < count; i++)
        if (strcmp(texts[i].key, keyword) == 0)
            found = strdup(texts[i].text);
    assert_false(png_get_valid(png, info, PNG_INFO_tIME));
    png_destroy_read_struct(&png, &info, NULL);
    fclose(file);
    return found;
}

static void assert_text(const char *path, const char *keyword, const char *expected)
{
    char *text = read_text(path, keyword);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_number(const char *path, const char *keyword, double expected)
{
    char *text = read_text(path, keyword);
    assert_non_null(text);
    char *end;
    assert_close(strtod(text, &end), expected, 0, 0);
    assert_int_equal(*end, '\0');
    free(text);
}

static unsigned entry_count(const char *folder)
{
    unsigned count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

/* ---- Figures --------------------------------------------------------------------------------------------- */

static void png_carries_the_command_the_spec_and_every_metric_in_full(void **state)
{
    (void)state;
    ql_report *report = make_report();
    report->metrics[QL_SQNR_DB] = INFINITY;
    report->metrics[QL_COSINE] = NAN;
    report->metrics[QL_KL_HIST] = -INFINITY;
    const char *path = figure_path(testing_folder(), "png");
    write_figure(report, path);
    assert_text(path, "Software", "qloupe " QL_VERSION);
    assert_text(path, "Command", options.command);
    assert_text(path, "Spec", report->spec_text);
    assert_text(path, "Tensor", options.tensor);
    assert_text(path, "File", options.file);
    for (unsigned i = 0; i < QL_METRIC_COUNT; i++)
        assert_number(path, ql_metric_describe((ql_metric)i)->name, report->metrics[i]);
    assert_text(path, "sqnr_db", "inf");
    assert_text(path, "cosine", "nan");
    assert_text(path, "kl_hist", "-inf");
    assert_number(path, "bits_per_weight", report->bits_per_weight);
    assert_number(path, "bytes", (double)report->byte_count);
    free(report);
}

static void texts_beyond_ascii_survive_and_broken_ones_do_no_harm(void **state)
{
    (void)state;
    ql_report *report = make_report();
    const char *folder = testing_folder(), *path = figure_path(folder, "png");
    ql_figure_options odd = options;
    ql_error error = { .message = "" };
    odd.tensor = "größe.重み";
    odd.command = "a\x01\x1b[31m\xff\xc0\x80\xed\xa0\x80\xc2\x85<&>\n\xef\xbf\xbf\xe2\x82";
    odd.file = "";
    for (unsigned i = 0; i < ENDING_COUNT; i++)
        if (ql_figure_write(report, &odd, figure_path(folder, endings[i]), &error) != QL_OK)
            fail_msg("%s: %s", endings[i], error.message);
    assert_text(path, "Tensor", "größe.重み");
    assert_text(path, "Command", "a\\x01\\x1b[31m\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\\u0085<&>\\x0a\ufffd\ufffd\ufffd\ufffd\ufffd");
    char *svg = testing_read(figure_path(folder, "svg"), NULL);
    assert_non_null(strstr(svg, "&lt;&amp;&gt;"));
    free(svg);
    free(report);
}

static void long_texts_are_cut_or_wrapped(void **state)
{
    (void)state;
    enum { LONG = 5000 };
    char text[LONG + 1];
    memset(text, 'w', LONG);
    text[LONG] = '\0';
    ql_report *report = make_report();
    ql_error error = { .message = "" };
    ql_figure_options odd = { .kind = "histogram", .command = text, .tensor = text, .file = text };
    const char *path = figure_path(testing_folder(), "png");
    assert_int_equal(ql_figure_write(report, &odd, path, &error), QL_OK);
    picture p = read_picture(path);
    for (unsigned y = 0; y < p.image.height; y++)
        for (unsigned x = p.image.width - 12; x < p.image.width; x++)
            assert_int_equal(pixel(&p, x, y), 0xffffff);
    free(p.pixels);
    free(report);
}

static void every_format_gives_the_same_bytes_twice(void **state)
{
    (void)state;
    ql_report *report = make_report();
    const char *folder = testing_folder();
    for (unsigned i = 0; i < ENDING_COUNT; i++) {
        const char *path = figure_path(folder, endings[i]);
        size_t size, size_again;
        write_figure(report, path);
        char *first = testing_read(path, &size);
        write_figure(report, path);
        char *second = testing_read(path, &size_again);
        assert_int_equal(size, size_again);
        assert_memory_equal(first, second, size);
        free(first);
        free(second);
    }
    assert_int_equal(entry_count(folder), ENDING_COUNT);
    free(report);
}

static void every_ending_gives_a_file_of_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *name, *magic;
        size_t magic_size;
    } kinds[] = {
        { "a.png", "\x89PNG\r\n\x1a\n", 8 }, { "b.SVG", "<?xml", 5 },         { "c.pdf", "%PDF-", 5 },
        { "d.jpg", "\xff\xd8\xff", 3 },      { "e.Jpeg", "\xff\xd8\xff", 3 }, { "f.bmp", "BM", 2 },
        { "g.tga", "\0\0\x0a", 3 },
    };
    ql_report *report = make_report();
    const char *folder = testing_folder();
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *path = testing_path(folder, kinds[i].name);
        size_t size;
        write_figure(report, path);
        char *bytes = testing_read(path, &size);
        assert_true(size > 1000);
        assert_memory_equal(bytes, kinds[i].magic, kinds[i].magic_size);
        free(bytes);
    }
    free(report);
}

static void bitmap_holds_the_pixels_of_the_png(void **state)
{
    (void)state;
    enum { HEADER = 54 };
    ql_report *report = make_report();
    const char *folder = testing_folder();
    write_figure(report, figure_path(folder, "png"));
    write_figure(report, figure_path(folder, "bmp"));
    picture p = read_picture(figure_path(folder, "png"));
    size_t size;
    uint8_t *bmp = (uint8_t *)testing_read(figure_path(folder, "bmp"), &size);
    assert_int_equal(size, HEADER + 3 * (size_t)p.image.width * p.image.height); /* rows are a multiple of 4 bytes long */
    for (unsigned y = 0; y < p.image.height; y++) /* | blue green red | from the lowest row up */
        for (unsigned x = 0; x < p.image.width; x++) {
            const uint8_t *at = bmp + HEADER + 3 * ((size_t)(p.image.height - 1 - y) * p.image.width + x);
            if (((uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0]) != pixel(&p, x, y))
                fail_msg("pixel %u, %u differs", x, y);
        }
    free(bmp);
    free(p.pixels);
    free(report);
}

static void unknown_ending_or_kind_is_refused_with_what_is_allowed(void **state)
{
    (void)state;
    ql_report *report = make_report();
    const char *folder = testing_folder();
    static const char *const names[] = { "a.gif", "png", "a", ".a/b", "a.png.", "a.svgz", "." };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        ql_error error = { .message = "" };
        assert_int_equal(ql_figure_write(report, &options, testing_path(folder, names[i]), &error), QL_BAD_USAGE);
        for (unsigned e = 0; e < ENDING_COUNT; e++)
            assert_non_null(strstr(error.message, endings[e]));
    }
    ql_error error = { .message = "" };
    ql_figure_options odd = options;
    odd.kind = "pie\033";
    assert_int_equal(ql_figure_write(report, &odd, figure_path(folder, "png"), &error), QL_BAD_USAGE);
    assert_non_null(strstr(error.message, "'pie\\x1b'"));
    for (size_t i = 0; ql_figure_kind_at(i); i++)
        assert_non_null(strstr(error.message, ql_figure_kind_at(i)->name));
    assert_int_equal(entry_count(folder), 0);
    free(report);
}

static void a_folder_that_is_missing_is_named(void **state)
{
    (void)state;
    ql_report *report = make_report();
    ql_error error = { .message = "" };
    assert_int_equal(ql_figure_write(report, &options, testing_path(testing_folder(), "none/a.png"), &error), QL_BAD_WRITE);
    assert_non_null(strstr(error.message, "there is no folder"));
    free(report);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    (void)state;
    ql_report *report = make_report();
    const char *folder = testing_folder();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        unsigned refused = 0;
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit) { 5000, 5000 });
        for (unsigned i = 0; i < ENDING_COUNT; i++) {
            ql_error error = { .message = "" };
            refused += ql_figure_write(report, &options, figure_path(folder, endings[i]), &error) == QL_BAD_WRITE &&
                       strstr(error.message, "nothing was left behind");
        }
        _exit(refused == ENDING_COUNT ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(entry_count(folder), 0);
    free(report);
}

/* True when a number of the drawing is not a number or lies far from the page (cairo turns NaN into a large coordinate). The
   facts in front of the drawing may hold such numbers. */
static bool has_odd_coordinates(const char *svg)
{
    enum { FAR = 2500 }; /* points; an axis reaches one length beyond its ends */
    const char *drawing = strstr(svg, "</desc>");
    assert_non_null(drawing);
    for (const char *at = drawing; *at;) {
        char *end = NULL;
        if (isdigit((unsigned char)*at) && fabs(strtod(at, &end)) > FAR)
            return true;
        at = end ? end : at + 1;
    }
    return strstr(drawing, "nan") || strstr(drawing, "inf");
}

static void odd_reports_are_drawn_without_odd_coordinates(void **state)
{
    (void)state;
    const char *folder = testing_folder();
    for (unsigned i = 0; i < ODDITY_COUNT; i++) {
        ql_report *report = make_report();
        oddities[i](report);
        write_figure(report, figure_path(folder, "png"));
        write_figure(report, figure_path(folder, "svg"));
        char *svg = testing_read(figure_path(folder, "svg"), NULL);
        if (has_odd_coordinates(svg))
            fail_msg("report %u", i);
        free(svg);
        free(report);
    }
}

/* How many pixels of the colour of the dequantized series lie in the upper panel. */
static unsigned count_orange(const char *path)
{
    picture p = read_picture(path);
    unsigned count = 0;
    for (unsigned y = 150; y < 538; y++)
        for (unsigned x = 126; x < 1562; x++)
            count += pixel(&p, x, y) == 0xd55e00;
    free(p.pixels);
    return count;
}

static void every_used_level_gets_a_stem(void **state)
{
    (void)state;
    ql_report *report = make_report();
    const char *path = figure_path(testing_folder(), "png");
    write_figure(report, path);
    unsigned all = count_orange(path);
    memset(report->grid_counts, 0, sizeof report->grid_counts);
    report->grid_counts[7] = 800;
    write_figure(report, path);
    unsigned one = count_orange(path);
    assert_true(one > 100);
    assert_true(all > 4 * one);
    free(report);
}

static void a_real_report_becomes_a_figure_with_its_numbers(void **state)
{
    (void)state;
    ql_error error = { .message = "" };
    ql_engine *engine;
    ql_model *model;
    ql_profile *profile;
    ql_report *report;
    ql_spec spec;
    size_t index = 0;
    assert_int_equal(ql_engine_new(1, &engine, &error), QL_OK);
    assert_int_equal(ql_model_open("data/storyteller.safetensors", QL_LAYOUT_AUTO, &model, &error), QL_OK);
    assert_int_equal(ql_model_match(model, "h.2.mlp.c_fc.weight", &index, 1), 1);
    assert_int_equal(ql_profile_make(engine, model, ql_model_tensor(model, index), NULL, &profile, &error), QL_OK);
    static const char *const specs[] = { "absmax", "absmax:bits=2", "zeropoint:bits=4,per=row",
                                         "absmax:clip=percentile,p=99" };
    const char *path = figure_path(testing_folder(), "png");
    for (unsigned i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        assert_int_equal(ql_spec_parse(specs[i], &spec, &error), QL_OK);
        assert_int_equal(ql_report_make(engine, profile, &spec, NULL, &report, &error), QL_OK);
        write_figure(report, path);
        assert_text(path, "Spec", report->spec_text);
        for (unsigned m = 0; m < QL_METRIC_COUNT; m++)
            assert_number(path, ql_metric_describe((ql_metric)m)->name, report->metrics[m]);
        ql_report_free(&report);
    }
    ql_profile_free(&profile);
    ql_model_free(&model);
    ql_engine_free(&engine);
}

/* ---- Axes and numbers ------------------------------------------------------------------------------------ */

static void ticks_are_round_few_and_inside(void **state)
{
    (void)state;
    static const double ranges[][2] = {
        { -1, 1 },         { 0, 1e-45 },           { -3.4e38, 3.4e38 }, { 0.1, 0.2 },
        { -7e-46, 7e-46 }, { 16777216, 16777218 }, { 0, 1.8e19 },       { -1e-3, 5 },
    };
    for (unsigned i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        for (unsigned wanted = 2; wanted <= 10; wanted++) {
            ql_ticks ticks;
            double lo = ranges[i][0], hi = ranges[i][1], span = hi - lo;
            ql_ticks_make(&ticks, lo, hi, wanted);
            assert_true(ticks.count >= 1 && ticks.count <= wanted + 1);
            for (unsigned t = 0; t < ticks.count; t++) {
                assert_true(ticks.at[t] >= lo - 1e-6 * span && ticks.at[t] <= hi + 1e-6 * span);
                char plain[QL_NUMBER_SIZE + 1];
                const char *label = ticks.label[t];
                bool minus = strncmp(label, "\u2212", 3) == 0;
                snprintf(plain, sizeof plain, "%s%s", minus ? "-" : "", label + (minus ? 3 : 0));
                assert_close(strtod(plain, NULL) * pow(10, ticks.exponent), ticks.at[t], 1e-6, 1e-6 * span);
                if (t > 0)
                    assert_string_not_equal(label, ticks.label[t - 1]);
            }
        }
}

static void numbers_read_as_in_a_paper(void **state)
{
    (void)state;
    static const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = {
        { 0, 4, "0" },
        { -0.0, 4, "0" },
        { 1, 4, "1.000" },
        { -0.3147, 4, "−0.3147" },
        { 1.3931e-5, 4, "1.393×10⁻⁵" },
        { -2.5e12, 2, "−2.5×10¹²" },
        { 0.00012345, 3, "0.000123" },
        { 999999.6, 4, "1.000×10⁶" },
        { 99999, 4, "99999" },
        { INFINITY, 4, "inf" },
        { -INFINITY, 4, "-inf" },
        { NAN, 4, "nan" },
        { 9.9996, 4, "10.00" },
        { 5e-324, 4, "4.941×10⁻³²⁴" },
    };
    char text[QL_NUMBER_SIZE];
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ql_number(text, cases[i].value, cases[i].digits);
        assert_string_equal(text, cases[i].text);
    }
    ql_text_count(text, 0);
    assert_string_equal(text, "0");
    ql_text_count(text, 262144);
    assert_string_equal(text, "262,144");
    ql_text_count(text, UINT64_MAX);
    assert_string_equal(text, "18,446,744,073,709,551,615");
}

static void places_on_an_axis_are_finite(void **state)
{
    (void)state;
    const ql_axis axis = { -1, 3, 100, 500 };
    assert_close(ql_axis_at(&axis, -1), 100, 0, 1e-9);
    assert_close(ql_axis_at(&axis, 1), 300, 0, 1e-9);
    assert_close(ql_axis_at(&axis, INFINITY), 900, 0, 0);
    assert_close(ql_axis_at(&axis, -1e300), -300, 0, 0);
    assert_close(ql_axis_at(&axis, NAN), 100, 0, 0);
}

static void a_panel_has_axes_of_some_length_whatever_it_shows(void **state)
{
    (void)state;
    static const double ranges[][2] = {
        { 0, 0 }, { 5, 5 }, { -1e-45, 0 }, { NAN, 1 }, { 0, NAN }, { -INFINITY, INFINITY }, { 2, 1 }, { -3.4e38, 3.4e38 },
    };
    static const uint64_t counts[] = { 0, 1, 12345, UINT64_MAX };
    for (unsigned i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        for (unsigned k = 0; k < 8; k++) {
            ql_panel panel = { .left = 10, .top = 20, .right = 110, .bottom = 220 };
            ql_panel_scale(&panel, ranges[i][0], ranges[i][1], counts[k / 2], k % 2);
            assert_true(isfinite(panel.x.lo) && isfinite(panel.x.hi) && panel.x.lo < panel.x.hi);
            assert_true(isfinite(panel.y.lo) && isfinite(panel.y.hi) && panel.y.lo < panel.y.hi);
            assert_close(ql_panel_count_at(&panel, 0), panel.bottom, 0, 0);
            double top = ql_panel_count_at(&panel, counts[k / 2]);
            assert_true(top >= panel.top && top <= panel.bottom);
        }
}

/* ---- Screens --------------------------------------------------------------------------------------------- */

enum { INK = 0xffb000, PAPER = 0x102030, COLS = 5, ROWS = 3 };

/* A screen of spaces with one character in the middle. */
static picture draw_in_the_middle(uint32_t codepoint, bool bold, bool underline)
{
    ql_cell cells[ROWS * COLS];
    for (unsigned i = 0; i < ROWS * COLS; i++)
        cells[i] = (ql_cell) { ' ', INK, PAPER, false, false };
    cells[COLS + 2].codepoint = codepoint;
    cells[COLS + 2].bold = bold;
    cells[COLS + 2].underline = underline;
    ql_error error = { .message = "" };
    const char *path = testing_path(testing_folder(), "screen.png");
    if (ql_screen_write_png(cells, ROWS, COLS, path, &error) != QL_OK)
        fail_msg("%s", error.message);
    picture p = read_picture(path);
    assert_int_equal(p.image.width, COLS * QL_CELL_WIDTH + 2 * QL_SCREEN_MARGIN);
    assert_int_equal(p.image.height, ROWS * QL_CELL_HEIGHT + 2 * QL_SCREEN_MARGIN);
    return p;
}

/* A pixel of the middle cell; x and y may point beside it. */
static uint32_t cell_pixel(const picture *p, int x, int y)
{
    return pixel(p, (unsigned)(QL_SCREEN_MARGIN + 2 * QL_CELL_WIDTH + x), (unsigned)(QL_SCREEN_MARGIN + QL_CELL_HEIGHT + y));
}

static unsigned count_ink(const picture *p)
{
    unsigned count = 0;
    for (unsigned y = 0; y < p->image.height; y++)
        for (unsigned x = 0; x < p->image.width; x++)
            count += pixel(p, x, y) != PAPER;
    return count;
}

static void a_full_block_fills_its_cell_and_nothing_else(void **state)
{
    (void)state;
    picture p = draw_in_the_middle(0x2588, false, false);
    for (int y = -1; y <= QL_CELL_HEIGHT; y++)
        for (int x = -1; x <= QL_CELL_WIDTH; x++) {
            bool inside = x >= 0 && x < QL_CELL_WIDTH && y >= 0 && y < QL_CELL_HEIGHT;
            assert_int_equal(cell_pixel(&p, x, y), inside ? INK : PAPER);
        }
    assert_int_equal(count_ink(&p), QL_CELL_WIDTH * QL_CELL_HEIGHT);
    free(p.pixels);
}

static void halves_and_quarters_tile_the_cell(void **state)
{
    (void)state;
    static const uint32_t pairs[][2] = { { 0x2580, 0x2584 }, { 0x258c, 0x2590 }, { 0x259a, 0x259e }, { 0x2598, 0x259f },
                                         { 0x259d, 0x2599 }, { 0x2596, 0x259c }, { 0x2597, 0x259b } };
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        picture one = draw_in_the_middle(pairs[i][0], false, false), other = draw_in_the_middle(pairs[i][1], false, false);
        for (int y = 0; y < QL_CELL_HEIGHT; y++)
            for (int x = 0; x < QL_CELL_WIDTH; x++)
                assert_true((cell_pixel(&one, x, y) == INK) != (cell_pixel(&other, x, y) == INK));
        free(one.pixels);
        free(other.pixels);
    }
}

static void eighths_grow_step_by_step(void **state)
{
    (void)state;
    unsigned before = 0;
    for (uint32_t c = 0x2581; c <= 0x2588; c++) {
        picture p = draw_in_the_middle(c, false, false);
        assert_true(count_ink(&p) > before);
        before = count_ink(&p);
        free(p.pixels);
    }
    for (uint32_t c = 0x2589; c <= 0x258f; c++) {
        picture p = draw_in_the_middle(c, false, false);
        assert_true(count_ink(&p) < before);
        before = count_ink(&p);
        free(p.pixels);
    }
}

static void braille_has_one_dot_for_each_bit(void **state)
{
    (void)state;
    for (uint32_t dots = 0; dots < 256; dots += dots < 16 ? 1 : 17) {
        picture p = draw_in_the_middle(0x2800 + dots, false, false);
        unsigned ink = count_ink(&p);
        assert_int_equal(ink, 4u * (unsigned)__builtin_popcount(dots));
        free(p.pixels);
    }
}

static void lines_reach_the_edges_that_they_should(void **state)
{
    (void)state;
    static const struct {
        uint32_t codepoint;
        const char *edges;
    } lines[] = {
        { 0x2500, "lr" },   { 0x2502, "ud" },  { 0x250c, "rd" },  { 0x2510, "ld" },  { 0x2514, "ru" },   { 0x2518, "lu" },
        { 0x251c, "rud" },  { 0x2524, "lud" }, { 0x252c, "lrd" }, { 0x2534, "lru" }, { 0x253c, "lrud" }, { 0x254b, "lrud" },
        { 0x256c, "lrud" }, { 0x2554, "rd" },  { 0x256d, "rd" },  { 0x256e, "ld" },  { 0x256f, "lu" },   { 0x2570, "ru" },
        { 0x2574, "l" },    { 0x2577, "d" },   { 0x257f, "ud" },
    };
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        picture p = draw_in_the_middle(lines[i].codepoint, false, false);
        bool left = false, right = false, up = false, down = false;
        for (int y = 0; y < QL_CELL_HEIGHT; y++) {
            left |= cell_pixel(&p, 0, y) == INK;
            right |= cell_pixel(&p, QL_CELL_WIDTH - 1, y) == INK;
        }
        for (int x = 0; x < QL_CELL_WIDTH; x++) {
            up |= cell_pixel(&p, x, 0) == INK;
            down |= cell_pixel(&p, x, QL_CELL_HEIGHT - 1) == INK;
        }
        const char *edges = lines[i].edges;
        if (left != !!strchr(edges, 'l') || right != !!strchr(edges, 'r') || up != !!strchr(edges, 'u') ||
            down != !!strchr(edges, 'd'))
            fail_msg("U+%04X", (unsigned)lines[i].codepoint);
        free(p.pixels);
    }
}

static void text_is_drawn_bold_and_underlined(void **state)
{
    (void)state;
    picture plain = draw_in_the_middle('M', false, false), bold = draw_in_the_middle('M', true, false);
    picture underlined = draw_in_the_middle('M', false, true), empty = draw_in_the_middle(' ', false, false);
    assert_int_equal(count_ink(&empty), 0);
    assert_true(count_ink(&plain) > 20);
    assert_memory_not_equal(plain.pixels, bold.pixels, PNG_IMAGE_SIZE(plain.image));
    assert_int_equal(count_ink(&underlined), count_ink(&plain) + QL_CELL_WIDTH);
    free(plain.pixels);
    free(bold.pixels);
    free(underlined.pixels);
    free(empty.pixels);
}

static void any_code_point_may_stand_in_a_cell(void **state)
{
    (void)state;
    static const uint32_t points[] = { 0, 1, 0x7f, 0xd800, 0xffff, 0x10ffff, 0x110000, 0xffffffff, 0x2571, 0x1f600, 0x6f22 };
    for (unsigned i = 0; i < sizeof points / sizeof points[0]; i++) {
        picture p = draw_in_the_middle(points[i], i & 1, i & 2);
        free(p.pixels);
    }
}

static void a_screen_of_no_cells_is_refused(void **state)
{
    (void)state;
    ql_error error = { .message = "" };
    const ql_cell cell = { 'x', INK, PAPER, false, false };
    const char *folder = testing_folder(), *path = testing_path(folder, "screen.png");
    assert_int_equal(ql_screen_write_png(&cell, 0, 1, path, &error), QL_BAD_USAGE);
    assert_int_equal(ql_screen_write_png(&cell, 1, 0, path, &error), QL_BAD_USAGE);
    assert_int_equal(ql_screen_write_png(&cell, 1, 1000000, path, &error), QL_BAD_USAGE);
    assert_int_equal(entry_count(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_carries_the_command_the_spec_and_every_metric_in_full),
        cmocka_unit_test(texts_beyond_ascii_survive_and_broken_ones_do_no_harm),
        cmocka_unit_test(long_texts_are_cut_or_wrapped),
        cmocka_unit_test(every_format_gives_the_same_bytes_twice),
        cmocka_unit_test(every_ending_gives_a_file_of_its_kind),
        cmocka_unit_test(bitmap_holds_the_pixels_of_the_png),
        cmocka_unit_test(unknown_ending_or_kind_is_refused_with_what_is_allowed),
        cmocka_unit_test(a_folder_that_is_missing_is_named),
        cmocka_unit_test(a_full_disk_leaves_nothing_behind),
        cmocka_unit_test(odd_reports_are_drawn_without_odd_coordinates),
        cmocka_unit_test(every_used_level_gets_a_stem),
        cmocka_unit_test(a_real_report_becomes_a_figure_with_its_numbers),
        cmocka_unit_test(ticks_are_round_few_and_inside),
        cmocka_unit_test(numbers_read_as_in_a_paper),
        cmocka_unit_test(places_on_an_axis_are_finite),
        cmocka_unit_test(a_panel_has_axes_of_some_length_whatever_it_shows),
        cmocka_unit_test(a_full_block_fills_its_cell_and_nothing_else),
        cmocka_unit_test(halves_and_quarters_tile_the_cell),
        cmocka_unit_test(eighths_grow_step_by_step),
        cmocka_unit_test(braille_has_one_dot_for_each_bit),
        cmocka_unit_test(lines_reach_the_edges_that_they_should),
        cmocka_unit_test(text_is_drawn_bold_and_underlined),
        cmocka_unit_test(any_code_point_may_stand_in_a_cell),
        cmocka_unit_test(a_screen_of_no_cells_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
