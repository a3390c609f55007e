/* Products side by side, and the figures that are drawn of them. */
#include "pictures.h"
#include "tensors.h"

#include <unistd.h>

#include "analysis/inputs.h"

enum { M = 9, K = 70, N = 13, LOUD_A = 3, LOUD_B = 68 };

static const char *const methods[] = { "fp32",           "int8:row",  "llm_int8:6",  "llm_int8:inf",
                                       "bnb_llm_int8:6", "integer:3", "weights:nf4", "weights_a8:kmeans" };
enum { METHODS = sizeof methods / sizeof methods[0] };

static const char *const kinds[] = { "channels", "threshold", "product-error", "products" };
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static uint64_t seed;

/* W[n][k], X[m][k], and a product of them. */
typedef struct work {
    uint64_t m, k, n;
    float *w, *x;
    memory_tensor tensor;
    ql_activations x_of;
    ql_engine *engine;
    ql_matmul *matmul;
} work;

static void start_on(work *at, uint64_t m, uint64_t k, uint64_t n, double loud, unsigned threads)
{
    ql_error error;
    seed = 11;
    *at = (work) { .m = m, .k = k, .n = n, .w = calloc(n * k, sizeof(float)), .x = calloc(m * k, sizeof(float)) };
    for (uint64_t i = 0; i < n * k; i++)
        at->w[i] = (float)(0.05 * random_normal(&seed));
    for (uint64_t i = 0; i < m * k; i++)
        at->x[i] = (float)random_normal(&seed);
    for (uint64_t i = 0; i < m && k > LOUD_B; i++) {
        at->x[i * k + LOUD_A] *= (float)(9 * loud);
        at->x[i * k + LOUD_B] *= (float)(20 * loud);
    }
    memory_tensor_make(&at->tensor, QL_F32, at->w, QL_LAYOUT_OUT_IN, 2, (const uint64_t[]) { n, k });
    at->x_of = (ql_activations) { .rows = m, .cols = k, .row_count = m, .values = at->x, .name = "x" };
    must(ql_engine_new(threads, &at->engine, &error), &error);
    must(ql_matmul_new(at->engine, &at->tensor.tensor, &at->x_of, 0, NULL, &at->matmul, &error), &error);
}

static void start(work *at)
{
    start_on(at, M, K, N, 1, 2);
}

static void end(work *at)
{
    ql_matmul_free(&at->matmul);
    ql_engine_free(&at->engine);
    memory_tensor_free(&at->tensor);
    free(at->w);
    free(at->x);
}

static ql_products *multiply(const work *at, const char *const *names, size_t count)
{
    ql_products *products = NULL;
    ql_error error;
    must(ql_products_make(at->matmul, names, count, NULL, &products, &error), &error);
    return products;
}

/* ---- Products ---------------------------------------------------------------------------------------------------- */

static void each_product_is_that_of_its_method(void **state)
{
    (void)state;
    work at;
    start(&at);
    ql_products *products = multiply(&at, methods, METHODS);
    assert_int_equal(products->count, METHODS);
    assert_true(products->shape.m == M && products->shape.k == K && products->shape.n == N);
    for (size_t i = 0; i < METHODS; i++) {
        const ql_product *product = &products->products[i];
        ql_matmul_result alone;
        ql_error error;
        assert_string_equal(product->result.method, methods[i]);
        assert_int_equal(product->is_known, ql_matmul_run(at.matmul, methods[i], 1, NULL, &alone, &error) == QL_OK);
        if (!product->is_known) {
            assert_string_equal(product->why, error.message);
            continue;
        }
        assert_true(product->result.rel_fro == alone.rel_fro && product->result.sqnr_db == alone.sqnr_db &&
                    product->result.max_abs == alone.max_abs && product->result.bytes == alone.bytes);
        assert_int_equal(product->result.outlier_count, alone.outlier_count);
        assert_int_equal(product->result.outliers == NULL, alone.outliers == NULL);
    }
    assert_false(products->products[METHODS - 1].is_known);
    ql_products_free(&products);
    assert_null(products);
    end(&at);
}

static void only_methods_that_split_x_have_a_threshold(void **state)
{
    (void)state;
    work at;
    start(&at);
    ql_products *products = multiply(&at, methods, METHODS);
    static const double expected[METHODS] = { NAN, NAN, 6, INFINITY, 6, NAN, NAN, NAN };
    for (size_t i = 0; i < METHODS; i++)
        assert_close(products->products[i].threshold, expected[i], 0, 0);
    ql_products_free(&products);
    end(&at);
}

