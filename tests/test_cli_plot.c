/* qloupe plot of products: the numbers are those of `qloupe matmul`, the command in a figure makes it again. */
#include "cli.h"
#include "pictures.h"

#include <unistd.h>

#define LAYER "h.1.attn.c_attn"
#define REAL  "data/storyteller.safetensors -t " LAYER ".weight --x data/inputs/" LAYER ".npy"

static void must_run(const char *command)
{
    testing_result r = testing_run("%s", command);
    if (r.exit_code != 0)
        fail_msg("exit %d: %s\n%s", r.exit_code, command, r.standard_error);
    testing_result_free(&r);
}

static char *output_of(const char *arguments)
{
    testing_result r = testing_run("\"$QLOUPE\" %s", arguments);
    if (r.exit_code != 0)
        fail_msg("exit %d: %s\n%s", r.exit_code, arguments, r.standard_error);
    char *output = strdup(r.standard_output);
    testing_result_free(&r);
    return output;
}

/* What stands behind "KEY": in the row of JSON that begins at `at`, as it is spelled there. */
static void value_after(const char *at, const char *key, char *out, size_t size)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(at, quoted);
    if (!found) {
        fail_msg("no %s", quoted);
        return;
    }
    found += strlen(quoted);
    const size_t length = *found == '[' ? strcspn(found, "]") + 1 : strcspn(found, ",}\n");
    snprintf(out, size, "%.*s", (int)length, found);
}

static void assert_number(const chunks *c, unsigned product, const char *row, const char *key)
{
    char keyword[64], expected[64];
    snprintf(keyword, sizeof keyword, "product %u: %s", product, key);
    value_after(row, key, expected, sizeof expected);
    const char *text = chunks_find(c, keyword);
    if (strcmp(expected, "\"inf\"") == 0)
        assert_string_equal(text, "inf");
    else
        assert_true(strtod(text, NULL) == strtod(expected, NULL));
}

static void the_numbers_in_a_figure_are_those_of_matmul(void **state)
{
    (void)state;
    static const char *const keys[] = { "rel_fro", "sqnr_db", "max_abs", "bytes" };
    const char *path = testing_path(testing_folder(), "products.png");
    char command[1024];
    snprintf(command, sizeof command, "\"$QLOUPE\" plot " REAL " --kind products -q -o '%s'", path);
    must_run(command);
    char *json = output_of("matmul " REAL " --runs 1 --json");
    chunks c;
    chunks_read(&c, path);
    unsigned product = 0;
    for (const char *row = json; (row = strstr(row, "{\"layer\"")) != NULL; row++) {
        char keyword[64], method[600], expected[700];
        snprintf(keyword, sizeof keyword, "product %u: method", ++product);
        snprintf(method, sizeof method, "\"%s\"", chunks_find(&c, keyword));
        const char *name = strstr(row, "\"method\":") + strlen("\"method\":");
        snprintf(expected, sizeof expected, "%.*s", (int)(strstr(name, ",\"rel_fro\"") - name), name);
        assert_string_equal(method, expected);
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            assert_number(&c, product, row, keys[k]);
        value_after(row, "outlier_columns", expected, sizeof expected);
        if (strcmp(expected, "null") != 0) {
            char list[700] = "[";
            snprintf(keyword, sizeof keyword, "product %u: outlier_columns", product);
            for (const char *at = chunks_find(&c, keyword); *at; at++)
                snprintf(list + strlen(list), sizeof list - strlen(list), "%c", *at == ' ' ? ',' : *at);
            snprintf(list + strlen(list), sizeof list - strlen(list), "]");
            assert_string_equal(list, expected);
        }
    }
    assert_int_equal(product, 12);
    chunks_free(&c);
    free(json);
}

