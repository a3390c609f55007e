/* qloupe matmul: what its rows hold, what it refuses. Times are looked at only for being there. */
#include "cli.h"
#include "npy.h"

#include <math.h>

#include "qloupe.h"

/* The number, or the word, behind "KEY": from `at` on. */
static double number_after(const char *at, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(at, quoted);
    if (!found) {
        fail_msg("no %s", quoted);
        return 0;
    }
    found += strlen(quoted);
    return *found == '"' ? strtod(found + 1, NULL) : strtod(found, NULL);
}

static const char *row_of(const char *json, const char *method)
{
    char quoted[200];
    snprintf(quoted, sizeof quoted, "\"method\":\"%s\"", method);
    const char *found = strstr(json, quoted);
    if (!found) {
        fail_msg("no row of %s in %s", method, json);
    }
    return found;
}

static void json_has_what_the_contract_says(void **state)
{
    (void)state;
    static const char *const keys[] = { "rel_fro",         "sqnr_db", "max_abs",     "ms_median",      "ms_min",
                                        "ms_max",          "runs",    "gops",        "peak_share",     "kernel",
                                        "accumulator_max", "bytes",   "quantize_ms", "outlier_columns" };
    testing_result r = testing_run("\"$QLOUPE\" matmul data/storyteller.safetensors -t h.1.attn.c_attn.weight --x "
                                   "data/inputs/h.1.attn.c_attn.npy --runs 2 --threads 1 --json");
    assert_int_equal(r.exit_code, 0);
    assert_non_null(strstr(r.standard_output, "{\"schema\":1,"));
    assert_non_null(strstr(r.standard_output, "\"activations\":\"data/inputs/h.1.attn.c_attn.npy\""));
    assert_true(number_after(r.standard_output, "m") == 512 && number_after(r.standard_output, "k") == 256 &&
                number_after(r.standard_output, "n") == 768 && number_after(r.standard_output, "threads") == 1);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\":", keys[i]);
        assert_non_null(strstr(row_of(r.standard_output, "fp32"), quoted));
    }
    assert_non_null(strstr(row_of(r.standard_output, "fp32"), "\"rel_fro\":0,\"sqnr_db\":\"inf\",\"max_abs\":0,"));
    const char *split = row_of(r.standard_output, "llm_int8:6"), *row = row_of(r.standard_output, "int8:row");
    assert_non_null(strstr(split, "\"outlier_columns\":[16,115,"));
    assert_true(number_after(split, "sqnr_db") > number_after(row, "sqnr_db") + 9);
    assert_true(number_after(row, "runs") == 2 && number_after(row, "bytes") == 768 * 256 + 768 * 4);
    const double largest = number_after(row, "accumulator_max");
    assert_true(largest > 0 && fabs(number_after(row, "headroom_bits") - (31 - log2(largest))) < 1e-9);
    testing_result_free(&r);
}

static void shapes_presets_and_sweeps_need_no_file(void **state)
{
    (void)state;
    testing_result r = testing_run("\"$QLOUPE\" matmul --shape 3x40x50 -m llm_int8 --sweep threshold=2,6,inf --seed 4 "
                                   "--outlier-channels 2 --runs 1 --json");
    assert_int_equal(r.exit_code, 0);
    assert_non_null(strstr(r.standard_output, "\"activations\":\"synthetic seed 4 outliers 2\",\"m\":3,\"k\":40,\"n\":50"));
    assert_non_null(strstr(row_of(r.standard_output, "llm_int8:inf"), "\"outlier_columns\":[]"));
    assert_true(number_after(row_of(r.standard_output, "llm_int8:2"), "rel_fro") <=
                number_after(row_of(r.standard_output, "llm_int8:inf"), "rel_fro"));
    row_of(r.standard_output, "llm_int8:6");
    testing_result_free(&r);
    r = testing_run("\"$QLOUPE\" matmul --preset gpt2 --m 2 -m fp32 --runs 1 --csv");
    assert_int_equal(r.exit_code, 0);
    assert_non_null(strstr(r.standard_output, "\nattn.c_attn,2,768,2304,fp32,0,inf,0,"));
    assert_non_null(strstr(r.standard_output, "\nmlp.c_proj,2,3072,768,fp32,0,inf,0,"));
    testing_result_free(&r);
}