static void without_a_clock_there_are_no_times(void **state)
{
    (void)state;
    work at;
    ql_matmul_result result;
    ql_error error;
    start(&at);
    must(ql_matmul_run(at.matmul, "int8:row", 0, NULL, &result, &error), &error);
    assert_int_equal(result.runs, 0);
    const double times[] = { result.ms_median, result.ms_min,    result.ms_max,    result.quantize_ms,
                             result.gops,      result.peak_gops, result.peak_share };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        assert_true(isnan(times[i]));
    assert_true(result.rel_fro > 0);
    end(&at);
}

static void outliers_and_loudness_are_those_of_the_columns(void **state)
{
    (void)state;
    work at;
    start(&at);
    ql_products *products = multiply(&at, methods, METHODS);
    const ql_matmul_result *split = &products->products[2].result;
    size_t count = 0;
    for (uint64_t c = 0; c < K; c++) {
        double most = 0;
        for (uint64_t i = 0; i < M; i++)
            most = fmax(most, fabs((double)at.x[i * K + c]));
        assert_true(products->loudest[c] == most);
        if (most < 6)
            continue;
        assert_true(count < split->outlier_count && split->outliers[count] == c);
        count++;
    }
    assert_int_equal(count, split->outlier_count);
    assert_true(count >= 2);
    ql_products_free(&products);
    end(&at);
}

/* The first element whose share of the whole is that of the band or more. */
static uint64_t band(uint64_t count, uint64_t bands, uint64_t index)
{
    return (count * index + bands - 1) / bands;
}

static void cells_hold_the_mean_error_and_the_worst_place_is_found(void **state)
{
    (void)state;
    enum { TALL = 130, WIDE = 401 };
    work at;
    start_on(&at, TALL, K, WIDE, 1, 2);
    ql_products *products = multiply(&at, (const char *const[]) { "int8:tensor" }, 1);
    const ql_product *product = &products->products[0];
    const float *y = ql_matmul_y(at.matmul), *exact = ql_matmul_exact(at.matmul);
    assert_int_equal(products->row_bands, QL_PRODUCT_ROW_BANDS);
    assert_int_equal(products->col_bands, QL_PRODUCT_COL_BANDS);
    double worst = 0, squares = 0;
    for (unsigned r = 0; r < products->row_bands; r++)
        for (unsigned c = 0; c < products->col_bands; c++) {
            double sum = 0;
            unsigned elements = 0;
            for (uint64_t i = band(TALL, products->row_bands, r); i < band(TALL, products->row_bands, r + 1); i++)
                for (uint64_t j = band(WIDE, products->col_bands, c); j < band(WIDE, products->col_bands, c + 1); j++) {
                    sum += fabs((double)y[i * WIDE + j] - (double)exact[i * WIDE + j]);
                    elements++;
                }
            assert_close(product->errors[r * products->col_bands + c], sum / elements, 1e-6, 0);
        }
    for (size_t i = 0; i < (size_t)TALL * WIDE; i++) {
        worst = fmax(worst, fabs((double)y[i] - (double)exact[i]));
        squares += (double)exact[i] * (double)exact[i];
    }
    const size_t place = product->worst_row * WIDE + product->worst_output;
    assert_true(fabs((double)y[place] - (double)exact[place]) == worst && product->result.max_abs == worst);
    assert_close(products->rms, sqrt(squares / (TALL * WIDE)), 1e-12, 0);
    ql_products_free(&products);
    end(&at);
}

static void an_unknown_method_is_refused(void **state)
{
    (void)state;
    work at;
    ql_products *products = NULL;
    ql_error error;
    start(&at);
    assert_int_equal(ql_products_make(at.matmul, (const char *const[]) { "fp32", "int9" }, 2, NULL, &products, &error),
                     QL_BAD_USAGE);
    assert_null(products);
    assert_non_null(strstr(error.message, "no method 'int9'"));
    end(&at);
}

typedef struct watch {
    uint64_t ticks, most, last, total;
    bool fell;
} watch;

static bool on_tick(void *context, uint64_t done, uint64_t total)
{
    watch *at = context;
    at->fell |= done < at->last || done > total || (at->total && at->total != total);
    at->last = done;
    at->total = total;
    return ++at->ticks <= at->most;
}