/* However a figure was asked for, with whatever threads and kernels, the command line that it bears gives the same bytes. */
static void the_command_in_a_figure_makes_it_again(void **state)
{
    (void)state;
    static const char *const asked[] = {
        "-t h.1.attn.c_attn.weight --kind channels --outlier-channels 5 --outlier-scale 33.5 --threads 1",
        REAL " --kind channels --m 7 -m llm_int8 -m weights:nf4 --sweep threshold=2.5",
        REAL " --kind threshold --isa scalar --m 4 --sweep threshold=inf,3,6",
        "-t h.0.attn.c_proj.weight --kind threshold --m 3 -m bnb_llm_int8 -m llm_int8 -m int8:row",
        REAL " --kind product-error --m 5",
        "data/storyteller.safetensors -t h.2.mlp.c_fc.weight --x data/inputs --kind channels --m 9",
        "data/eval.txt --raw U8:16x32:0x10 --layout in,out -t eval --kind product-error -m simulated:absmax:bits=2 --m 2",
        REAL " --kind products --m 3 -m fp32 -m 'weights:absmax:bits=4,per=block,block=32' -m weights_a8:kmeans",
    };
    const char *folder = testing_folder(), *path = testing_path(folder, "a figure.png"),
               *kept = testing_path(folder, "kept.png"), *script = testing_path(folder, "command.sh");
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        char command[2048];
        snprintf(command, sizeof command, "\"$QLOUPE\" plot %s -q -o '%s'", asked[i], path);
        must_run(command);
        chunks c;
        chunks_read(&c, path);
        const char *again = chunks_find(&c, "Command");
        testing_write(script, again, strlen(again));
        chunks_free(&c);
        snprintf(command, sizeof command,
                 "mv '%s' '%s' && ln -sf \"$(realpath \"$QLOUPE\")\" %s/qloupe && PATH=%s:$PATH sh '%s' && cmp '%s' '%s'",
                 path, kept, folder, folder, script, path, kept);
        must_run(command);
    }
}

static void what_makes_no_figure_of_products_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *message;
    } cases[] = {
        { "data/storyteller.safetensors --kind channels", "storyteller.safetensors: which tensor? -t NAME" },
        { "data/storyteller.safetensors -t 'h.?.attn.c_attn.weight' --kind products", "4 tensors match, `qloupe plot` takes one" },
        { "data/storyteller.safetensors -t h.0.ln_1.weight --kind channels",
          "tensor 'h.0.ln_1.weight': a tensor of one axis, a vector, makes no product" },
        { REAL " --kind threshold --sweep threshold=2,x", "llm_int8 takes a threshold above 0 (llm_int8:6, llm_int8:inf)" },
        { REAL " --kind threshold --sweep threshold=-1", "not '-1'" },
        { REAL " --kind threshold --sweep bits=2", "--sweep bits=2: threshold=T,T,... is allowed" },
        { REAL " --kind channels -m llm_int8:nan", "not 'nan'" },
        { REAL " --kind channels -m int8:row", "--kind channels: this figure needs a method with a threshold" },
        { REAL " --kind product-error -m int8:row -m fp32", "--kind product-error: this figure is of one method" },
        { REAL " --kind product-error -m weights_a8:kmeans", "weights_a8: codes must stand for integers" },
        { REAL " --kind products -s nf4", "--kind products takes no -s; a spec is part of a method" },
        { REAL " --kind products --seed 3", "--seed is for made-up activations" },
        { REAL " --kind products --m 513", "513 rows were asked for, there are 512" },
        { REAL " -s nf4", "--kind histogram takes no --x; it is for figures of products" },
        { "data/storyteller.safetensors -t h.0.ln_1.weight -s nf4 --kind calibration -m fp32",
          "--kind calibration takes no --method" },
        { "data/storyteller.safetensors -t h.1.mlp.c_proj.weight --x data/inputs/h.1.mlp.c_fc.npy --kind products",
          "X needs 1024 columns" },
        { REAL " --kind pie", "the kinds are: histogram, calibration, channels, threshold, product-error, products" },
    };
    const char *path = testing_path(testing_folder(), "figure.png");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        testing_result r = testing_run("\"$QLOUPE\" plot %s -o '%s'", cases[i].arguments, path);
        if (r.exit_code != 2 || !strstr(r.standard_error, cases[i].message))
            fail_msg("plot %s: exit %d, %s", cases[i].arguments, r.exit_code, r.standard_error);
        assert_int_equal(access(path, F_OK), -1);
        testing_result_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_in_a_figure_are_those_of_matmul),
        cmocka_unit_test(the_command_in_a_figure_makes_it_again),
        cmocka_unit_test(what_makes_no_figure_of_products_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