/* Widths as published: GPT-2 small (Radford et al. 2019: d_model 768, an MLP 4 times as wide), Llama 7B (Touvron et al.
   2023: dimension 4096, and hidden_size, intermediate_size of its config.json), ViT-H of SAM (Kirillov et al. 2023;
   Dosovitskiy et al. 2021, table 1: width 1280, MLP 5120; 1024 x 1024 pixels in patches of 16). */
static void presets_have_the_published_shapes(void **state)
{
    (void)state;
    enum { GPT2 = 768, LLAMA = 4096, LLAMA_MLP = 11008, VIT_H = 1280, VIT_H_MLP = 5120, PATCHES = 1024 / 16 };
    static const struct {
        int k, n;
        const char *names;
    } layers[] = {
        { GPT2, 3 * GPT2, "attn.c_attn" },
        { GPT2, GPT2, "attn.c_proj" },
        { GPT2, 4 * GPT2, "mlp.c_fc" },
        { 4 * GPT2, GPT2, "mlp.c_proj" },
        { LLAMA, LLAMA, "q_proj k_proj v_proj o_proj" },
        { LLAMA, LLAMA_MLP, "gate_proj up_proj" },
        { LLAMA_MLP, LLAMA, "down_proj" },
        { VIT_H, 3 * VIT_H, "attn.qkv" },
        { VIT_H, VIT_H, "attn.proj" },
        { VIT_H, VIT_H_MLP, "mlp.lin1" },
        { VIT_H_MLP, VIT_H, "mlp.lin2" },
    };
    testing_result r = testing_run("\"$QLOUPE\" help matmul");
    size_t found = 0;
    for (const char *at = r.standard_output; (at = strstr(at, "\n                     ")) != NULL; at++) {
        found++;
    }
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char line[120];
        snprintf(line, sizeof line, " %5d x %-5d %s\n", layers[i].k, layers[i].n, layers[i].names);
        if (!strstr(r.standard_output, line)) {
            fail_msg("no line '%s' in %s", line, r.standard_output);
        }
    }
    assert_int_equal(found, sizeof layers / sizeof *layers);
    char patches[40];
    snprintf(patches, sizeof patches, "width %d, %d patches\n", VIT_H, PATCHES * PATCHES);
    assert_non_null(strstr(r.standard_output, patches));
    testing_result_free(&r);
}