static void progress_never_falls_and_can_be_cancelled(void **state)
{
    (void)state;
    work at;
    ql_products *products = NULL;
    ql_error error;
    watch watched = { .most = UINT64_MAX };
    const ql_monitor monitor = { on_tick, &watched };
    start(&at);
    must(ql_products_make(at.matmul, methods, METHODS, &monitor, &products, &error), &error);
    assert_false(watched.fell);
    assert_true(watched.ticks > 0);
    ql_products_free(&products);
    for (uint64_t most = 0; most < watched.total && most < 3; most++) {
        watch again = { .most = most };
        const ql_monitor stopping = { on_tick, &again };
        assert_int_equal(ql_products_make(at.matmul, methods, METHODS, &stopping, &products, &error), QL_CANCELLED);
        assert_null(products);
    }
    end(&at);
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

static ql_figure_options options_of(const char *kind)
{
    return (ql_figure_options) { .kind = kind,
                                 .command = "qloupe plot model.safetensors -t w --kind products -o figure.png",
                                 .tensor = "w",
                                 .file = "model.safetensors",
                                 .activations = "x.npy 9×70" };
}

static void write_figure(const ql_products *products, const char *kind, const char *path)
{
    const ql_figure_options options = options_of(kind);
    ql_error error = { .message = "" };
    if (ql_figure_write_products(products, &options, path, &error) != QL_OK)
        fail_msg("%s: %s", kind, error.message);
}

/* Of a kind that is of one method, that one. */
static ql_products *multiply_for(const work *at, const char *kind, const char *split)
{
    const char *const all[] = { split, "fp32", "int8:row", "weights:nf4", "weights_a8:kmeans" };
    return multiply(at, all, strcmp(kind, "product-error") == 0 ? 1 : sizeof all / sizeof all[0]);
}

static void every_size_makes_every_figure_inside_its_page(void **state)
{
    (void)state;
    static const struct {
        uint64_t m, k, n;
        double loud;
        const char *split;
    } cases[] = {
        { 1, 1, 1, 1, "llm_int8:6" },        { 1, 2, 2, 1, "llm_int8:6" },
        { M, K, N, 1, "llm_int8:6" },        { M, K, N, 0, "llm_int8:6" }, /* channels of zeros */
        { M, K, N, 1, "llm_int8:1e-30" },                                  /* all are outliers */
        { M, K, N, 1, "llm_int8:inf" },                                    /* none is */
        { M, K, N, 500, "llm_int8:6" },                                    /* far apart */
        { 3, 1500, 2, 1, "bnb_llm_int8:3" }, { 200, 70, 500, 1, "llm_int8:6" },
    };
    const char *path = testing_path(testing_folder(), "figure.bmp");
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        work at;
        start_on(&at, cases[c].m, cases[c].k, cases[c].n, cases[c].loud, 2);
        for (size_t kind = 0; kind < KINDS; kind++) {
            ql_products *products = multiply_for(&at, kinds[kind], cases[c].split);
            write_figure(products, kinds[kind], path);
            assert_margin_is_white(path, kinds[kind]);
            ql_products_free(&products);
        }
        end(&at);
    }
}

static void activations_of_zeros_make_every_figure(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.svg");
    work at;
    ql_error error;
    start(&at);
    memset(at.x, 0, M * K * sizeof *at.x);
    ql_matmul_free(&at.matmul);
    must(ql_matmul_new(at.engine, &at.tensor.tensor, &at.x_of, 0, NULL, &at.matmul, &error), &error);
    for (size_t kind = 0; kind < KINDS; kind++) {
        ql_products *products = multiply_for(&at, kinds[kind], "llm_int8:6");
        write_figure(products, kinds[kind], path);
        char *svg = testing_read(path, NULL);
        if (strstr(svg, "nan") || strstr(svg, "inf "))
            fail_msg("%s has odd coordinates", kinds[kind]);
        free(svg);
        ql_products_free(&products);
    }
    end(&at);
}

static void the_same_products_give_the_same_bytes(void **state)
{
    (void)state;
    static const char *const names[] = { "a.png", "a.svg", "a.pdf", "a.jpg", "a.bmp", "a.tga" };
    const char *folder = testing_folder();
    for (size_t kind = 0; kind < KINDS; kind++) {
        char *bytes[2][6];
        size_t size[2][6];
        for (unsigned round = 0; round < 2; round++) {
            work at;
            start_on(&at, M, K, N, 1, 1 + round); /* threads */
            ql_products *products = multiply_for(&at, kinds[kind], "llm_int8:6");
            for (size_t i = 0; i < 6; i++) {
                write_figure(products, kinds[kind], testing_path(folder, names[i]));
                bytes[round][i] = testing_read(testing_path(folder, names[i]), &size[round][i]);
            }
            ql_products_free(&products);
            end(&at);
        }
        for (size_t i = 0; i < 6; i++) {
            if (size[0][i] != size[1][i] || memcmp(bytes[0][i], bytes[1][i], size[0][i]) != 0)
                fail_msg("%s: %s differs", kinds[kind], names[i]);
            free(bytes[0][i]);
            free(bytes[1][i]);
        }
    }
}