/* One number, one row of W, one column: products like any other. */
static void the_smallest_shapes_are_products(void **state)
{
    (void)state;
    static const struct {
        const char *shape;
        double int8_most;
    } cases[] = { { "1x1x1", 3e-7 }, { "3x65x1", 0.02 }, { "3x1x65", 1e-6 }, { "1x65x2", 0.02 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        testing_result r = testing_run("\"$QLOUPE\" matmul --shape %s --runs 1 --json", cases[i].shape);
        assert_int_equal(r.exit_code, 0);
        assert_true(number_after(row_of(r.standard_output, "fp32"), "rel_fro") == 0);
        assert_true(number_after(row_of(r.standard_output, "int8:row"), "rel_fro") <= cases[i].int8_most);
        assert_true(number_after(row_of(r.standard_output, "integer"), "accumulator_max") > 0);
        testing_result_free(&r);
    }
}

static void fail_on_knows_the_numbers_of_a_row(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        int exit_code;
        const char *message; /* on stderr */
    } cases[] = {
        { "-m int8:row --fail-on 'sqnr_db<60'", 1, "3x64x32, int8:row: sqnr_db is " },
        { "-m int8:row --fail-on 'sqnr_db<10'", 0, "" },
        { "-m fp32 --fail-on 'sqnr_db<1000'", 0, "" },
        { "-m fp32 --fail-on 'rel_fro==0'", 1, "3x64x32, fp32: rel_fro is 0, which --fail-on 'rel_fro==0' forbids" },
        { "-m fp32 --fail-on 'bytes>8191'", 1, "bytes is 8192" },
        { "-m fp32 --fail-on 'bytes>8192'", 0, "" },
        { "-m fp32 --fail-on 'accumulator_max>=0' --fail-on 'headroom_bits<99'", 0, "" }, /* it has no such sums */
        { "-m int8:row --fail-on 'headroom_bits<31'", 1, "headroom_bits is " },
        { "-m llm_int8:1 --fail-on 'outlier_columns>30'", 1, "outlier_columns is " },
        { "-m fp32 --fail-on 'ms_median<0' --fail-on 'peak_share<=0' --fail-on 'gops<=0'", 0, "" },
        { "-m weights_a8:kmeans --fail-on 'rel_fro>0'", 0, "1 rows have a note instead of numbers and were not checked" },
        { "-m fp32 --fail-on 'mse<1'", 2,
          "--fail-on 'mse<1': the names are rel_fro sqnr_db max_abs ms_median ms_min ms_max " },
        { "-m fp32 --fail-on 'rel_fro'", 2, "one of < <= > >= == is needed behind rel_fro" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        testing_result r = testing_run("\"$QLOUPE\" matmul --shape 3x64x32 --runs 1 %s", cases[i].arguments);
        if (r.exit_code != cases[i].exit_code || !strstr(r.standard_error, cases[i].message)) {
            fail_msg("%s: exit %d, %s", cases[i].arguments, r.exit_code, r.standard_error);
        }
        testing_result_free(&r);
    }
}

/* Nothing that is told to one reader is kept from another. */
static void csv_and_markdown_have_every_row(void **state)
{
    (void)state;
    testing_result r =
        testing_run("\"$QLOUPE\" matmul --shape 3x64x32 --runs 1 -m int8:row -m weights:kmeans --threads 1 --csv");
    assert_int_equal(r.exit_code, 0);
    assert_non_null(
        strstr(r.standard_output,
               "layer,m,k,n,method,rel_fro,sqnr_db,max_abs,ms_median,ms_min,ms_max,runs,quantize_ms,gops,peak_gops,"
               "peak_share,kernel,outlier_columns,accumulator_max,headroom_bits,bytes,threads,activations,note\n"));
    assert_non_null(strstr(r.standard_output, ",2176,1,synthetic seed 0 outliers 0,\n"));
    testing_result_free(&r);
    r = testing_run("\"$QLOUPE\" matmul --shape 3x64x32 --runs 1 -m int8:row -m weights:kmeans -m weights_a8:kmeans --md");
    assert_int_equal(r.exit_code, 0);
    assert_non_null(strstr(r.standard_output,
                           "| layer | M | K | N | method | rel err | SQNR dB | max \\|e\\| | ms | min | max | "
                           "quant X | GOP/s | of peak | outl | room | weights | note |\n"));
    assert_non_null(strstr(r.standard_output, "\n| 3x64x32 | 3 | 64 | 32 | int8:row | "));
    assert_non_null(strstr(r.standard_output, "\n| 3x64x32 | 3 | 64 | 32 | weights:kmeans | "));
    assert_non_null(strstr(r.standard_output, "\n| 3x64x32 | 3 | 64 | 32 | weights\\_a8:kmeans |  |"));
    testing_result_free(&r);
}

static void what_does_not_suit_a_weight_is_a_row_with_a_note(void **state)
{
    (void)state;
    testing_result r = testing_run("\"$QLOUPE\" matmul --shape 2x64x32 -m weights_a8:kmeans -m fp32 --runs 1 --json");
    assert_int_equal(r.exit_code, 0);
    assert_non_null(
        strstr(row_of(r.standard_output, "weights_a8:kmeans"), "\"note\":\"weights_a8: codes must stand for integers"));
    row_of(r.standard_output, "fp32");
    testing_result_free(&r);
}

static void wrong_usage_ends_with_2_and_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *message;
    } cases[] = {
        { "--shape 4x4", "--shape 4x4: MxKxN is allowed" },
        { "--shape 0x4x4", "--shape 0x4x4: MxKxN is allowed" },
        { "--shape 4x0x4", "--shape 4x0x4: MxKxN is allowed" },
        { "--shape 4x4x0", "--shape 4x4x0: MxKxN is allowed" },
        { "--shape 4x4x4x4", "--shape 4x4x4x4: MxKxN is allowed" },
        { "--shape 1073741824x4x1048576 -m fp32",
          "a product of 1073741824x4x1048576 (M x K x N) does not fit into memory: take fewer rows" },
        { "--preset bert", "--preset bert: gpt2, llama-7b, sam-vit-h are allowed" },
        { "--shape 2x4x4 -m int9", "no method 'int9'; there are fp32" },
        { "--shape 2x4x4 --runs 0", "--runs 0: a number from 1 to 10000 is allowed" },
        { "--shape 2x4x4 --sweep bits=2", "--sweep bits=2: threshold=T,T,... is allowed" },
        { "--shape 2x4x4 --sweep threshold=", "--sweep threshold=: threshold=T,T,... is allowed" },
        { "--shape 2x4x4 --sweep threshold=2,0", "llm_int8 takes a threshold above 0 (llm_int8:6, llm_int8:inf), not '0'" },
        { "--shape 2x4x4 --sweep threshold=2,nan",
          "llm_int8 takes a threshold above 0 (llm_int8:6, llm_int8:inf), not 'nan'" },
        { "--shape 2x4x4 --sweep threshold=1e-50",
          "llm_int8 takes a threshold above 0 (llm_int8:6, llm_int8:inf), not '1e-50'" },
        { "--shape 2x4x4 --sweep threshold=-2", "llm_int8 takes a threshold above 0 (llm_int8:6, llm_int8:inf), not '-2'" },
        { "--shape 2x4x4 -m llm_int8:2 -m fp32 --sweep threshold=2,4", "no -m METHOD takes a threshold without having one" },
        { "--shape 2x4x4 --outlier-channels 9", "--outlier-channels 9: a number from 0 to 8 is allowed" },
        { "--shape 2x4x4 --preset gpt2", "a tensor of FILE, --shape and --preset: one of them at a time" },
        { "data/storyteller.safetensors", "which tensor? -t NAME" },
        { "data/storyteller.safetensors -t h.0.ln_1.weight", "a tensor of one axis, a vector, makes no product" },
        { "data/storyteller.safetensors -t h.1.mlp.c_proj.weight --x data/inputs/h.1.mlp.c_fc.npy", "X needs 1024 columns" },
        { "data/storyteller.safetensors -t h.1.mlp.c_fc.weight --x data/inputs/h.1.mlp.c_fc.npy --m 513",
          "513 rows were asked for, there are 512" },
        { "data/storyteller.safetensors -t h.1.mlp.c_fc.weight --x data/inputs/h.1.mlp.c_fc.npy --seed 1",
          "--seed is for made-up activations; --x names a file" },
        { "data/storyteller.safetensors -t 'h.1.*weight' --x data/inputs",
          "tensor 'h.1.ln_1.weight': data/inputs has no file for it (NAME.npy is X of NAME.weight); name one with --x "
          "FILE" },
        { "data/storyteller.safetensors -t h.1.mlp.c_fc.weight --x data/inputs --m 513",
          "X of data/inputs/h.1.mlp.c_fc.npy: 513 rows were asked for, there are 512" },
        { "data/storyteller.safetensors -t h.1.mlp.c_fc.weight --x data/inputs --seed 1",
          "--seed is for made-up activations; --x names a file" },
        { "data/storyteller.safetensors -t h.1.mlp.c_fc.weight --x src", "--x: src: no activations in this folder" },
        { "--shape 2x4x4 --x data/inputs", "--x data/inputs: a folder is for the tensors of a FILE" },
        { "--preset gpt2 --x data/inputs", "name one file for attn.c_attn" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        testing_result r = testing_run("\"$QLOUPE\" matmul %s", cases[i].arguments);
        if (r.exit_code != 2 || !strstr(r.standard_error, cases[i].message)) {
            fail_msg("matmul %s: exit %d, %s", cases[i].arguments, r.exit_code, r.standard_error);
        }
        testing_result_free(&r);
    }
}

static void weights_and_activations_that_are_not_finite_are_refused(void **state)
{
    (void)state;
    static const float bad[] = { 1, 2, NAN, 4 }, good[] = { 1, 2, 3, 4 };
    unsigned char bytes[16];
    const char *folder = testing_folder();
    memcpy(bytes, bad, 16);
    cli_write_model(testing_path(folder, "bad.safetensors"),
                    "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", bytes, 16);
    memcpy(bytes, good, 16);
    cli_write_model(testing_path(folder, "good.safetensors"),
                    "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}", bytes, 16);
    testing_result r = testing_run("\"$QLOUPE\" matmul '%s/bad.safetensors' -t w", folder);
    assert_int_equal(r.exit_code, 2);
    assert_non_null(strstr(r.standard_error, "NaN"));
    testing_result_free(&r);
    r = testing_run("\"$QLOUPE\" matmul '%s/good.safetensors' -t w --x '%s/bad.safetensors'", folder, folder);
    assert_int_equal(r.exit_code, 2);
    assert_non_null(strstr(r.standard_error, "X[1][0] is NaN; a product needs finite activations"));
    testing_result_free(&r);
}

/* Of a long file rows are taken, evenly spread. */
static void more_rows_than_are_taken_are_refused_with_both_numbers(void **state)
{
    (void)state;
    enum { ROWS = QL_ACTIVATIONS_ROWS + 100 };
    static const float w[2 * 4] = { 1 }, x[ROWS * 4];
    const char *folder = testing_folder();
    assert_true(npy_write(testing_path(folder, "w.npy"), "f4", 2, (uint64_t[]) { 2, 4 }, w));
    assert_true(npy_write(testing_path(folder, "x.npy"), "f4", 2, (uint64_t[]) { ROWS, 4 }, x));
    testing_result r = testing_run("\"$QLOUPE\" matmul '%s/w.npy' -t w --x '%s/x.npy' --m %d", folder, folder, ROWS);
    char message[120];
    snprintf(message, sizeof message, "%d rows were asked for, %d of its %d are taken", ROWS, QL_ACTIVATIONS_ROWS, ROWS);
    assert_int_equal(r.exit_code, 2);
    assert_non_null(strstr(r.standard_error, message));
    testing_result_free(&r);
    r = testing_run("\"$QLOUPE\" matmul '%s/w.npy' -t w --x '%s/x.npy' -m fp32 --runs 1 --csv", folder, folder);
    snprintf(message, sizeof message, "x.npy %d of %d rows", QL_ACTIVATIONS_ROWS, ROWS);
    assert_int_equal(r.exit_code, 0);
    assert_non_null(strstr(r.standard_error, message));
    testing_result_free(&r);
}