static void png_carries_every_number_of_every_product(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.png");
    work at;
    chunks c;
    start(&at);
    ql_products *products = multiply(&at, methods, METHODS);
    write_figure(products, "products", path);
    chunks_read(&c, path);
    assert_string_equal(chunks_find(&c, "Command"), options_of("products").command);
    assert_string_equal(chunks_find(&c, "Activations"), "x.npy 9×70");
    assert_string_equal(chunks_find(&c, "Tensor"), "w");
    assert_string_equal(chunks_find(&c, "k"), "70");
    for (size_t i = 0; i < METHODS; i++) {
        const ql_matmul_result *result = &products->products[i].result;
        const struct {
            const char *name;
            double value;
        } numbers[] = { { "rel_fro", result->rel_fro },
                        { "sqnr_db", result->sqnr_db },
                        { "max_abs", result->max_abs },
                        { "bytes", (double)result->bytes } };
        char keyword[64];
        snprintf(keyword, sizeof keyword, "product %zu: method", i + 1);
        assert_string_equal(chunks_find(&c, keyword), methods[i]);
        if (!products->products[i].is_known) {
            snprintf(keyword, sizeof keyword, "product %zu: note", i + 1);
            assert_string_equal(chunks_find(&c, keyword), products->products[i].why);
            continue;
        }
        for (size_t k = 0; k < 4; k++) {
            snprintf(keyword, sizeof keyword, "product %zu: %s", i + 1, numbers[k].name);
            assert_close(strtod(chunks_find(&c, keyword), NULL), numbers[k].value, 0, 0);
        }
    }
    const char *columns = chunks_find(&c, "product 3: outlier_columns"), *loudness = chunks_find(&c, "max_abs_of_channels");
    char *end_of;
    for (size_t i = 0; i < products->products[2].result.outlier_count; i++, columns = end_of)
        assert_int_equal(strtoul(columns, &end_of, 10), products->products[2].result.outliers[i]);
    assert_true(*columns == '\0' && strlen(chunks_find(&c, "product 4: outlier_columns")) == 0);
    for (uint64_t i = 0; i < K; i++, loudness = end_of)
        assert_true(strtod(loudness, &end_of) == products->loudest[i]);
    chunks_free(&c);
    ql_products_free(&products);
    end(&at);
}

/* Columns of the page, above the ticks of the axis, that are of the colour of outliers. */
static unsigned count_stems(const char *path)
{
    enum { Y = 620, LEFT = 124, RIGHT = 1564, OUTLIER = 0x8a3f9e };
    uint8_t *bmp = bitmap_read(path);
    unsigned stems = 0;
    for (unsigned x = LEFT; x < RIGHT; x++)
        stems += bitmap_pixel(bmp, x, Y) == OUTLIER && bitmap_pixel(bmp, x - 1, Y) != OUTLIER;
    free(bmp);
    return stems;
}

static void every_outlier_channel_is_marked_and_no_other(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.bmp");
    static const char *const splits[] = { "llm_int8:6", "llm_int8:2.5", "llm_int8:inf", "llm_int8:0.001" };
    work at;
    start(&at);
    for (size_t i = 0; i < 4; i++) {
        ql_products *products = multiply(&at, &splits[i], 1);
        write_figure(products, "channels", path);
        assert_int_equal(count_stems(path), products->products[0].result.outlier_count);
        ql_products_free(&products);
    }
    end(&at);
}

/* From white to dark: less light the larger the error, in grey too. */
static void the_map_is_darker_where_the_error_is_larger(void **state)
{
    (void)state;
    enum { LEFT = 124, RIGHT = 1388, TOP = 168, BOTTOM = 764 };
    const char *path = testing_path(testing_folder(), "figure.bmp");
    work at;
    start_on(&at, 1, 4, 40, 1, 1);
    ql_products *products = multiply(&at, (const char *const[]) { "int8:row" }, 1);
    assert_int_equal(products->col_bands, 40);
    for (unsigned c = 0; c < 40; c++)
        products->products[0].errors[c] = (float)c;
    write_figure(products, "product-error", path);
    uint8_t *bmp = bitmap_read(path);
    double before = 256;
    for (unsigned c = 0; c < 40; c += 2) {
        const uint32_t rgb = bitmap_pixel(bmp, LEFT + (RIGHT - LEFT) * (2 * c + 1) / 80, (TOP + BOTTOM) / 2);
        const double light = 0.299 * (rgb >> 16) + 0.587 * (rgb >> 8 & 255) + 0.114 * (rgb & 255);
        if (!(light < before))
            fail_msg("cell %u is no darker than the one before: %06x", c, (unsigned)rgb);
        before = light;
    }
    assert_int_equal(bitmap_pixel(bmp, LEFT + 4, (TOP + BOTTOM) / 2), 0xffffff);
    free(bmp);
    ql_products_free(&products);
    end(&at);
}