static void weights_and_activations_without_elements_are_refused(void **state)
{
    (void)state;
    static const float values[8];
    const char *folder = testing_folder();
    assert_true(npy_write(testing_path(folder, "w.npy"), "f4", 2, (uint64_t[]) { 2, 4 }, values));
    assert_true(npy_write(testing_path(folder, "no_outputs.npy"), "f4", 2, (uint64_t[]) { 0, 4 }, values));
    assert_true(npy_write(testing_path(folder, "no_inputs.npy"), "f4", 2, (uint64_t[]) { 4, 0 }, values));
    static const struct {
        const char *w, *x, *message;
    } cases[] = {
        { "no_outputs", "synthetic", "no_outputs.npy: tensor 'no_outputs': an empty tensor makes no product" },
        { "no_inputs", "synthetic", "no_inputs.npy: tensor 'no_inputs': an empty tensor makes no product" },
        { "w", "no_outputs.npy", "no_outputs.npy: holds no activations" },
        { "w", "no_inputs.npy", "no_inputs.npy: holds no activations" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        testing_result r = testing_run("\"$QLOUPE\" matmul '%s/%s.npy' -t %s --x '%s'", folder, cases[i].w, cases[i].w,
                                       *cases[i].x == 's' ? cases[i].x : testing_path(folder, cases[i].x));
        if (r.exit_code != 2 || !strstr(r.standard_error, cases[i].message)) {
            fail_msg("%s times %s: exit %d, %s", cases[i].x, cases[i].w, r.exit_code, r.standard_error);
        }
        testing_result_free(&r);
    }
}

static void a_folder_gives_every_tensor_its_own_activations(void **state)
{
    (void)state;
    static const char *const layers[] = { "h.1.attn.c_attn", "h.1.mlp.c_proj" };
    testing_result all = testing_run("\"$QLOUPE\" matmul data/storyteller.safetensors -t h.1.attn.c_attn.weight -t "
                                     "h.1.mlp.c_proj.weight --x data/inputs -m int8:row --runs 1 --json");
    assert_int_equal(all.exit_code, 0);
    assert_non_null(strstr(all.standard_output, "\"activations\":\"data/inputs\""));
    for (size_t i = 0; i < 2; i++) {
        testing_result one =
            testing_run("\"$QLOUPE\" matmul data/storyteller.safetensors -t %s.weight --x data/inputs/%s.npy "
                        "-m int8:row --runs 1 --json",
                        layers[i], layers[i]);
        char layer[80];
        snprintf(layer, sizeof layer, "\"layer\":\"%s.weight\"", layers[i]);
        const char *row = strstr(all.standard_output, layer);
        assert_non_null(row);
        assert_true(number_after(row, "rel_fro") == number_after(one.standard_output, "rel_fro"));
        testing_result_free(&one);
    }
    testing_result_free(&all);
}

/* In the numbers of the weights a layer without a file is with made-up activations, which its row says. */
static void compare_says_whose_activations_are_made_up(void **state)
{
    (void)state;
    static const char made_up[] =
        "product err with X synthetic 32×256, 5 outlier channels, seed 7: data/inputs has no wte.npy";
    testing_result some =
        testing_run("\"$QLOUPE\" compare data/storyteller.safetensors -t wte.weight -t h.1.mlp.c_fc.weight -t "
                    "ln_f.bias -s nf4 --x data/inputs --json");
    testing_result real = testing_run("\"$QLOUPE\" compare data/storyteller.safetensors -t h.1.mlp.c_fc.weight -s nf4 --x "
                                      "data/inputs/h.1.mlp.c_fc.npy --json");
    testing_result other =
        testing_run("\"$QLOUPE\" quant data/storyteller.safetensors -t wte.weight -s nf4 --x synthetic --json");
    testing_result text =
        testing_run("\"$QLOUPE\" compare data/storyteller.safetensors -t wte.weight -t h.1.mlp.c_fc.weight -s nf4 "
                    "--x data/inputs");
    testing_result card = testing_run("\"$QLOUPE\" quant data/storyteller.safetensors -t wte.weight -s nf4 --x data/inputs");
    const char *without = strstr(some.standard_output, "\"tensor\":\"wte.weight\""),
               *with = strstr(some.standard_output, "\"tensor\":\"h.1.mlp.c_fc.weight\"");
    assert_true(without && with);
    assert_true(number_after(without, "product_rel_fro") == number_after(other.standard_output, "product_rel_fro"));
    assert_true(number_after(with, "product_rel_fro") == number_after(real.standard_output, "product_rel_fro"));
    char note[200];
    snprintf(note, sizeof note, "\"note\":\"%s\"", made_up);
    const char *found = strstr(some.standard_output, note);
    assert_true(found && !strstr(found + strlen(note), "synthetic")); /* of that row alone */
    assert_non_null(strstr(text.standard_output, made_up));
    assert_non_null(strstr(text.standard_output, "X data/inputs, a file for each of 16 layers"));
    assert_non_null(
        strstr(card.standard_output, "with  X synthetic 32×256, 5 outlier channels, seed 7: data/inputs has no"));
    testing_result *all[] = { &some, &real, &other, &text, &card };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        testing_result_free(all[i]);
    some = testing_run("\"$QLOUPE\" compare data/spike.npy -s nf4 --x data/inputs");
    assert_int_equal(some.exit_code, 2);
    assert_non_null(
        strstr(some.standard_error, "--x: data/inputs: no file in this folder is X of a tensor here: a name such as"));
    testing_result_free(&some);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_what_the_contract_says),
        cmocka_unit_test(shapes_presets_and_sweeps_need_no_file),
        cmocka_unit_test(presets_have_the_published_shapes),
        cmocka_unit_test(the_smallest_shapes_are_products),
        cmocka_unit_test(fail_on_knows_the_numbers_of_a_row),
        cmocka_unit_test(csv_and_markdown_have_every_row),
        cmocka_unit_test(what_does_not_suit_a_weight_is_a_row_with_a_note),
        cmocka_unit_test(wrong_usage_ends_with_2_and_a_line),
        cmocka_unit_test(weights_and_activations_that_are_not_finite_are_refused),
        cmocka_unit_test(more_rows_than_are_taken_are_refused_with_both_numbers),
        cmocka_unit_test(weights_and_activations_without_elements_are_refused),
        cmocka_unit_test(a_folder_gives_every_tensor_its_own_activations),
        cmocka_unit_test(compare_says_whose_activations_are_made_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