static void what_a_figure_lacks_is_said_and_nothing_is_written(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.png");
    static const char *const many[] = { "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32",
                                        "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32",
                                        "fp32", "fp32", "fp32", "fp32", "fp32", "fp32", "fp32" };
    static const struct {
        const char *kind;
        const char *const *methods;
        size_t count;
        ql_status status;
        const char *message;
    } cases[] = {
        { "channels", methods, 2, QL_BAD_USAGE, "needs a method with a threshold" },
        { "threshold", methods, 2, QL_BAD_USAGE, "needs a method with a threshold" },
        { "product-error", methods, 2, QL_BAD_USAGE, "is of one method" },
        { "product-error", methods + METHODS - 1, 1, QL_UNUSABLE,
          "weights_a8:kmeans: weights_a8: codes must stand for integers" },
        { "products", many, sizeof many / sizeof many[0], QL_BAD_USAGE, "room for 24 methods; there are 25" },
        { "products", methods + METHODS - 1, 1, QL_UNUSABLE, "codes must stand for integers" },
        { "products", methods, 0, QL_BAD_USAGE, "needs a method" },
        { "histogram", methods, 3, QL_BAD_USAGE, "is drawn of one report" },
        { "calibration", methods, 3, QL_BAD_USAGE, "is drawn of the ways to clip" },
        { "pie", methods, 3, QL_BAD_USAGE, "no kind of figure" },
    };
    work at;
    start(&at);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ql_products *products = multiply(&at, cases[i].methods, cases[i].count);
        const ql_figure_options options = options_of(cases[i].kind);
        ql_error error = { .message = "" };
        assert_int_equal(ql_figure_write_products(products, &options, path, &error), cases[i].status);
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s: %s", cases[i].kind, error.message);
        assert_int_equal(access(path, F_OK), -1);
        ql_products_free(&products);
    }
    end(&at);
}

static void numbers_that_are_not_finite_are_drawn_somewhere(void **state)
{
    (void)state;
    const char *path = testing_path(testing_folder(), "figure.bmp");
    work at;
    start(&at);
    for (size_t kind = 0; kind < KINDS; kind++)
        for (unsigned odd = 0; odd < 2; odd++) {
            ql_products *products = multiply_for(&at, kinds[kind], "llm_int8:6");
            ql_product *product = &products->products[0];
            product->result.rel_fro = odd ? INFINITY : NAN;
            product->result.sqnr_db = odd ? -INFINITY : NAN;
            product->result.max_abs = odd ? INFINITY : NAN;
            product->errors[3] = odd ? INFINITY : NAN;
            write_figure(products, kinds[kind], path);
            assert_margin_is_white(path, kinds[kind]);
            ql_products_free(&products);
        }
    end(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_product_is_that_of_its_method),
        cmocka_unit_test(only_methods_that_split_x_have_a_threshold),
        cmocka_unit_test(without_a_clock_there_are_no_times),
        cmocka_unit_test(outliers_and_loudness_are_those_of_the_columns),
        cmocka_unit_test(cells_hold_the_mean_error_and_the_worst_place_is_found),
        cmocka_unit_test(an_unknown_method_is_refused),
        cmocka_unit_test(progress_never_falls_and_can_be_cancelled),
        cmocka_unit_test(every_size_makes_every_figure_inside_its_page),
        cmocka_unit_test(activations_of_zeros_make_every_figure),
        cmocka_unit_test(the_same_products_give_the_same_bytes),
        cmocka_unit_test(png_carries_every_number_of_every_product),
        cmocka_unit_test(every_outlier_channel_is_marked_and_no_other),
        cmocka_unit_test(the_map_is_darker_where_the_error_is_larger),
        cmocka_unit_test(what_a_figure_lacks_is_said_and_nothing_is_written),
        cmocka_unit_test(numbers_that_are_not_finite_are_drawn_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
